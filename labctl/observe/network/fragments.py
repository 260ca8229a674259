"""Packets in the order in which they were sent -> the datagrams that some of them are fragments of (RFC 791, 8200)."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Hashable, Sequence

from msgspec import Struct

from labctl.observe.packet import Fragment, Packet
from labctl.observe.packet.ip import joined
from labctl.observe.packet.model import ICMP, ICMPV6, UDP

_HEADERS = {UDP: 8, ICMP: 8, ICMPV6: 8}
"""What of a datagram is not for the program that it is sent to."""


class Datagram(Struct, frozen=True, kw_only=True):
    """A datagram that came in fragments.

    `packets` are their places in the sequence, as they came, and `numbers` which fragment each of them is, from 1 and
    in order of offset (0 where that can't be told). `length` is how many bytes a program sent in it, as far as that is
    known. `missing`: the parts of what IP carried that never came, from and up to; up to None where the end is unknown.
    `whole` is the packet that all of them make, where none is missing.
    """

    packets: tuple[int, ...]
    numbers: tuple[int, ...]
    length: int | None
    missing: tuple[tuple[int, int | None], ...]
    whole: Packet | None


def datagrams(packets: Sequence[Packet], networks: Sequence[Hashable] = ()) -> tuple[Datagram, ...]:
    """All of them, in order of the first fragment that came; a copy of a fragment belongs to the same datagram.

    `networks` says for each packet on which network it was, where there are several: the loopbacks of two hosts have
    the same addresses.
    """
    begun: list[_Pieces] = []
    unfinished: dict[Hashable, _Pieces] = {}
    for place, packet in enumerate(packets):
        if packet.fragment is None:
            continue
        key = _key(packet, packet.fragment, networks[place] if networks else None)
        pieces = unfinished.get(key)
        if pieces is None or not pieces.may_hold(packet.fragment):
            pieces = unfinished[key] = _Pieces()
            begun.append(pieces)
        pieces.add(place, packet, packet.fragment)
        if pieces.is_whole():
            del unfinished[key]
    return tuple(pieces.datagram() for pieces in begun)


def _key(packet: Packet, fragment: Fragment, network: Hashable) -> Hashable:
    protocol = packet.protocol if packet.family == 4 else 0
    return network, packet.source, packet.destination, fragment.id, protocol


class _Pieces:
    """The fragments of one datagram that came so far."""

    def __init__(self) -> None:
        self._places: list[int] = []
        self._fragments: list[Fragment] = []
        self._by_offset: dict[int, Fragment] = {}
        self._first: Packet | None = None
        self._end: int | None = None
        self._offsets: list[int] = []  # in order
        self._bytes = 0
        self._protocol = 0

    def may_hold(self, fragment: Fragment) -> bool:
        """Whether it fits: a copy of one that is there, or one that overlaps none."""
        known = self._by_offset.get(fragment.offset)
        if known is not None:
            return known == fragment
        end = fragment.offset + len(fragment.data)
        if self._end is not None and (fragment.is_last or end > self._end):
            return False
        after = bisect(self._offsets, fragment.offset)
        if after < len(self._offsets) and self._offsets[after] < end:
            return False
        before = self._by_offset[self._offsets[after - 1]] if after else None
        return before is None or before.offset + len(before.data) <= fragment.offset

    def add(self, place: int, packet: Packet, fragment: Fragment) -> None:
        """One more."""
        self._places.append(place)
        self._fragments.append(fragment)
        if fragment.offset in self._by_offset:
            return
        self._by_offset[fragment.offset] = fragment
        self._bytes += len(fragment.data)
        insort(self._offsets, fragment.offset)
        if fragment.is_last:
            self._end = fragment.offset + len(fragment.data)
        if not fragment.offset:
            self._first = packet
        self._protocol = packet.protocol

    def is_whole(self) -> bool:
        """Whether all are there: they overlap nowhere, so their bytes need only be counted."""
        return self._bytes == self._end

    def datagram(self) -> Datagram:
        """What can be said of it."""
        size = max((len(piece.data) for piece in self._fragments if not piece.is_last), default=0)
        whole = None
        if self._first is not None and self._first.fragment is not None and self.is_whole():
            data = b"".join(piece.data for _, piece in sorted(self._by_offset.items()))
            whole = joined(self._first, self._first.fragment.start, data)
        return Datagram(
            packets=tuple(self._places),
            numbers=tuple(_number(piece, size) for piece in self._fragments),
            length=self._length() if whole is None else whole.length,
            missing=self._missing(),
            whole=whole,
        )

    def _length(self) -> int | None:
        header = _HEADERS.get(self._protocol, 0)
        if self._end is not None:
            return max(self._end - header, 0)
        if self._protocol == UDP and self._first is not None and self._first.fragment is not None:
            start = self._first.fragment.start
            said = int.from_bytes(self._first.fragment.data[start + 4 : start + 6], "big")
            return said - header if said >= header else None
        return None

    def _missing(self) -> tuple[tuple[int, int | None], ...]:
        gaps: list[tuple[int, int | None]] = []
        at = 0
        for offset, piece in sorted(self._by_offset.items()):
            if offset > at:
                gaps.append((at, offset))
            at = offset + len(piece.data)
        if self._end is None:
            gaps.append((at, None))
        return tuple(gaps)


def _number(piece: Fragment, size: int) -> int:
    """All fragments but the last are equally long."""
    if not piece.offset:
        return 1
    return -(-piece.offset // size) + 1 if size else 0
