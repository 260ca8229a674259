"""Rows -> lines of a ladder whose lanes are columns: words beside their lane, arrows from lane to lane."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

from labctl.report.drawing import Drawing, Row
from labctl.report.drawing.columns import what_runs
from labctl.report.frame import cells, cut
from labctl.report.ladder.canvas import Line, shown, wrapped
from labctl.report.ladder.lanes import NOTHING, SEVERAL
from labctl.report.ladder.rows import arrow_words, note_of, style_of, words_of
from labctl.report.look import Look, Style

LEAST_CELL = 23
"""A column of less is too narrow for words."""
_BETWEEN = 2
_TAIL = 2
_EDGES = {1: ("├", "╟"), -1: ("┤", "╢")}
_HEADS = {1: "▶", -1: "◀"}


class Wide:
    """Draws rows of one drawing, from place `left` of a line to its end at `width`."""

    def __init__(self, drawing: Drawing, look: Look, *, left: int, width: int) -> None:
        self._look, self._width = look, width
        self._heads = [(column.host, what_runs(column)) for column in drawing.columns]
        self._cell = (width - left) // max(1, len(drawing.columns))
        self._places = [left + number * self._cell for number in range(len(drawing.columns))]

    def heads(self, used: Container[int], *, is_top: bool) -> Iterator[Line]:
        """Who the columns are, used or not: above them, or below."""
        for part in (0, 1):
            line = Line(self._width)
            for place, texts in zip(self._places, self._heads, strict=True):
                text = cut(shown(texts[part], self._look), self._cell - _BETWEEN, self._look.mark("cut"))
                line.put(place, text, "dim" if part else "bold")
            yield line

    def between(self, marks: Sequence[str], words: str, *styles: Style) -> Iterator[Line]:
        """Lanes, and words across them."""
        for text in wrapped(words, self._width - self._places[0] - 2 * _BETWEEN):
            line = self._lanes(marks)
            line.put(self._places[0] + _BETWEEN, f" {text} ", *styles)
            yield line

    def lines(self, row: Row, marks: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
        """A row. `after` are the marks of the lanes when it is over."""
        is_packet = row.kind in ("packet", "leave", "arrive")
        is_arrow = is_packet and row.source != row.target
        line = self._lanes(marks)
        beside, words = row.column or 0, words_of(row, self._look)
        if is_packet and row.target is None:
            line.put(self._places[beside], "├─", *style_of(row))
            words = " ".join(filter(None, (f"─ {arrow_words(row, self._look)[1]} ──?", note_of(row, self._look))))
        elif is_arrow:
            self._arrow(line, row, marks)
            beside, words = max(row.source or 0, row.target or 0), note_of(row, self._look)
        elif is_packet:
            words = "↻ " + ", ".join(filter(None, (arrow_words(row, self._look)[1], note_of(row, self._look))))
        room = (self._width if beside == len(self._places) - 1 else self._places[beside + 1] - 1) - 1
        for text in wrapped(words, room - self._places[beside] - 1):
            line.put(self._places[beside] + _BETWEEN, text, *style_of(row))
            yield line
            line = self._lanes(after)

    def _lanes(self, marks: Sequence[str]) -> Line:
        line = Line(self._width)
        for place, mark in zip(self._places, marks, strict=True):
            line.put(place, mark, "dim")
        return line

    def _arrow(self, line: Line, row: Row, marks: Sequence[str]) -> None:
        """A packet's way: all of it, its beginning with loose ends, or its end."""
        source, target = row.source or 0, row.target or 0
        ahead = 1 if target > source else -1
        begins, ends = self._places[source] + ahead, self._places[target] - ahead
        words = self._fitting(row, abs(ends - begins) + 1)
        half = max(abs(ends - begins) // 2, cells(words) + 2 * _TAIL + 1)
        if row.kind == "leave":
            ends = begins + ahead * min(half, abs(ends - begins))
        if row.kind == "arrive":
            begins = ends - ahead * min(half, abs(ends - begins))
        style = style_of(row)
        first, last = min(begins, ends), max(begins, ends)
        line.put(first, "─" * (last - first + 1), *style)
        for place, mark in zip(self._places, marks, strict=True):
            if first < place < last and mark != NOTHING:
                line.put(place, mark, "dim")
        if row.kind != "arrive":
            line.put(self._places[source], _EDGES[ahead][marks[source] == SEVERAL], *style)
        else:
            line.put(min(begins, begins + ahead * (_TAIL - 1)), "┄" * _TAIL, *style)
        line.put(first + (last - first + 1 - cells(words)) // 2, words, *style, "bold")
        if row.kind == "leave":
            line.put(min(ends, ends - ahead * (_TAIL - 1)), "┄" * _TAIL, *style)
        else:
            line.put(ends, "✗" if row.fate in ("lost", "refused") else _HEADS[ahead], *style)

    def _fitting(self, row: Row, room: int) -> str:
        """As many words as the arrow has room for."""
        short, long = arrow_words(row, self._look)
        best = long if cells(long) + 2 * _TAIL + 4 <= room else short
        return f" {cut(best, room - 2 * _TAIL - 2, self._look.mark('cut'))} "
