"""What a program printed -> lines that can neither steer a terminal nor pass for labctl's own."""

from __future__ import annotations

from msgspec import Struct

from labctl.scenario.problems import printable

FIRST_LINES = 8
LAST_LINES = 12
LONGEST_LINE = 200


class Excerpt(Struct, frozen=True):
    """Lines of an output: all of them, or the first, then how many were left out, then the last."""

    first: tuple[str, ...]
    left_out: int = 0
    last: tuple[str, ...] = ()


def excerpt(data: bytes, *, first: int = FIRST_LINES, last: int = LAST_LINES) -> Excerpt:
    """The output's lines, escapes written out. No line holds a character that isn't printable, tabs aside.

    Other bytes than UTF-8 appear as `\\xNN`.
    """
    lines = data.removesuffix(b"\n").split(b"\n") if data else []
    if len(lines) <= first + last + 1:
        return Excerpt(tuple(map(visible_line, lines)))
    left_out = len(lines) - first - last
    return Excerpt(tuple(map(visible_line, lines[:first])), left_out, tuple(map(visible_line, lines[-last:])))


def visible_line(line: bytes) -> str:
    """One line without its newline, cut where it is very long."""
    text = printable(line[: LONGEST_LINE * 4].decode("utf-8", "backslashreplace").removesuffix("\r"))
    if len(text) <= LONGEST_LINE and len(line) <= LONGEST_LINE * 4:
        return text
    return f"{text[:LONGEST_LINE]}… ({len(line)} bytes in this line)"


def visible_text(data: bytes) -> str:
    """All of the output as text for a record: nothing cut, other bytes than UTF-8 as `\\xNN`."""
    return data.decode("utf-8", "backslashreplace")
