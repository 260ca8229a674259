"""Calls that send or receive -> how far they bring a socket's stream, and which datagrams they moved."""

from __future__ import annotations

from msgspec.structs import replace

from labctl.observe.trace.amounts import flags, moved
from labctl.observe.trace.arguments import descriptors, split
from labctl.observe.trace.known import Known
from labctl.observe.trace.model import Call
from labctl.observe.trace.registry import Registry
from labctl.observe.trace.uses import Use


def never_returned(registry: Registry, use: Use) -> Use:
    """One that moved, before its process ended, an amount that nobody saw."""
    return replace(use, offset=registry.known[use.socket].passes(None, is_sent=use.role == "send"))


def returned(registry: Registry, call: Call, use: Use) -> Use:
    """One that returned."""
    one, arguments = registry.known[use.socket], split(call.arguments)
    if "SCM_RIGHTS" in call.arguments and use.role == "receive":
        _handed_over(registry, call, arguments)
    parts, words = moved(call, arguments), flags(arguments, call.name)
    if "MSG_FASTOPEN" in words and parts and parts[0].peer:
        one.is_connected(parts[0].peer)
    if "MSG_ERRQUEUE" in words:
        return use
    size = None if parts is None else sum(part.size for part in parts)
    use = replace(use, size=size or 0, offset=_offset(one, use, size, words))
    if one.socket.is_stream or not parts:
        return use
    datagrams = tuple((part.size, part.peer or one.socket.remote) for part in parts)
    return replace(use, peer=datagrams[0][1], parts=datagrams)


def _offset(one: Known, use: Use, size: int | None, words: set[str]) -> int | None:
    is_sent = use.role == "send"
    if "MSG_PEEK" in words:
        return one.passes(0, is_sent=is_sent)
    if "MSG_OOB" in words and not is_sent:  # a byte from somewhere ahead, which later reads leave out
        one.passes(None, is_sent=False)
        return None
    return one.passes(size, is_sent=is_sent)


def _handed_over(registry: Registry, call: Call, arguments: list[str]) -> None:
    """Descriptors that came with a message (SCM_RIGHTS, unix(7))."""
    for field in split(arguments[1][1:-1]) if len(arguments) > 1 else ():
        if field.startswith("msg_control="):
            for number, leads_to in descriptors(field):
                registry.gone(registry.open.close(call.pid, number), call.begins_ns)
                registry.at(call.pid, number, leads_to)
