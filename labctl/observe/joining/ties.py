"""System calls and packets -> which packets carried what a call wrote, or brought what it returned. Pure.

A TCP segment and a call are tied by where their bytes lie in the stream, a datagram and a call by its ends, its size,
its content and its turn.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from labctl.observe.joining.ownership import End, Life
from labctl.observe.network.journeys import Journey
from labctl.observe.network.segments import Remarks
from labctl.observe.packet.model import FIN, RST, SYN, Packet
from labctl.observe.trace.amounts import beginning
from labctl.observe.trace.sockets import Use
from labctl.observe.trace.strace import Call

_Key = tuple[int, int]
"""A socket, by the lane of its program and its number there."""
_LONGEST = 1 << 16
_TOLD_BY_ICMP = frozenset(
    {"ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ENOPROTOOPT", "EMSGSIZE", "EOPNOTSUPP", "EPROTO", "EACCES"}
)
"""What an ICMP error makes of a call (ip(7); the kernel's icmp_err_convert and icmpv6_err_convert)."""


class Owned(Struct, frozen=True):
    """A packet, with the sockets at its two ends as far as they are known. An ICMP error came to the one it is about.

    `let_in_ns`: when it was let in, once for each copy; none where a rule kept it out, or damaged it so
    that the kernel threw it away.
    """

    journey: Journey
    remarks: Remarks
    sent_by: Life | None
    came_to: Life | None
    let_in_ns: tuple[int, ...]

    @property
    def whole(self) -> Packet:
        """The packet; of a fragment the datagram that it is a part of, where all of it is known."""
        whole = self.remarks.datagram.whole if self.remarks.datagram is not None else None
        return self.journey.packet if whole is None else whole


class Made(Struct, frozen=True):
    """A call with what it did to a socket; `life` is that of the connection where the call returned one."""

    call: Call
    use: Use
    life: Life


class _Stream:
    """The segments of one direction, by where their bytes lie."""

    def __init__(self, packets: Sequence[Owned], numbers: Iterable[int]) -> None:
        offsets = ((packets[number].remarks.stream_offset, number) for number in numbers)
        self._segments = sorted((offset, number) for offset, number in offsets if offset is not None)
        self._packets = packets
        self._longest = max((packets[number].remarks.length for _, number in self._segments), default=0)

    def holding(self, since: int, to: int) -> list[int]:
        """Those with some of these bytes, in the order in which they were sent."""
        begin = bisect_left(self._segments, (since - self._longest, 0))
        end = bisect_left(self._segments, (to, 0))
        return sorted(
            number
            for offset, number in self._segments[begin:end]
            if offset + self._packets[number].remarks.length > since
        )


class _Datagram(Struct, frozen=True):
    """A datagram's packet, by number (of one in fragments the first), where it went to or came from, and what it is."""

    number: int
    end: End
    length: int
    payload: bytes


class _Mail:
    """The datagrams that one socket sent, or that came to it, until a call takes them."""

    def __init__(self) -> None:
        self._queues: dict[End | None, deque[tuple[int, _Datagram]]] = defaultdict(deque)
        self._count = 0
        self._taken: set[int] = set()

    def add(self, one: _Datagram) -> None:
        """The next one."""
        self._queues[one.end].append((self._count, one))
        self._queues[None].append((self._count, one))
        self._count += 1

    def take(self, end: End | None, sizes: range, beginning: bytes) -> int | None:
        """The next with that end (None: any), of such a size and that begins so; one that was damaged may not."""
        queue = self._queues.get(end, deque())
        while queue and queue[0][0] in self._taken:
            queue.popleft()
        damaged: tuple[int, _Datagram] | None = None
        for place, one in queue:
            if place in self._taken or one.length not in sizes:
                continue
            if one.payload.startswith(beginning):
                self._taken.add(place)
                return one.number
            damaged = damaged or (place, one)
        if damaged is None:
            return None
        self._taken.add(damaged[0])
        return damaged[1].number


class Ties:
    """The packets, found again by what they are to a socket."""

    def __init__(self, packets: Sequence[Owned]) -> None:
        self._packets = packets
        self._sent: dict[_Key, list[int]] = defaultdict(list)
        self._came: dict[_Key, list[int]] = defaultdict(list)
        self._errors: dict[_Key, deque[int]] = defaultdict(deque)
        for number, packet in enumerate(packets):
            if packet.sent_by is not None:
                self._sent[_key(packet.sent_by)].append(number)
            if packet.came_to is not None and packet.let_in_ns:
                into = self._errors if packet.journey.packet.kind == "icmp" else self._came
                into[_key(packet.came_to)].append(number)
        self._streams_sent = {key: _Stream(packets, numbers) for key, numbers in self._sent.items()}
        self._streams_came = {key: _Stream(packets, numbers) for key, numbers in self._came.items()}
        self._outbox: dict[_Key, _Mail] = defaultdict(_Mail)
        self._inbox: dict[_Key, _Mail] = defaultdict(_Mail)
        self._put_mail()

    def _put_mail(self) -> None:
        """Datagrams in the order in which they left, and in that in which they were let in, as often as they were."""
        arrivals = []
        for number, packet in enumerate(self._packets):
            whole = packet.whole
            if whole.kind != "udp" or _is_later_part(packet):
                continue
            if packet.sent_by is not None:
                self._outbox[_key(packet.sent_by)].add(self._datagram(number, (whole.destination, whole.port)))
            arrivals += [(at_ns, number) for at_ns in self._let_in_ns(packet)]
        for _, number in sorted(arrivals):
            packet = self._packets[number]
            if packet.came_to is not None:
                source = (packet.whole.source, packet.whole.source_port)
                self._inbox[_key(packet.came_to)].add(self._datagram(number, source))

    def _datagram(self, number: int, end: End) -> _Datagram:
        packet = self._packets[number]
        datagram = packet.remarks.datagram
        length = packet.whole.length if datagram is None else datagram.length or 0
        return _Datagram(number, end, length, packet.whole.payload)

    def _let_in_ns(self, packet: Owned) -> Sequence[int]:
        """When a datagram was let in; one in fragments with the last of them, and only if none is missing."""
        datagram = packet.remarks.datagram
        if datagram is None:
            return packet.let_in_ns
        parts = [self._packets[number].let_in_ns for number in datagram.packets]
        return [max(part[0] for part in parts)] if datagram.whole is not None and all(parts) else []

    def of(self, made: Made) -> tuple[int, ...]:
        """The packets that a call has to do with, by number. Of one program calls are asked about in their order."""
        find = {
            "send": self._carrying if made.life.kind == "tcp" else self._datagrams_sent,
            "receive": self._bringing if made.life.kind == "tcp" else self._datagrams_come,
            "connect": self._calling,
            "accept": self._called,
            "shutdown": self._closing,
            "close": self._closing,
        }.get(made.use.role)
        found = find(made) if find is not None else []
        return tuple(sorted({*found, *self._told(made)}) if made.call.error in _TOLD_BY_ICMP else found)

    def _carrying(self, made: Made) -> list[int]:
        return _overlapping(self._streams_sent.get(_key(made.life)), made.use)

    def _bringing(self, made: Made) -> list[int]:
        return _overlapping(self._streams_came.get(_key(made.life)), made.use)

    def _datagrams_sent(self, made: Made) -> list[int]:
        return self._taken(self._outbox[_key(made.life)], made, lambda size: range(size, size + 1))

    def _datagrams_come(self, made: Made) -> list[int]:
        """What doesn't fit into the reader's buffer is cut off: a datagram may be longer than what was read of it."""
        return self._taken(self._inbox[_key(made.life)], made, lambda size: range(size, _LONGEST))

    def _taken(self, mail: _Mail, made: Made, sizes: Callable[[int], range]) -> list[int]:
        begins = beginning(made.call) if len(made.use.parts) == 1 else b""
        return self._with_all_parts([mail.take(peer, sizes(size), begins[:size]) for size, peer in made.use.parts])

    def _with_all_parts(self, numbers: Iterable[int | None]) -> list[int]:
        """Of one in fragments all of them."""
        found: list[int] = []
        for number in numbers:
            if number is not None:
                datagram = self._packets[number].remarks.datagram
                found += [number] if datagram is None else datagram.packets
        return found

    def _told(self, made: Made) -> list[int]:
        """The ICMP errors by which a call that failed knows: all that had come by its end and no call has told yet."""
        errors, by_ns = self._errors[_key(made.life)], made.call.ends_by_ns or made.call.begins_ns
        told = []
        while errors and self._packets[errors[0]].let_in_ns[0] <= by_ns:
            told.append(errors.popleft())
        return told

    def _calling(self, made: Made) -> list[int]:
        """The SYN, however often, what answered it, and the segment that completed the handshake."""
        key = _key(made.life)
        answers = self._flagged(self._came.get(key, ()), SYN | RST)[:1]
        completing = [number for number in self._sent.get(key, ()) if answers and number > answers[0]]
        return sorted(self._flagged(self._sent.get(key, ()), SYN) + answers + completing[:1])

    def _called(self, made: Made) -> list[int]:
        """The SYN, and the segment that completed the handshake."""
        came = self._came.get(_key(made.life), ())
        calls = self._flagged(came, SYN)
        completing = [number for number in came if calls and number > calls[-1]]
        return calls + completing[:1]

    def _closing(self, made: Made) -> list[int]:
        """What told the other end, if this call did."""
        told = self._flagged(self._sent.get(_key(made.life), ()), FIN | RST)
        return [number for number in told if self._packets[number].journey.at_ns >= made.call.begins_ns][:1]

    def _flagged(self, numbers: Iterable[int], flags: int) -> list[int]:
        segments = ((number, self._packets[number].journey.packet.tcp) for number in numbers)
        return [number for number, tcp in segments if tcp is not None and tcp.flags & flags]


def _overlapping(stream: _Stream | None, use: Use) -> list[int]:
    if stream is None or use.offset is None or not use.size:
        return []
    return stream.holding(use.offset, use.offset + use.size)


def _key(life: Life) -> _Key:
    return life.lane, life.socket


def _is_later_part(packet: Owned) -> bool:
    fragment = packet.journey.packet.fragment
    return fragment is not None and fragment.offset > 0
