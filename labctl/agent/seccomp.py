"""Calls that a program under test never needs -> a seccomp filter that refuses them.

It refuses AF_VSOCK and packet sockets (neither is held back by a network namespace), tracing others, new
namespaces and mounts, kernel keys, io_uring (whose operations no filter sees), and files in memory that belong to no
file system (what they hold counts for no process). EPERM, as if it lacked the privilege; clone3 gives ENOSYS, so that a
C library falls back to clone, whose flags can be looked at.
Source: seccomp(2), linux/bpf_common.h, linux/seccomp.h, linux/audit.h.
"""

from __future__ import annotations

import errno
import os
import socket
import struct

from labctl.agent.syscalls import NUMBERS

_LOAD, _EQUAL, _GREATER_EQUAL, _SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_NUMBER_AT, _ARCHITECTURE_AT, _ARGUMENTS_AT = 0, 4, 16
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_NAMESPACE_FLAGS = 0x7E020000  # every CLONE_NEW* flag
_AF_VSOCK = 40
_PTRACE_TRACEME = 0

REFUSED = (
    "process_vm_readv", "process_vm_writev", "kcmp", "pidfd_getfd", "unshare", "setns", "mount", "umount2",
    "pivot_root", "chroot", "open_tree", "move_mount", "fsopen", "mount_setattr", "bpf", "userfaultfd",
    "perf_event_open", "add_key", "request_key", "keyctl", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "sethostname", "setdomainname", "reboot", "kexec_load", "init_module",
    "finit_module", "delete_module", "swapon", "swapoff", "open_by_handle_at", "acct", "quotactl",
    "settimeofday", "clock_settime", "memfd_create", "memfd_secret",
)  # fmt: skip


def _op(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _refuse(number: int, error: int) -> bytes:
    return _op(_EQUAL, number, 0, 1) + _op(_RETURN, _ERRNO | error)


def _refuse_argument(number: int, argument: int, value: int, *, test: int = _EQUAL) -> bytes:
    """Refuse a call when its argument equals `value` (or has one of its bits, with `_SET`)."""
    load = _op(_LOAD, _ARGUMENTS_AT + 8 * argument)
    decide = _op(test, value, 0, 1) + _op(_RETURN, _ERRNO | errno.EPERM)
    again = _op(_LOAD, _NUMBER_AT)
    return _op(_EQUAL, number, 0, 4) + load + decide + again


def _refuse_unless(number: int, argument: int, value: int) -> bytes:
    load = _op(_LOAD, _ARGUMENTS_AT + 8 * argument)
    decide = _op(_EQUAL, value, 1, 0) + _op(_RETURN, _ERRNO | errno.EPERM)
    again = _op(_LOAD, _NUMBER_AT)
    return _op(_EQUAL, number, 0, 4) + load + decide + again


def program_filter() -> bytes | None:
    """The filter as classic BPF; None on an architecture whose numbers aren't known here."""
    architecture = _ARCHITECTURES.get(os.uname().machine)
    if architecture is None:
        return None
    parts = [
        _op(_LOAD, _ARCHITECTURE_AT),
        _op(_EQUAL, architecture, 1, 0),
        _op(_RETURN, _KILL),
        _op(_LOAD, _NUMBER_AT),
    ]
    if architecture == _ARCHITECTURES["x86_64"]:
        parts.append(_op(_GREATER_EQUAL, _X32_BIT, 0, 1) + _op(_RETURN, _ERRNO | errno.ENOSYS))
    parts += [_refuse(NUMBERS[name], errno.EPERM) for name in REFUSED]
    parts.append(_refuse(NUMBERS["clone3"], errno.ENOSYS))
    parts.append(_refuse_argument(NUMBERS["clone"], 0, _NAMESPACE_FLAGS, test=_SET))
    parts.append(_refuse_argument(NUMBERS["socket"], 0, _AF_VSOCK))
    parts.append(_refuse_argument(NUMBERS["socket"], 0, socket.AF_PACKET))
    parts.append(_refuse_unless(NUMBERS["ptrace"], 0, _PTRACE_TRACEME))
    parts.append(_op(_RETURN, _ALLOW))
    return b"".join(parts)
