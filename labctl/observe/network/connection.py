"""The segments of one TCP connection, one after another -> their relative numbers and what they repeat or leave out.

Sequence numbers (RFC 9293, 3.4) are 32 bits and wrap around; those that are counted here go on, from 0 for a SYN.
"""

from __future__ import annotations

from msgspec import Struct

from labctl.observe.packet import Packet, Tcp
from labctl.observe.packet.model import ACK, FIN, RST, SYN

RETRANSMISSION, ACKNOWLEDGED = "retransmission", "already acknowledged"
OUT_OF_ORDER, GAP, UNSEEN = "out of order", "previous segment not seen", "acknowledges a segment not seen"
DUPLICATE, KEEP_ALIVE, KEEP_ALIVE_ACK = "duplicate ACK", "keep-alive", "keep-alive ACK"
ZERO_WINDOW, WINDOW_PROBE, WINDOW_UPDATE, WINDOW_FULL = (
    "zero window",
    "zero window probe",
    "window update",
    "window full",
)
"""Notes on segments."""

Endpoint = tuple[str, int]
_MOST_SCALE = 14  # RFC 7323, 2.3
_MOST_HOLES = 63  # so many are remembered


class Seen(Struct, frozen=True, kw_only=True):
    """A segment in its connection: its relative numbers, and notes on it.

    `window` is in bytes, None where the scale isn't known because the SYNs weren't seen. `stream_offset` is where its
    payload begins among all bytes that this side sends, None for one without.
    """

    sequence: int
    acknowledgement: int | None
    window: int | None
    stream_offset: int | None
    notes: tuple[str, ...]


class _Side:
    """What one side has sent so far."""

    def __init__(self) -> None:
        self.base: int | None = None  # the sequence number that counts as 0
        self.is_guessed = False  # by what the other side acknowledged, before this one was seen to send
        self.has_syn = self.has_fin = False
        self.scale: int | None = None
        self.next = 0  # after the highest that was sent
        self.acknowledged: int | None = None
        self.window: int | None = None  # in bytes
        self.raw_window: int | None = None  # as it stood in its last segment
        self.is_after_syn = False  # which was a SYN
        self.is_asking = False  # or a keep-alive or a probe
        self._holes: list[tuple[int, int]] = []  # numbers before `next` that were not seen

    def begin(self, base: int, after: int, *, is_guessed: bool = False) -> None:
        """Count from here on; `after` is the number that it is expected to send next."""
        self.base, self.next, self.is_guessed = base & 0xFFFFFFFF, after, is_guessed
        self._holes.clear()

    def relative(self, number: int) -> int:
        """A number counted from the base: of all that 32 bits may mean the one nearest to what was sent last."""
        ahead = (number - (self.base or 0) - self.next) & 0xFFFFFFFF
        return self.next + (ahead - (1 << 32) if ahead >= 1 << 31 else ahead)

    def reach(self, start: int) -> bool:
        """Go on up to a number; whether what lies before it was not seen."""
        if start <= self.next:
            return False
        self._holes = [*self._holes[-_MOST_HOLES:], (self.next, start)]
        self.next = start
        return True

    def take(self, start: int, end: int) -> str:
        """What is sent now: a note where it was sent before, or something before it was not seen."""
        if start >= self.next:
            is_after_gap = self.reach(start)
            self.next = end
            return GAP if is_after_gap else ""
        old = min(end, self.next) - start
        unseen = sum(max(min(end, to) - max(start, since), 0) for since, to in self._holes)
        if unseen:
            self._holes = [part for hole in self._holes for part in _without(hole, start, end)]
        self.next = max(self.next, end)
        return OUT_OF_ORDER if unseen == old else RETRANSMISSION


def _without(hole: tuple[int, int], start: int, end: int) -> list[tuple[int, int]]:
    parts = [(hole[0], min(hole[1], start)), (max(hole[0], end), hole[1])]
    return [(from_, to) for from_, to in parts if from_ < to]


class Connection:
    """A connection: who opened it, its place among all, and what both sides have sent."""

    def __init__(self, number: int, packet: Packet, tcp: Tcp) -> None:
        """Begins with this packet. Whoever sends it is the client, unless it answers a SYN that was not seen."""
        self.number = number
        self._sides: dict[Endpoint, _Side] = {sender(packet): _Side(), receiver(packet): _Side()}
        self.client = receiver(packet) if tcp.flags & (SYN | ACK) == SYN | ACK else sender(packet)
        self._is_reset = False

    def is_another(self, packet: Packet, tcp: Tcp) -> bool:
        """Whether a packet between the same ports begins a new connection: a SYN with another number than this one's.

        A SYN-ACK with another number is of the same connection as long as that one isn't over: a server that has
        forgotten a SYN answers its repetition anew.
        """
        if not tcp.flags & SYN:
            return False
        side = self._sides[sender(packet)]
        is_over = self._is_reset or all(side.has_fin for side in self._sides.values())
        if side.base is None or side.is_guessed:
            return is_over and not tcp.flags & ACK
        return side.base != tcp.sequence and (is_over or not tcp.flags & ACK)

    def see(self, packet: Packet, tcp: Tcp) -> Seen:
        """The next segment."""
        side, peer = self._sides[sender(packet)], self._sides[receiver(packet)]
        _count(side, peer, tcp)
        flags, start = tcp.flags, side.relative(tcp.sequence)
        acknowledgement = peer.relative(tcp.acknowledgement) if flags & ACK else None
        data_at = start + bool(flags & SYN)
        end = data_at + packet.length + bool(flags & FIN)
        shift = self._shift(side)
        window = tcp.window if flags & SYN else None if shift is None else tcp.window << shift
        asks = _asks(side, peer, packet, tcp, start)
        notes: list[str] = []
        if flags & RST:
            self._is_reset = True
        else:
            if side.is_after_syn and side.raw_window is not None:  # a SYN's window has no scale
                side.raw_window >>= shift or 0
            notes += _sent(side, peer, start, end, asks=asks)
            if acknowledgement is not None:
                notes += _acknowledged(side, peer, tcp, acknowledgement, start, end)
            notes += _windows(peer, tcp, packet.length, end)
            side.is_asking, side.is_after_syn = asks, bool(flags & SYN)
            side.window, side.raw_window = window, tcp.window
            side.has_fin |= bool(flags & FIN)
        return Seen(
            sequence=start,
            acknowledgement=acknowledgement,
            window=window,
            stream_offset=data_at - 1 if packet.length and not asks else None,
            notes=tuple(notes),
        )

    def _shift(self, side: _Side) -> int | None:
        """The scale of a window; None where it isn't known, as both SYNs must offer one (RFC 7323, 2.2)."""
        if not all(one.has_syn for one in self._sides.values()):
            return None
        is_offered = all(one.scale is not None for one in self._sides.values())
        return min(side.scale or 0, _MOST_SCALE) if is_offered else 0


def sender(packet: Packet) -> Endpoint:
    """The end that a packet comes from."""
    return packet.source, packet.source_port


def receiver(packet: Packet) -> Endpoint:
    """The end that a packet is for."""
    return packet.destination, packet.port


def _count(side: _Side, peer: _Side, tcp: Tcp) -> None:
    """Find where both sides begin to count, where they don't yet."""
    if tcp.flags & SYN:
        if side.is_guessed or side.base != tcp.sequence:
            side.begin(tcp.sequence, 0)
        side.has_syn, side.scale = True, tcp.scale
    elif side.base is None:
        side.begin(tcp.sequence - 1, 1)
    elif side.is_guessed:
        side.next, side.is_guessed = side.relative(tcp.sequence), False
    if tcp.flags & ACK and peer.base is None:
        peer.begin(tcp.acknowledgement - 1, 1, is_guessed=True)


def _asks(side: _Side, peer: _Side, packet: Packet, tcp: Tcp, start: int) -> bool:
    """Whether it is there to be answered, a keep-alive or a probe (RFC 9293, 3.8.4 and 3.8.6.1).

    It has the last number once more, without a payload; some systems send one byte of zero with it.
    """
    if tcp.flags & (SYN | FIN | RST) or start != side.next - 1:
        return False
    return not packet.length or (packet.payload == b"\0" and (peer.acknowledged or 0) >= side.next)


def _sent(side: _Side, peer: _Side, start: int, end: int, *, asks: bool) -> list[str]:
    """Notes on what it occupies of the sequence numbers."""
    if asks:
        return [WINDOW_PROBE if peer.raw_window == 0 else KEEP_ALIVE]
    if end == start:
        return []
    note = side.take(start, end)
    if note == RETRANSMISSION and peer.acknowledged is not None and end <= peer.acknowledged:
        return [note, ACKNOWLEDGED]
    return [note] if note else []


def _acknowledged(side: _Side, peer: _Side, tcp: Tcp, acknowledgement: int, start: int, end: int) -> list[str]:
    """Notes on what it acknowledges (RFC 5681, 2: of a duplicate the window is the same, too)."""
    notes = []
    if start == end == side.next and acknowledgement == side.acknowledged and tcp.window:
        is_same = side.raw_window == tcp.window
        if is_same and peer.is_asking:
            notes.append(KEEP_ALIVE_ACK)
        else:
            notes.append(DUPLICATE if is_same or tcp.sacks else WINDOW_UPDATE)
    if peer.reach(acknowledgement):
        notes.append(UNSEEN)
    side.acknowledged = max(acknowledgement, side.acknowledged or 0)
    return notes


def _windows(peer: _Side, tcp: Tcp, length: int, end: int) -> list[str]:
    """Notes on the windows of both. One is full only where its size in bytes is certain."""
    if tcp.flags & (SYN | FIN):
        return []
    notes = [] if tcp.window else [ZERO_WINDOW]
    if length and peer.window and peer.acknowledged is not None and end == peer.acknowledged + peer.window:
        notes.append(WINDOW_FULL)
    return notes
