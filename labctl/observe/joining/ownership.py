"""Sockets that programs had, each with its life -> whose a packet is, at either end. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from labctl.observe.packet import Packet
from labctl.observe.trace.sockets import Followed
from labctl.observe.trace.strace import Call

_EVERY = ("0.0.0.0", "::", "")

End = tuple[str, int]


class Life(Struct, frozen=True):
    """A socket of a lane's program: from the first call that is about it until nobody has it, by whatever end."""

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
    for call, use in zip(calls, followed.uses, strict=True):
        if use is None:
            continue
        first.setdefault(use.socket, call.begins_ns)
        if use.made is not None:
            first.setdefault(use.made, call.begins_ns if call.ends_ns is None else call.ends_ns)
    return [
        Life(lane, number, socket.kind, _plain(socket.local), _plain(socket.remote), first[number], socket.ends_ns)
        for number, socket in enumerate(followed.sockets)
        if socket.kind in ("tcp", "udp") and number in first
    ]


class Owners:
    """Whose packets are, by host. To be asked about packets in their order."""

    def __init__(self, whose: Iterable[tuple[str, Life]]) -> None:
        """`whose`: each socket's life with its host."""
        self._connected: dict[tuple[str, str, int, End], list[Life]] = defaultdict(list)
        self._open: dict[tuple[str, str, int], list[Life]] = defaultdict(list)
        self._nameless: dict[tuple[str, str, End], list[Life]] = defaultdict(list)
        for host, life in sorted(whose, key=lambda one: one[1].from_ns):
            if life.local is not None and life.remote is not None:
                self._connected[host, life.kind, life.local[1], life.remote].append(life)
            elif life.local is not None:
                self._open[host, life.kind, life.local[1]].append(life)
            elif life.remote is not None:
                self._nameless[host, life.kind, life.remote].append(life)

    def of(self, host: str, packet: Packet, at_ns: int, *, is_sender: bool) -> Life | None:
        """The socket at that end: a connection's own before one that is open to all, a living one before others."""
        here = (packet.source, packet.source_port) if is_sender else (packet.destination, packet.port)
        there = (packet.destination, packet.port) if is_sender else (packet.source, packet.source_port)
        known: list[Life] = [
            *self._connected.get((host, packet.kind, here[1], there), ()),
            *(life for life in self._open.get((host, packet.kind, here[1]), ()) if life.from_ns <= at_ns),
        ]
        fitting = [life for life in known if _fit(life, here[0]) is not None]
        if not fitting:
            return self._named(host, packet.kind, here, there, at_ns)
        return min(fitting, key=lambda life: _distance(life, here, there, at_ns))

    def _named(self, host: str, kind: str, here: End, there: End, at_ns: int) -> Life | None:
        """The first that called there and whose own address no later call has told: it must have this one."""
        waiting = self._nameless.get((host, kind, there), [])
        for place, life in enumerate(waiting):
            if life.from_ns <= at_ns and (life.to_ns is None or at_ns <= life.to_ns):
                named = replace(waiting.pop(place), local=here)
                self._connected[host, kind, here[1], there].append(named)
                return named
        return None


def _fit(life: Life, address: str) -> int | None:
    """How closely a socket is bound to an address, 0 is closest; None for one that isn't. `::` is IPv4's too."""
    assert life.local is not None
    bound = life.local[0]
    if bound not in _EVERY:
        return 0 if bound == address else None
    if bound and (":" in bound) != (":" in address):
        return 2 if ":" in bound else None
    return 1


def _distance(life: Life, here: End, there: End, at_ns: int) -> tuple[bool, bool, int, int, int]:
    """How far it is from being the one: less is nearer. A connection's packets come before a program accepts it.

    Of open sockets that are bound alike the last one gets what comes (SO_REUSEADDR of UDP, socket(7)).
    """
    after_ns = max(0, at_ns - life.to_ns) if life.to_ns is not None else 0
    is_gone = life.kind == "udp" and after_ns > 0
    away_ns = max(0, life.from_ns - at_ns) + after_ns
    return is_gone, life.remote != there, away_ns, _fit(life, here[0]) or 0, -life.from_ns


def _plain(end: End | None) -> End | None:
    """An IPv4 address in IPv6's clothes is what packets have: IPv4."""
    if end is None:
        return None
    return end[0].removeprefix("::ffff:") if "." in end[0] else end[0], end[1]
