"""What a program printed -> lines that can neither steer a terminal nor pass for labctl's own."""

from __future__ import annotations

from msgspec import Struct

from labctl.scenario.problems import printable

FIRST_LINES = 8
LAST_LINES = 12
LONGEST_LINE = 200
MOST_TEXT = 256 * 1024
"""Bytes of an output that a record shows. All that was kept is in the journal, piece by piece."""


class Excerpt(Struct, frozen=True):
    """Lines of an output: all of them, or the first, then how many were left out, then the last."""

    first: tuple[str, ...]
    left_out: int = 0
    last: tuple[str, ...] = ()


def excerpt(data: bytes, *, first: int = FIRST_LINES, last: int = LAST_LINES) -> Excerpt:
    """The output's lines, escapes written out. No line holds a character that isn't printable, tabs aside.

    Other bytes than UTF-8 appear as `\\xNN`.
    """
    if not data:
        return Excerpt(())
    data = data.removesuffix(b"\n")
    count = data.count(b"\n") + 1
    if count <= first + last + 1:
        return Excerpt(tuple(map(visible_line, data.split(b"\n"))))
    head = data[: _place(data, first)].split(b"\n")[:first]
    tail = data[_place_from_the_end(data, last) :].split(b"\n")
    return Excerpt(tuple(map(visible_line, head)), count - first - last, tuple(map(visible_line, tail)))


def _place(data: bytes, lines: int) -> int:
    """Behind so many lines."""
    place = 0
    for _ in range(lines):
        place = data.index(b"\n", place) + 1
    return place


def _place_from_the_end(data: bytes, lines: int) -> int:
    """Before the last so many lines."""
    place = len(data)
    for _ in range(lines):
        place = data.rindex(b"\n", 0, place)
    return place + 1


def visible_line(line: bytes) -> str:
    """One line without its newline, cut where it is very long."""
    text = printable(line[: LONGEST_LINE * 4].decode("utf-8", "backslashreplace").removesuffix("\r"))
    if len(text) <= LONGEST_LINE and len(line) <= LONGEST_LINE * 4:
        return text
    return f"{text[:LONGEST_LINE]}… ({len(line)} bytes in this line)"


def visible_text(data: bytes, *, most: int = MOST_TEXT) -> str:
    """The output as text for a record: other bytes than UTF-8 as `\\xNN`, the middle of a very long one left out."""
    if len(data) <= most:
        return data.decode("utf-8", "backslashreplace")
    half = most // 2
    begin, end = (part.decode("utf-8", "backslashreplace") for part in (data[:half], data[-half:]))
    return f"{begin}\n… {len(data) - 2 * half} bytes are left out here …\n{end}"
