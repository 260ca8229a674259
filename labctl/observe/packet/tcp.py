"""The bytes of a TCP header -> its numbers, flags and options (RFC 9293)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from labctl.observe.packet.model import Tcp

_HEADER = struct.Struct("!HHIIBBHHH")
_PORTS, _SHORT = struct.Struct("!HH"), struct.Struct("!HHI")
_END, _NOTHING, _MSS, _SCALE, _MAY_SACK, _SACK, _TIMESTAMPS = 0, 1, 2, 3, 4, 5, 8
_USUAL = b"\x01\x01\x08\x0a"  # timestamps alone, as nearly every segment of a connection has them
_TWO = struct.Struct("!II")


class Segment(NamedTuple):
    """A TCP header, and where in the bytes its payload begins."""

    source_port: int
    port: int
    tcp: Tcp | None
    start: int
    flaws: tuple[str, ...]


def segment(data: bytes, at: int, end: int) -> Segment:
    """The header that begins at `at`; nothing from `end` on belongs to it. Of one that is cut off, what is there."""
    if end - at < 20:
        return _short(data, at, end)
    source_port, port, sequence, acknowledgement, size, flags, window, _, urgent = _HEADER.unpack_from(data, at)
    start = at + (size >> 4) * 4
    flaws: tuple[str, ...] = ()
    if start < at + 20:
        flaws, start = (f"a TCP header of {start - at} bytes is too short to be one",), at + 20
    elif start > end:
        flaws, start = (f"{end - at} bytes of a TCP header of {start - at} are there",), end
    options = data[at + 20 : start]
    if len(options) == 12 and options[:4] == _USUAL:
        tcp = Tcp(
            sequence=sequence,
            acknowledgement=acknowledgement,
            flags=flags,
            window=window,
            urgent=urgent,
            timestamps=_TWO.unpack_from(options, 4),
        )
        return Segment(source_port, port, tcp, start, flaws)
    found = _options(options)
    tcp = Tcp(
        sequence=sequence,
        acknowledgement=acknowledgement,
        flags=flags,
        window=window,
        urgent=urgent,
        mss=found.mss,
        scale=found.scale,
        may_sack=found.may_sack,
        sacks=found.sacks,
        timestamps=found.timestamps,
        others=found.others,
    )
    return Segment(source_port, port, tcp, start, flaws + found.flaws)


def _short(data: bytes, at: int, end: int) -> Segment:
    flaws = (f"{max(end - at, 0)} bytes of a TCP header are there",)
    if end - at >= 8:
        source_port, port, sequence = _SHORT.unpack_from(data, at)
        return Segment(source_port, port, Tcp(sequence=sequence, is_short=True), end, flaws)
    source_port, port = _PORTS.unpack_from(data, at) if end - at >= 4 else (0, 0)
    return Segment(source_port, port, None, max(at, end), flaws)


class _Options(NamedTuple):
    mss: int | None = None
    scale: int | None = None
    may_sack: bool = False
    sacks: tuple[tuple[int, int], ...] = ()
    timestamps: tuple[int, int] | None = None
    others: tuple[int, ...] = ()
    flaws: tuple[str, ...] = ()


def _options(data: bytes) -> _Options:
    """Options are a kind, their length with both, and a value; two of them are a kind alone."""
    if not data:
        return _NO_OPTIONS
    found = _NO_OPTIONS
    at = 0
    while at < len(data) and data[at] != _END:
        kind = data[at]
        if kind == _NOTHING:
            at += 1
            continue
        size = data[at + 1] if at + 1 < len(data) else 0
        if size < 2 or at + size > len(data):
            return found._replace(flaws=(*found.flaws, f"TCP option {kind} is broken, and what follows it not read"))
        found = _with(found, kind, data[at + 2 : at + size])
        at += size
    return found


def _with(found: _Options, kind: int, value: bytes) -> _Options:
    if kind == _MSS and len(value) == 2:
        return found._replace(mss=int.from_bytes(value, "big"))
    if kind == _SCALE and len(value) == 1:
        return found._replace(scale=value[0])
    if kind == _MAY_SACK and not value:
        return found._replace(may_sack=True)
    if kind == _SACK and len(value) % 8 == 0:
        return found._replace(sacks=found.sacks + tuple(_TWO.iter_unpack(value)))
    if kind == _TIMESTAMPS and len(value) == 8:
        return found._replace(timestamps=_TWO.unpack(value))
    if kind in (_MSS, _SCALE, _MAY_SACK, _SACK, _TIMESTAMPS):
        return found._replace(flaws=(*found.flaws, f"TCP option {kind} has a length that it can't have"))
    return found._replace(others=(*found.others, kind))


_NO_OPTIONS = _Options()
