"""A drawing -> the lines of a ladder for a terminal: time runs down, a lane for each program, arrows between them."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Protocol

from labctl.report.drawing import Drawing, Row
from labctl.report.frame import cells, cut
from labctl.report.ladder.canvas import Line, shown
from labctl.report.ladder.lanes import MEANINGS, Lanes
from labctl.report.ladder.rails import Rails, most_rails
from labctl.report.ladder.wide import LEAST_CELL, Wide
from labctl.report.look import PLAIN, Look, Style
from labctl.report.paragraphs import filled

NARROWEST = 60
_AFTER_TIME = 2
_BETWEEN = "   "
_LONG_PAGE = 20
_FAR = 40
"""After so many rows the columns' names are said again at the next step."""


class _Way(Protocol):
    """A way to draw lanes."""

    def heads(self, used: Container[int], *, is_top: bool) -> Iterator[Line]:
        """Who the lanes are: above them, or below. Of many only those that are used."""

    def between(self, marks: Sequence[str], words: str, *styles: Style) -> Iterator[Line]:
        """Lanes, and words that belong to none of them."""

    def lines(self, row: Row, marks: Sequence[str], after: Sequence[str]) -> Iterator[Line]:
        """A row. `after` are the marks of the lanes when it is over."""


def most_columns(width: int) -> int:
    """How many columns a ladder of that width can have: what a Choice for it asks for."""
    return most_rails(max(width, NARROWEST) - 12)


def ladder(drawing: Drawing, look: Look = PLAIN, *, width: int = 100) -> Iterator[str]:
    """The lines, no wider than `width` (at least 60). Nothing in them steers the terminal but the look's colours.

    Words stand beside their lane as long as there is room for columns, else the lanes are narrow rails with the words
    to the right. More columns than most_columns() don't fit.
    """
    width = max(width, NARROWEST)
    times = [_ms(row.at_ns) for row in drawing.rows]
    left = max(map(len, [*times, "0.000"])) + _AFTER_TIME
    is_wide = (width - left) // max(1, len(drawing.columns)) >= LEAST_CELL
    way: _Way = (Wide if is_wide else Rails)(drawing, look, left=left, width=width)
    lanes, used = Lanes(drawing), set[str]()
    parts = _parts(drawing.rows)
    if drawing.columns:
        yield from _heads(way, range(len(drawing.columns)), look, left, is_top=True)
    for place, (row, time) in enumerate(zip(drawing.rows, times, strict=True)):
        if place and parts.get(place):
            yield ""
            yield from _heads(way, parts[place], look, left, is_top=True)
        marks = lanes.pass_by(row)
        if row.kind == "step":
            yield from _step(row, look, width)
            continue
        after = lanes.now()
        used.update(marks)
        for number, line in enumerate(_row(way, row, marks, after, look)):
            if number > 0:
                used.update(after)
            elif row.kind != "gap":
                line.put(0, time.rjust(left - _AFTER_TIME), "dim")
            yield line.text(look)
    last = parts[max(parts)] if parts else ()
    if len(drawing.rows) > _LONG_PAGE and last:
        yield ""
        yield from _heads(way, last, look, left, is_top=False)
    yield from _legend(used, drawing, look, width, has_rails=not is_wide)


def _parts(rows: Sequence[Row]) -> dict[int, set[int]]:
    """The rows that headings stand above, each with the columns in which something happens until the next of them.

    A heading comes at the top and, after many rows, at the next step.
    """
    parts: dict[int, set[int]] = {}
    begins = 0
    for place, row in enumerate(rows):
        if row.kind == "step" and place - begins > _FAR:
            begins = place
        its = (row.column, row.source, row.target)
        parts.setdefault(begins, set()).update(column for column in its if column is not None)
    return parts


def _heads(way: _Way, used: Container[int], look: Look, left: int, *, is_top: bool) -> Iterator[str]:
    for number, line in enumerate(way.heads(used, is_top=is_top)):
        if number == 0:
            line.put(left - _AFTER_TIME - 2, "ms", "dim")
        yield line.text(look)


def _row(way: _Way, row: Row, marks: Sequence[str], after: Sequence[str], look: Look) -> Iterator[Line]:
    if row.kind == "gap":
        return way.between(marks, shown(f"… {row.words} …", look), "dim")
    if row.kind == "rules":
        return way.between(marks, shown(f"from here on {row.words}", look), "yellow")
    return way.lines(row, marks, after)


def _step(row: Row, look: Look, width: int) -> Iterator[str]:
    """A heading across the page, why the step is there, and what was wrong with it."""
    line = "─" if look.beyond_ascii else "-"
    verdict = "" if row.verdict in ("pass", "") else f" {row.verdict.upper()} "
    number = f"{line * 2} {row.number}  "
    head = f"{number}{cut(shown(row.words, look), width - len(number) - len(verdict) - 6, look.mark('cut'))} "
    rest = line * (width - cells(head) - len(verdict) - 2)
    yield ""
    painted = look.paint(head, "bold") + look.paint(rest, "dim")
    yield painted + look.paint(verdict, "bold", "red") + look.paint(line * 2, "dim")
    if row.why.strip():
        yield from filled(row.why, first=" " * 5, width=width)
    for complaint in row.complaints:
        for text in filled(complaint, first=f"   {look.mark('failed')} ", width=width):
            yield look.paint(text, "red")


def _legend(used: Container[str], drawing: Drawing, look: Look, width: int, *, has_rails: bool) -> Iterator[str]:
    """What the marks mean that were shown."""
    if not drawing.columns:
        return
    parts = [f"{mark} {meaning}" for mark, meaning in MEANINGS.items() if mark in used]
    if has_rails and any(row.kind == "begin" for row in drawing.rows):
        parts.append("○ begins to wait")
    fates = {row.fate for row in drawing.rows}
    if fates & {"lost", "refused"}:
        parts.append("✗ lost")
    if any(row.kind == "leave" for row in drawing.rows):
        parts.append("#1 the same packet where it arrives")
    yield ""
    texts = [""]
    for part in parts:
        if texts[-1] and cells(texts[-1]) + len(_BETWEEN) + cells(part) > width:
            texts.append("")
        texts[-1] += f"{_BETWEEN if texts[-1] else ''}{part}"
    for text in texts:
        line = Line(width)
        line.put(0, text, "dim")
        yield line.text(look)


def _ms(nanoseconds: int) -> str:
    return f"{nanoseconds / 1e6:.3f}"
