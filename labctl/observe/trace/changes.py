"""One system call after another -> what becomes of descriptors and of what is known of sockets."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from labctl.observe.trace import moving
from labctl.observe.trace.arguments import descriptor, split
from labctl.observe.trace.endpoints import address, kind_of
from labctl.observe.trace.known import Socket
from labctl.observe.trace.model import Call
from labctl.observe.trace.registry import Registry
from labctl.observe.trace.uses import Role, Use

_REFUSED_AT_ONCE = frozenset({"EBADF", "ENOTSOCK", "EFAULT", "EINVAL", "EAFNOSUPPORT", "EISCONN", "EALREADY"})
_LAST = 2**32 - 1


def _closes(registry: Registry, call: Call, use: Use) -> Use:
    """The number is free at once, for other threads too: so it is closed as the call begins."""
    gone = registry.open.close(call.pid, call.descriptor or 0)
    registry.gone(gone, end_ns(call))
    return replace(_up_to_now(registry, call, use), ended=use.socket in gone)


def _up_to_now(registry: Registry, call: Call, use: Use) -> Use:
    one = registry.known[use.socket]
    return replace(use, offset=one.sent if one.socket.is_stream else None)


def _connects(registry: Registry, call: Call, use: Use) -> Use:
    arguments = split(call.arguments)
    peer = address(arguments[1]) if len(arguments) > 1 else None
    if call.error not in _REFUSED_AT_ONCE:
        registry.known[use.socket].is_connected(peer)
    return replace(use, peer=peer)


def _moves(registry: Registry, call: Call, use: Use) -> Use:
    return moving.never_returned(registry, use) if call.ends_ns is None else use


def _made(registry: Registry, call: Call, _: Use | None) -> Use | None:
    arguments = split(call.arguments)
    if len(arguments) < 3:
        return None
    family, (kind, *options), protocol = arguments[0], arguments[1].split("|"), arguments[2]
    of = kind_of(family, kind, protocol)
    is_stream = of == "tcp" or (of == "unix" and kind == "SOCK_STREAM")
    made = []
    for text in [call.result] if call.name == "socket" else split(arguments[3][1:-1]) if len(arguments) > 3 else ():
        if found := descriptor(text):
            number = registry.new(Socket(kind=of, family=family, is_stream=is_stream), from_its_beginning=True)
            _put(registry, call, found, number, closes_at_exec="SOCK_CLOEXEC" in options)
            made.append(number)
    return Use(socket=made[0], role="make", made=made[1] if len(made) > 1 else None) if made else None


def _accepted(registry: Registry, call: Call, use: Use | None) -> Use | None:
    found, arguments = descriptor(call.result), split(call.arguments)
    if found is None or use is None:
        return use
    listening = registry.known[use.socket].socket
    peer = address(arguments[1]) if len(arguments) > 1 else None
    made = registry.new(replace(listening, remote=peer, inode=None, ends_ns=None), from_its_beginning=True)
    _put(registry, call, found, made, closes_at_exec="SOCK_CLOEXEC" in call.arguments)
    return replace(use, made=made, peer=registry.known[made].socket.remote)


def _copied(registry: Registry, call: Call, use: Use | None) -> Use | None:
    """dup2 and dup3 close what stood where the copy stands now, whether or not they copy a socket."""
    found = descriptor(call.result)
    number = None if call.descriptor is None else registry.open.at(call.pid, call.descriptor)
    if found is None or (call.name == "dup2" and found[0] == call.descriptor):
        return use
    if number is None:
        registry.gone(registry.open.close(call.pid, found[0]), end_ns(call))
    else:
        _put(registry, call, found, number, closes_at_exec="O_CLOEXEC" in call.arguments)
    return use


def _controlled(registry: Registry, call: Call, use: Use | None) -> Use | None:
    """fcntl and ioctl: copies, and what is closed when a program is executed."""
    words = split(call.arguments)[1:]
    if words[:1] == ["F_DUPFD"] or words[:1] == ["F_DUPFD_CLOEXEC"]:
        found = descriptor(call.result)
        if found and use is not None:
            _put(registry, call, found, use.socket, closes_at_exec=words[0] == "F_DUPFD_CLOEXEC")
    elif call.descriptor is not None and words[:1] in (["F_SETFD"], ["FIOCLEX"], ["FIONCLEX"]):
        closes = words[0] == "FIOCLEX" or words[1:2] == ["FD_CLOEXEC"]
        registry.open.mark(call.pid, call.descriptor, closes_at_exec=closes)
    return use


def _closed_many(registry: Registry, call: Call, use: Use | None) -> Use | None:
    """close_range(2)."""
    first, last, *options = (*split(call.arguments), "")
    since = int(first) if first.isdecimal() else 0
    to = int(last) if last.isdecimal() else _LAST
    if "CLOSE_RANGE_CLOEXEC" in options[0].split("|"):
        for number in registry.open.numbers(call.pid, since, to):
            registry.open.mark(call.pid, number, closes_at_exec=True)
    else:
        registry.gone(registry.open.close(call.pid, since, to), end_ns(call))
    return use


def _named(registry: Registry, call: Call, use: Use | None) -> Use | None:
    """bind, getsockname and getpeername: what they return is so from now on, and was before."""
    arguments = split(call.arguments)
    found = address(arguments[1]) if len(arguments) > 1 else None
    if use is not None and call.name == "getpeername":
        registry.known[use.socket].is_named(remote=found)
    elif use is not None:
        registry.known[use.socket].is_named(local=found)
    return use


def _put(registry: Registry, call: Call, found: tuple[int, str], number: int, *, closes_at_exec: bool) -> None:
    registry.put(call.pid, *found, number, at_ns=end_ns(call), closes_at_exec=closes_at_exec)


def end_ns(call: Call) -> int:
    """When a call returned; one that never did, when it began."""
    return call.begins_ns if call.ends_ns is None else call.ends_ns


BEGINNINGS: dict[Role, Callable[[Registry, Call, Use], Use]] = {
    "close": _closes,
    "shutdown": _up_to_now,
    "connect": _connects,
    "send": _moves,
    "receive": _moves,
}
"""What happens as a call begins, by its role."""
CHANGES: dict[str, Callable[[Registry, Call, Use | None], Use | None]] = {
    "socket": _made,
    "socketpair": _made,
    "accept": _accepted,
    "accept4": _accepted,
    "dup": _copied,
    "dup2": _copied,
    "dup3": _copied,
    "fcntl": _controlled,
    "ioctl": _controlled,
    "close_range": _closed_many,
    "bind": _named,
    "getsockname": _named,
    "getpeername": _named,
}
"""What has happened when a call has returned, and did not fail."""
