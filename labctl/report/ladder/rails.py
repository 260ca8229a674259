"""Rows -> lines of a ladder whose lanes are narrow rails, with the words to the right of all of them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from labctl.report.drawing import Drawing, Row
from labctl.report.drawing.columns import what_runs
from labctl.report.frame import cut
from labctl.report.ladder.canvas import Line, shown, wrapped
from labctl.report.ladder.lanes import NOTHING, SEVERAL
from labctl.report.ladder.rows import arrow_words, names_of, style_of
from labctl.report.look import Look, Style

PITCH = 3
"""From one rail to the next."""
LEAST_WORDS = 40
"""The words to the right get so many places, at least."""
_EDGES = {1: ("├", "╟"), -1: ("┤", "╢")}
_HEADS = {1: "▶", -1: "◀"}


def most_rails(room: int) -> int:
    """How many rails a ladder so wide has place for beside its words: at least 2."""
    return max(2, (room - LEAST_WORDS) // PITCH)


class Rails:
    """Draws rows of one drawing, from place `left` of a line to its end at `width`."""

    def __init__(self, drawing: Drawing, look: Look, *, left: int, width: int) -> None:
        self._look, self._width = look, width
        self._heads = [(column.host, what_runs(column)) for column in drawing.columns]
        self._columns = drawing.columns
        self._names = names_of(drawing.columns)
        self._places = [left + number * PITCH for number in range(len(drawing.columns))]
        self._words = left + len(drawing.columns) * PITCH

    def heads(self, used: Container[int], *, is_top: bool) -> Iterator[Line]:
        """Who the rails are that are used: stairs down to them, or up from them."""
        numbers = [number for number in range(len(self._heads)) if number in used]
        for number in numbers if is_top else reversed(numbers):
            line = Line(self._width)
            for other in numbers[: numbers.index(number)]:
                line.put(self._places[other], "│", "dim")
            host, command = (shown(text, self._look) for text in self._heads[number])
            place = self._places[number]
            line.put(place, "┌ " if is_top else "└ ", "dim")
            line.put(place + 2, cut(f"{host}: {command}", self._width - place - 2, self._look.mark("cut")), "bold")
            yield line

    def between(self, marks: Sequence[str], words: str, *styles: Style) -> Iterator[Line]:
        """Lanes, and words beside them."""
        for line, text in self._beside(self._lanes(marks), words, marks):
            line.put(self._words, text, *styles)
            yield line

    def lines(self, row: Row, marks: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
        """A row. `after` are the marks of the lanes when it is over."""
        first = self._lanes(marks)
        if row.kind in ("packet", "leave", "arrive"):
            self._arrow(first, row, marks)
            words = f"{self._way(row)}: {arrow_words(row, self._look)[1]}"
            words += f"  ({shown(row.note, self._look)})" if row.note else ""
        else:
            place = row.column or 0
            first.put(self._places[place], "○" if row.kind == "begin" else "●", *style_of(row))
            words = shown(f"{self._whose(row, place)}: {row.words}", self._look)
        for line, text in self._beside(first, words, after):
            line.put(self._words, text, *style_of(row))
            yield line

    def _beside(self, first: Line, words: str, after: Sequence[str]) -> Iterator[tuple[Line, str]]:
        """Lines for the words: the first one, and more lanes below it where they need more room."""
        line = first
        for text in wrapped(words, self._width - self._words):
            yield line, text
            line = self._lanes(after)

    def _lanes(self, marks: Sequence[str]) -> Line:
        line = Line(self._width)
        for place, mark in zip(self._places, marks, strict=True):
            line.put(place, mark, "dim")
        return line

    def _whose(self, row: Row, place: int) -> str:
        """The program; where several share the rail the one that it is."""
        if self._columns[place].is_folded:
            return row.who
        return f"{self._names[place]}, {row.who}" if row.who else self._names[place]

    def _way(self, row: Row) -> str:
        """From whom to whom: `client-3 → cheerios`."""
        source, target = row.source or 0, row.target
        if target is None:
            return shown(f"{row.who or self._names[source]} → {row.to or '?'}", self._look)
        if " → " in row.who:
            return shown(row.who, self._look)
        ends = [row.who if self._columns[end].is_folded else self._names[end] for end in (source, target)]
        return shown(" → ".join(ends), self._look)

    def _arrow(self, line: Line, row: Row, marks: Sequence[str]) -> None:
        """A packet's way. Where it is told in two rows, dots stand for the part that the other row tells."""
        style = style_of(row)
        source, target = row.source or 0, row.target
        if target is None or source == target:
            line.put(self._places[source], "?" if target is None else "↻", *style)
            return
        ahead = 1 if target > source else -1
        begins, ends = self._places[source], self._places[target] - ahead
        first, last = min(begins + ahead, ends), max(begins + ahead, ends)
        line.put(first, ("─" if row.kind == "packet" else "┄") * (last - first + 1), *style)
        for place, mark in zip(self._places, marks, strict=True):
            if first < place < last and mark != NOTHING:
                line.put(place, mark, "dim")
        if row.kind != "arrive":
            line.put(begins, _EDGES[ahead][marks[source] == SEVERAL], *style)
        if row.kind != "leave":
            line.put(ends, "✗" if row.fate in ("lost", "refused") else _HEADS[ahead], *style)
