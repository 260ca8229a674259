"""The bytes of a pcapng file, anyone's and however broken -> what could be read of it, and words about what could not.

A block says its length at its beginning and again at its end. Where the two are not the same, or the block would reach
beyond the file, reading goes on at the next place where a known type of block and two equal lengths stand.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from typing import NamedTuple

from labctl.observe.pcapng import model
from labctl.observe.pcapng.model import Capture, Frame, Interface

MOST_PROBLEMS = 20
"""So many are said; of the others their number."""
_A_SECOND_NS = 1_000_000_000
_MICROSECONDS = 6  # 10 ** -6: what a file means that says nothing
_SMALLEST_BLOCK = 12

_KNOWN = (model.INTERFACE, model.OLD_PACKET, model.SIMPLE_PACKET, model.ENHANCED_PACKET)
_SECTION_TYPE = struct.pack("<I", model.SECTION)  # the same in either byte order


def read(data: bytes) -> Capture:
    """All that could be read, in the order of the file. Never raises, whatever the bytes."""
    reading = _Reading(data)
    at = 0
    if data[:4] != _SECTION_TYPE:
        reading.say(f"no pcapng file begins with {data[:4]!r}" if data else "an empty file is no capture")
    while at < len(data):
        size = reading.take(at)
        at = at + size if size else reading.found_after(at)
    return reading.capture()


class _Clock(NamedTuple):
    """How the times of an interface are counted."""

    units: int
    offset_s: int

    def nanoseconds(self, high: int, low: int) -> int:
        count = high << 32 | low
        since = count if self.units == _A_SECOND_NS else count * _A_SECOND_NS // self.units
        return since + self.offset_s * _A_SECOND_NS


class _Layout:
    """The numbers of a file in one byte order."""

    def __init__(self, order: str) -> None:
        self.word = struct.Struct(f"{order}I")
        self.head = struct.Struct(f"{order}II")
        self.version = struct.Struct(f"{order}HH")
        self.option = struct.Struct(f"{order}HH")
        self.interface = struct.Struct(f"{order}HHI")
        self.packet = struct.Struct(f"{order}IIIII")
        self.old_packet = struct.Struct(f"{order}HHIIII")
        self.seconds = struct.Struct(f"{order}q")
        types = [_SECTION_TYPE, *(self.word.pack(kind) for kind in _KNOWN)]
        self.any_type = re.compile(b"(?=" + b"|".join(re.escape(kind) for kind in types) + b")", re.DOTALL)


_LITTLE, _BIG = _Layout("<"), _Layout(">")


class _Reading:
    """What was read so far, of a file whose first section is taken to be little-endian until it says otherwise."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._layout = _LITTLE
        self._interfaces: list[Interface] = []
        self._clocks: list[_Clock] = []
        self._snaplens: list[int] = []
        self._first = 0  # of the interfaces of this section
        self._frames: list[Frame] = []
        self._comments: list[str] = []
        self._problems: list[str] = []
        self._takers: dict[int, Callable[[int, int], None]] = {
            model.SECTION: self._section,
            model.INTERFACE: self._interface,
            model.OLD_PACKET: self._old_packet,
            model.SIMPLE_PACKET: self._simple_packet,
            model.ENHANCED_PACKET: self._enhanced_packet,
        }

    def say(self, problem: str) -> None:
        """Keep what could not be read, in words."""
        self._problems.append(problem)

    def capture(self) -> Capture:
        """All of it."""
        problems = self._problems[:MOST_PROBLEMS]
        if more := len(self._problems) - len(problems):
            problems.append(f"{more} more problems in this capture")
        return Capture(
            interfaces=tuple(self._interfaces),
            frames=tuple(self._frames),
            comments=tuple(self._comments),
            problems=tuple(problems),
        )

    def take(self, at: int) -> int:
        """Read the block that begins here; its size, or 0 where there is none. Unknown types are passed over."""
        layout = self._layout_at(at)
        size = self._size_at(at, layout)
        if size:
            self._layout = layout
            taker = self._takers.get(layout.word.unpack_from(self._data, at)[0])
            if taker is not None:
                taker(at + 8, at + size - 4)
        return size

    def found_after(self, at: int) -> int:
        """Where the next block begins after something that is none; the file's end where none does."""
        found = len(self._data)
        for match in self._layout.any_type.finditer(self._data, at + 1):
            if self._size_at(match.start(), self._layout_at(match.start())):
                found = match.start()
                break
        if found == len(self._data) and self._is_cut_at(at):
            self.say(f"the file ends inside a block: the last {found - at} bytes, from byte {at} on, are lost")
        else:
            doubt = "" if self._frames else "; if one was an interface, packets are shown at the wrong one"
            self.say(f"{found - at} bytes from byte {at} on are no block, and were passed over{doubt}")
        return found

    def _layout_at(self, at: int) -> _Layout:
        """A section says its own byte order."""
        if self._data[at : at + 4] == _SECTION_TYPE:
            for layout in (_LITTLE, _BIG):
                if self._data[at + 8 : at + 12] == layout.word.pack(model.BYTE_ORDER):
                    return layout
        return self._layout

    def _size_at(self, at: int, layout: _Layout) -> int:
        if at + _SMALLEST_BLOCK > len(self._data):
            return 0
        size: int = layout.head.unpack_from(self._data, at)[1]
        if size < _SMALLEST_BLOCK or size % 4 or at + size > len(self._data):
            return 0
        return size if layout.word.unpack_from(self._data, at + size - 4)[0] == size else 0

    def _is_cut_at(self, at: int) -> bool:
        layout = self._layout_at(at)
        rest = self._data[at : at + 8]
        if len(rest) < 8:
            return True
        kind, size = layout.head.unpack(rest)
        return kind in self._takers and at + size > len(self._data)

    def _section(self, at: int, end: int) -> None:
        if end - at < 16:
            self.say(f"the section at byte {at - 8} is too short to say what it is")
            return
        if self._layout.version.unpack_from(self._data, at + 4)[0] != 1:
            self.say(f"the section at byte {at - 8} is of another version of the format; it is read as version 1")
        self._first = len(self._interfaces)
        options = self._options(at + 16, end)
        self._comments += [_text(value) for code, value in options if code == model.COMMENT]

    def _interface(self, at: int, end: int) -> None:
        if end - at < 8:
            self.say(f"the interface at byte {at - 8} is too short to say what it is")
        body = self._data[at:end][:8].ljust(8, b"\0")  # it has its number nevertheless
        link_type, _, snaplen = self._layout.interface.unpack(body)
        values = dict(self._options(at + 8, end))
        name = _text(values.get(model.NAME, b""))
        if link_type != model.ETHERNET:
            self.say(f'interface "{name}" is no Ethernet (link type {link_type}): its packets are read as if it were')
        self._interfaces.append(Interface(name, _text(values.get(model.DESCRIPTION, b"")), link_type))
        self._clocks.append(self._clock(values))
        self._snaplens.append(snaplen)

    def _clock(self, values: dict[int, bytes]) -> _Clock:
        resolution = (values.get(model.TIME_RESOLUTION) or bytes([_MICROSECONDS]))[0]
        offset = values.get(model.TIME_OFFSET, b"")
        seconds = self._layout.seconds.unpack(offset)[0] if len(offset) == 8 else 0
        return _Clock((2 if resolution & 0x80 else 10) ** (resolution & 0x7F), seconds)

    def _enhanced_packet(self, at: int, end: int) -> None:
        if end - at < 20:
            self.say(f"the packet at byte {at - 8} is too short to be one")
            return
        interface, high, low, kept, length = self._layout.packet.unpack_from(self._data, at)
        self._packet(at + 20, end, interface, (high, low), kept, length)

    def _old_packet(self, at: int, end: int) -> None:
        if end - at < 20:
            self.say(f"the packet at byte {at - 8} is too short to be one")
            return
        interface, _, high, low, kept, length = self._layout.old_packet.unpack_from(self._data, at)
        self._packet(at + 20, end, interface, (high, low), kept, length)

    def _simple_packet(self, at: int, end: int) -> None:
        """It has no time and no options, and is of the section's first interface."""
        if end - at < 4:
            self.say(f"the packet at byte {at - 8} is too short to be one")
            return
        length = self._layout.word.unpack_from(self._data, at)[0]
        snaplen = self._snaplens[self._first] if len(self._snaplens) > self._first else 0
        kept = min(length, end - at - 4, snaplen or length)
        self._packet(at + 4, end, 0, None, kept, length)

    def _packet(self, at: int, end: int, interface: int, when: tuple[int, int] | None, kept: int, length: int) -> None:
        place = self._first + interface
        if place >= len(self._interfaces):
            self.say(
                f"a packet at byte {at} is of interface {interface}, which the file says nothing about: it is lost"
            )
            return
        if at + kept > end:
            self.say(f"a packet at byte {at} has {end - at} bytes where it should have {kept}")
        data = self._data[at : min(at + kept, end)]
        options = self._options(at + kept + (-kept % 4), end) if when is not None else []
        flags = next((value for code, value in options if code == model.FLAGS and len(value) == 4), bytes(4))
        self._frames.append(
            Frame(
                t_ns=0 if when is None else self._clocks[place].nanoseconds(*when),
                interface=place,
                data=data,
                length=length,
                is_outbound=self._layout.word.unpack(flags)[0] & 3 == model.OUTBOUND,
                comments=tuple(_text(value) for code, value in options if code == model.COMMENT),
            )
        )

    def _options(self, at: int, end: int) -> list[tuple[int, bytes]]:
        found = []
        while at + 4 <= end:
            code, length = self._layout.option.unpack_from(self._data, at)
            at += 4
            if code == model.END:
                break
            if at + length > end:
                self.say(f"an option at byte {at - 4} is longer than its block: what it says is lost")
                break
            found.append((code, self._data[at : at + length]))
            at += length + (-length % 4)
        return found


def _text(value: bytes) -> str:
    """Other bytes than UTF-8 appear as `\\xNN`; a file may end a text with zeros."""
    return value.rstrip(b"\0").decode("utf-8", "backslashreplace")
