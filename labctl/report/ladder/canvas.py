"""Texts put at places of a line -> the line, as wide as it may be, in the device's colours and characters."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from labctl.report.frame import cells
from labctl.report.look import Look, Style
from labctl.scenario.problems import printable

_ASCII = str.maketrans("│╎║─┄├┤╟╢┌└▶◀✗·●○↻", "|:#-.++++,'><x.*o@")
_BREAK = re.compile(r"(?<= )(?<!→ )(?<!-> )(?=[^ …])(?!m?s\b)")
"""Before a word, but a number keeps its unit, an arrow what it points to, and a call the mark that it goes on."""

_ASCII_WORDS = (("…", "..."), ("→", "->"), ("↔", "<->"))


class Line:
    """A line of so many places. What is put last is seen; what lies beyond its end isn't."""

    def __init__(self, width: int) -> None:
        self._cells: list[tuple[str, tuple[Style, ...]]] = [(" ", ())] * width

    def put(self, place: int, text: str, *styles: Style) -> None:
        """Write over what is there, from a place on. The text must be shown() before."""
        if cells(text) == len(text) and place >= 0:
            fitting = text[: max(0, len(self._cells) - place)]
            self._cells[place : place + len(fitting)] = [(character, styles) for character in fitting]
            return
        for character in text:
            wide = cells(character)
            if place >= 0 and place + wide <= len(self._cells):
                self._cells[place : place + wide] = [(character, styles), *[("", styles)] * (wide - 1)]
            place += wide

    def text(self, look: Look) -> str:
        """The line, without the blanks at its end."""
        last = max((place for place, (text, _) in enumerate(self._cells) if text.strip()), default=-1)
        line = ""
        for styles, alike in groupby(self._cells[: last + 1], key=lambda cell: cell[1]):
            part = "".join(text for text, _ in alike)
            line += look.paint(part, *styles) if styles else part
        return line if look.beyond_ascii else line.translate(_ASCII)


def shown(text: str, look: Look) -> str:
    """A text as the device can show it: nothing steers a terminal, and it is ASCII where that is all there is."""
    visible = printable(text.replace("\t", "\\t"))
    if look.beyond_ascii:
        return visible
    for mark, plain in _ASCII_WORDS:
        visible = visible.replace(mark, plain)
    return visible.encode("ascii", "backslashreplace").decode("ascii")


def wrapped(text: str, width: int, *, indent: int = 2) -> Iterator[str]:
    """A text as lines no wider than that, broken at blanks if it has any; later ones begin with `indent` blanks."""
    line, used = "", 0
    for word in _pieces(text, max(1, width - indent)):
        wide = cells(word)
        if line.strip() and used + cells(word.rstrip()) > width:
            yield line.rstrip()
            line, used = " " * indent, indent
            word, wide = word.lstrip(), cells(word.lstrip())
        line += word
        used += wide
    yield line.rstrip()


def _pieces(text: str, width: int) -> Iterator[str]:
    """Words, each with the blanks after it; longer ones in pieces."""
    for word in _BREAK.split(text):
        piece = ""
        for character in word:
            if cells(piece + character.strip()) > width:
                yield piece
                piece = ""
            piece += character
        yield piece
