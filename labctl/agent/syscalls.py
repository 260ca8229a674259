"""System-call numbers <-> names, and the families that a scenario's words stand for.

Only what the lab asks about: calls that a program blocks in, and calls that its filter refuses.
Source: the kernel's syscall tables for x86_64 and for aarch64 (asm-generic).
"""

from __future__ import annotations

import os

_X86_64 = {
    "read": 0, "write": 1, "poll": 7, "readv": 19, "writev": 20, "select": 23, "pause": 34, "nanosleep": 35,
    "connect": 42, "accept": 43, "sendto": 44, "recvfrom": 45, "sendmsg": 46, "recvmsg": 47, "socket": 41,
    "clone": 56, "fork": 57, "vfork": 58, "wait4": 61, "flock": 73, "ptrace": 101, "rt_sigtimedwait": 128,
    "rt_sigsuspend": 130, "mount": 165, "umount2": 166, "pivot_root": 155, "futex": 202, "epoll_wait": 232,
    "waitid": 247, "pselect6": 270, "ppoll": 271, "unshare": 272, "epoll_pwait": 281, "accept4": 288,
    "clock_nanosleep": 230, "preadv": 295, "pwritev": 296, "recvmmsg": 299, "setns": 308, "sendmmsg": 307,
    "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312, "bpf": 321, "userfaultfd": 323,
    "perf_event_open": 298, "add_key": 248, "request_key": 249, "keyctl": 250, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428, "move_mount": 429, "fsopen": 430,
    "clone3": 435, "pidfd_getfd": 438, "epoll_pwait2": 441, "mount_setattr": 442, "chroot": 161,
    "sethostname": 170, "setdomainname": 171, "reboot": 169, "kexec_load": 246, "init_module": 175,
    "finit_module": 313, "delete_module": 176, "swapon": 167, "swapoff": 168, "open_by_handle_at": 304,
    "name_to_handle_at": 303, "acct": 163, "quotactl": 179, "settimeofday": 164, "clock_settime": 227,
    "memfd_create": 319, "memfd_secret": 447,
}  # fmt: skip

_AARCH64 = {
    "read": 63, "write": 64, "readv": 65, "writev": 66, "preadv": 69, "pwritev": 70, "pselect6": 72,
    "ppoll": 73, "epoll_pwait": 22, "flock": 32, "nanosleep": 101, "clock_nanosleep": 115, "futex": 98,
    "socket": 198, "accept": 202, "connect": 203, "sendto": 206, "recvfrom": 207, "sendmsg": 211,
    "recvmsg": 212, "clone": 220, "accept4": 242, "recvmmsg": 243, "wait4": 260, "sendmmsg": 269, "waitid": 95,
    "ptrace": 117, "rt_sigsuspend": 133, "rt_sigtimedwait": 137, "mount": 40, "umount2": 39, "pivot_root": 41,
    "unshare": 97, "setns": 268, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272, "bpf": 280,
    "userfaultfd": 282, "perf_event_open": 241, "add_key": 217, "request_key": 218, "keyctl": 219,
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "open_tree": 428,
    "move_mount": 429, "fsopen": 430, "clone3": 435, "pidfd_getfd": 438, "epoll_pwait2": 441,
    "mount_setattr": 442, "chroot": 51, "sethostname": 161, "setdomainname": 162, "reboot": 142,
    "kexec_load": 104, "init_module": 105, "finit_module": 273, "delete_module": 106, "swapon": 224,
    "swapoff": 225, "open_by_handle_at": 265, "name_to_handle_at": 264, "acct": 89, "quotactl": 60,
    "settimeofday": 170, "clock_settime": 112, "memfd_create": 279, "memfd_secret": 447,
}  # fmt: skip

NUMBERS: dict[str, int] = {"x86_64": _X86_64, "aarch64": _AARCH64}.get(os.uname().machine, {})
NAMES: dict[int, str] = {number: name for name, number in NUMBERS.items()}

FAMILIES: dict[str, frozenset[str]] = {
    "read": frozenset({"read", "readv", "preadv", "recvfrom", "recvmsg", "recvmmsg"}),
    "write": frozenset({"write", "writev", "pwritev", "sendto", "sendmsg", "sendmmsg"}),
    "accept": frozenset({"accept", "accept4"}),
    "fork": frozenset({"fork", "vfork", "clone", "clone3"}),
    "wait": frozenset({"wait4", "waitid"}),
    "poll": frozenset({"poll", "ppoll", "select", "pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2"}),
}
ALIASES = {"recv": "recvfrom", "send": "sendto", "waitpid": "wait4"}


def members(word: str) -> frozenset[str]:
    """The calls that a word of a scenario stands for: a family's, or the call of that name."""
    return FAMILIES.get(word) or frozenset({ALIASES.get(word, word)})
