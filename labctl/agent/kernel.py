"""System calls that Python 3.11 has no name for, by ctypes. Their one owner; runs on hosts: stdlib only.

Sources: unshare(2), mount(2), mount_setattr(2), pivot_root(2), prctl(2), seccomp(2), landlock(7), recvmmsg(2),
linux/*.h.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_KEEPCAPS = 8
PR_SET_NAME = 15
PR_SET_SECCOMP = 22
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_SET_PTRACER = 0x59616D61
CAP_SYS_PTRACE = 19
SECCOMP_MODE_FILTER = 2

_MSG_DONTWAIT = 0x40
_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_ATTR_RDONLY = 1
_MOUNT_ATTR_NOSUID = 2
_SYS_MOUNT_SETATTR = 442  # the same number on every architecture since 5.12
_SYS_LANDLOCK_CREATE_RULESET, _SYS_LANDLOCK_ADD_RULE, _SYS_LANDLOCK_RESTRICT_SELF = 444, 445, 446  # so, too
_LANDLOCK_VERSION = 1
_LANDLOCK_PATH_BENEATH = 1
_LANDLOCK_REFER = 1 << 13
_KNOWS_REFER = 2
_SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_CAP_LAST_CAP = 63
_CAPABILITY_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_PR_CAP_AMBIENT_RAISE = 2

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def unshare(flags: int) -> None:
    """Leave the namespaces that `flags` names for new ones. OSError as unshare(2) says."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, flags: int) -> None:
    """Enter the namespace that `descriptor` refers to. OSError as setns(2) says."""
    _checked(_libc.setns(descriptor, flags), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """mount(2), with `target` named in the error."""
    result = _libc.mount(
        source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), options.encode() or None
    )
    _checked(result, f"mount {kind or source} on {target}")


def unmount(target: str) -> None:
    """Detach what is mounted at `target`."""
    _checked(_libc.umount2(target.encode(), MNT_DETACH), f"umount {target}")


def make_read_only(target: str) -> None:
    """Make the mount at `target` and all below it read-only and nosuid (Linux 5.12 and later)."""
    _restrict(target, _AT_RECURSIVE)


def make_mount_read_only(target: str) -> None:
    """Make the mount at `target` read-only and nosuid, and leave those below it as they are."""
    _restrict(target, 0)


def _restrict(target: str, flags: int) -> None:
    attributes = (ctypes.c_uint64 * 4)(_MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR),
        ctypes.c_int(_AT_FDCWD),
        target.encode(),
        ctypes.c_uint(flags),
        ctypes.byref(attributes),
        ctypes.c_size_t(ctypes.sizeof(attributes)),
    )
    _checked(result, f"mount_setattr {target}")


def pivot_root(new_root: str, put_old: str) -> None:
    """Make `new_root` the root of this mount namespace."""
    number = _SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(38, f"pivot_root: not known for {os.uname().machine}")
    result = _libc.syscall(ctypes.c_long(number), new_root.encode(), put_old.encode())
    _checked(result, f"pivot_root {new_root}")


def prctl(option: int, argument: int = 0, second: int = 0) -> None:
    """prctl(2) with one number or two."""
    zero = ctypes.c_ulong(0)
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), ctypes.c_ulong(second), zero, zero), f"prctl {option}")


def die_with_parent(parent: int, signal_number: int) -> None:
    """Be killed when the parent dies. Closes the race: if it has died already (its pid isn't ours), exits now.

    `parent` 0 stands for a parent outside this PID namespace.
    """
    prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent:
        os._exit(0)


def drop_capabilities(*, all_but: int | None = None) -> None:
    """Give up every capability: the bounding set, as far as we may, then what is permitted and in effect.

    `all_but` one, where that is permitted: uid 0 has it after execve(2) too, and no other (capabilities(7)).
    """
    zero = ctypes.c_ulong(0)
    for capability in range(_CAP_LAST_CAP + 1):
        if capability == all_but:
            continue
        if _libc.prctl(PR_CAPBSET_DROP, ctypes.c_ulong(capability), zero, zero, zero) < 0:
            break
    kept = 0 if all_but is None else 1 << all_but & _permitted()
    _set_capabilities(_capability_sets(kept, kept))


def keep_one_capability(capability: int) -> None:
    """Have only this one, and have it after execve(2) too, whatever the uid (capabilities(7): ambient ones).

    It must be permitted; PR_SET_KEEPCAPS keeps it so over setuid(2).
    """
    bit = 1 << capability
    _set_capabilities(_capability_sets(bit, bit, bit))
    prctl(PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def put_in_effect(capability: int) -> None:
    """Have a permitted capability in effect, as after seteuid(2) none is. One that isn't permitted is let be."""
    sets = _current_capabilities()
    half, bit = divmod(capability, 32)
    sets[3 * half] |= sets[3 * half + 1] & 1 << bit
    _set_capabilities(sets)


def _current_capabilities() -> ctypes.Array[ctypes.c_uint32]:
    sets = _capability_sets()
    _checked(_libc.capget(ctypes.byref(_capability_header()), ctypes.byref(sets)), "capget")
    return sets


def _permitted() -> int:
    sets = _current_capabilities()
    return sets[4] << 32 | sets[1]


def _capability_header() -> ctypes.Array[ctypes.c_uint32]:
    return (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)


def _capability_sets(effective: int = 0, permitted: int = 0, inheritable: int = 0) -> ctypes.Array[ctypes.c_uint32]:
    """The three sets as capset(2) has them: the lower halves, then the upper ones."""
    sets = (effective, permitted, inheritable)
    return (ctypes.c_uint32 * 6)(*(one & 0xFFFFFFFF for one in sets), *(one >> 32 for one in sets))


def _set_capabilities(sets: ctypes.Array[ctypes.c_uint32]) -> None:
    _checked(_libc.capset(ctypes.byref(_capability_header()), ctypes.byref(sets)), "capset")


class _Filter(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def install_filter(instructions: bytes) -> None:
    """Install a classic BPF program as a seccomp filter; needs no_new_privs. OSError if the kernel refuses."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Filter(len(instructions) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    zero = ctypes.c_ulong(0)
    result = _libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(program), zero, zero)
    _checked(result, "seccomp")


def no_new_privileges() -> None:
    """From here on no execve(2) gives a privilege."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def keep_to_its_own() -> None:
    """Neither look into, nor trace, any process but those that come from here on, as far as this kernel has Landlock.

    Needs no_new_privs. A ruleset must be about something: it is about moving files to other folders, and allows it.
    """
    version = _libc.syscall(ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET), None, ctypes.c_size_t(0), _LANDLOCK_VERSION)
    if version < _KNOWS_REFER:
        return
    refer = ctypes.c_uint64(_LANDLOCK_REFER)
    size = ctypes.c_size_t(ctypes.sizeof(refer))
    rules = _checked(
        _libc.syscall(ctypes.c_long(_SYS_LANDLOCK_CREATE_RULESET), ctypes.byref(refer), size, 0), "landlock"
    )
    everything = os.open("/", os.O_PATH | os.O_CLOEXEC)
    try:
        below = struct.pack("=Qi", _LANDLOCK_REFER, everything)
        number = ctypes.c_long(_SYS_LANDLOCK_ADD_RULE)
        _checked(_libc.syscall(number, rules, _LANDLOCK_PATH_BENEATH, below, 0), "landlock")
        _checked(_libc.syscall(ctypes.c_long(_SYS_LANDLOCK_RESTRICT_SELF), rules, 0), "landlock")
    finally:
        os.close(everything)
        os.close(rules)


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class _Header(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vector", ctypes.POINTER(_Vector)),
        ("vectors", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class _Message(ctypes.Structure):
    _fields_ = (("header", _Header), ("received", ctypes.c_uint))


class Messages:
    """recvmmsg(2): room for so many messages of at most so many bytes, taken from a socket in one call."""

    def __init__(self, count: int, size: int) -> None:
        self._count, self._size = count, size
        self._room = ctypes.create_string_buffer(count * size)
        self._view = memoryview(self._room).cast("B")
        start = ctypes.addressof(self._room)
        self._vectors = (_Vector * count)(*(_Vector(start + place * size, size) for place in range(count)))
        self._messages = (_Message * count)()
        for message, vector in zip(self._messages, self._vectors, strict=True):
            message.header.vector, message.header.vectors = ctypes.pointer(vector), 1

    def take(self, descriptor: int) -> list[bytes]:
        """What is there, without waiting; nothing if nothing is. OSError."""
        result = _libc.recvmmsg(descriptor, self._messages, self._count, _MSG_DONTWAIT, None)
        if result < 0 and ctypes.get_errno() in (errno.EAGAIN, errno.EINTR):
            return []
        taken = range(_checked(result, "recvmmsg"))
        view, messages, size = self._view, self._messages, self._size
        return [bytes(view[at * size : at * size + messages[at].received]) for at in taken]
