"""System calls and packets -> which packets carried what a call wrote, or brought what it returned. Pure.

A TCP segment and a call are tied by where their bytes lie in the stream, a datagram and a call by its ends, its size
and its turn.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec import Struct

from labctl.observe.joining.ownership import End, Life
from labctl.observe.network.journeys import Journey
from labctl.observe.network.segments import Remarks
from labctl.observe.packet.model import FIN, RST, SYN
from labctl.observe.trace.sockets import Use
from labctl.observe.trace.strace import Call

_Key = tuple[int, int]
"""A socket, by the lane of its program and its number there."""


class Owned(Struct, frozen=True):
    """A packet, with the sockets at its two ends as far as they are known. `is_let_in`: no rule kept it out."""

    journey: Journey
    remarks: Remarks
    sent_by: Life | None
    came_to: Life | None
    is_let_in: bool


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


class Ties:
    """The packets, found again by what they are to a socket."""

    def __init__(self, packets: Sequence[Owned]) -> None:
        self._packets = packets
        self._sent: dict[_Key, list[int]] = defaultdict(list)
        self._came: dict[_Key, list[int]] = defaultdict(list)
        self._turns: dict[tuple[str, _Key, End | None], int] = defaultdict(int)
        for number, packet in enumerate(packets):
            if packet.sent_by is not None:
                self._sent[_key(packet.sent_by)].append(number)
            if packet.came_to is not None and packet.is_let_in:
                self._came[_key(packet.came_to)].append(number)
        self._streams_sent = {key: _Stream(packets, numbers) for key, numbers in self._sent.items()}
        self._streams_came = {key: _Stream(packets, numbers) for key, numbers in self._came.items()}

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
        return tuple(find(made)) if find is not None else ()

    def _carrying(self, made: Made) -> list[int]:
        return _overlapping(self._streams_sent.get(_key(made.life)), made.use)

    def _bringing(self, made: Made) -> list[int]:
        return _overlapping(self._streams_came.get(_key(made.life)), made.use)

    def _datagrams_sent(self, made: Made) -> list[int]:
        numbers = self._sent.get(_key(made.life), ())
        return [number for _, peer in made.use.parts for number in self._turn("sent", numbers, made.life, peer)]

    def _datagrams_come(self, made: Made) -> list[int]:
        numbers = self._came.get(_key(made.life), ())
        return [number for _, peer in made.use.parts for number in self._turn("came", numbers, made.life, peer)]

    def _turn(self, way: str, numbers: Sequence[int], life: Life, peer: End | None) -> list[int]:
        """The next to or from that peer; of one in fragments all of them."""
        place = (way, _key(life), peer)
        for at in range(self._turns[place], len(numbers)):
            owned = self._packets[numbers[at]]
            packet = owned.journey.packet
            end = (packet.destination, packet.port) if way == "sent" else (packet.source, packet.source_port)
            is_later = packet.fragment is not None and packet.fragment.offset > 0
            if not is_later and _is_peer(peer, end):
                self._turns[place] = at + 1
                datagram = owned.remarks.datagram
                return [numbers[at]] if datagram is None else list(datagram.packets)
        self._turns[place] = len(numbers)
        return []

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


def _is_peer(peer: End | None, end: End) -> bool:
    return peer is None or (peer[0].removeprefix("::ffff:"), peer[1]) == end
