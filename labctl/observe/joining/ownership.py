"""Sockets that programs had, each with its life -> whose a packet is, at either end. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from labctl.observe.packet import Packet
from labctl.observe.trace.sockets import Followed
from labctl.observe.trace.strace import Call

_EVERY = ("0.0.0.0", "::", "")

End = tuple[str, int]


class Life(Struct, frozen=True):
    """A socket of a lane's program: from the first call that is about it to the one that closed it for good."""

    lane: int
    socket: int
    kind: str
    local: End | None
    remote: End | None
    from_ns: int
    to_ns: int | None


def lives(lane: int, calls: Sequence[Call], followed: Followed) -> list[Life]:
    """Every Internet socket of a program."""
    first: dict[int, int] = {}
    last: dict[int, int] = {}
    for call, use in zip(calls, followed.uses, strict=True):
        if use is None:
            continue
        ends_ns = call.begins_ns if call.ends_ns is None else call.ends_ns
        first.setdefault(use.socket, call.begins_ns)
        if use.made is not None:
            first.setdefault(use.made, ends_ns)
        if use.ended:
            last[use.socket] = ends_ns
    return [
        Life(lane, number, socket.kind, _plain(socket.local), _plain(socket.remote), first[number], last.get(number))
        for number, socket in enumerate(followed.sockets)
        if socket.kind in ("tcp", "udp") and number in first
    ]


class Owners:
    """Whose packets are, by host."""

    def __init__(self, whose: Iterable[tuple[str, Life]]) -> None:
        """`whose`: each socket's life with its host."""
        self._at: dict[tuple[str, str, int], list[Life]] = defaultdict(list)
        for host, life in whose:
            if life.local is not None:
                self._at[host, life.kind, life.local[1]].append(life)

    def of(self, host: str, packet: Packet, at_ns: int, *, is_sender: bool) -> Life | None:
        """The socket at that end: a connection's own before one that is open to all, a living one before others."""
        here = (packet.source, packet.source_port) if is_sender else (packet.destination, packet.port)
        there = (packet.destination, packet.port) if is_sender else (packet.source, packet.source_port)
        known = [life for life in self._at.get((host, packet.kind, here[1]), ()) if _could_be(life, here, there)]
        return min(known, key=lambda life: _distance(life, there, at_ns), default=None)


def _could_be(life: Life, here: End, there: End) -> bool:
    assert life.local is not None
    return (life.local[0] in _EVERY or life.local[0] == here[0]) and (life.remote is None or life.remote == there)


def _distance(life: Life, there: End, at_ns: int) -> tuple[bool, int]:
    """How far it is from being the one: less is nearer. A connection's packets come before a program accepts it."""
    after_ns = max(0, at_ns - life.to_ns) if life.to_ns is not None else 0
    return life.remote != there, max(0, life.from_ns - at_ns) + after_ns


def _plain(end: End | None) -> End | None:
    """An IPv4 address in IPv6's clothes is what packets have: IPv4."""
    if end is None:
        return None
    return end[0].removeprefix("::ffff:") if "." in end[0] else end[0], end[1]
