"""Rows, one after another -> what each column's line looks like meanwhile: runs, waits in a call, no program yet."""

from __future__ import annotations

from labctl.report.drawing import Column, Drawing, Row

RUNS, WAITS, NOBODY, SEVERAL, NOTHING = "│", "╎", "·", "║", " "
MEANINGS = {RUNS: "runs", WAITS: "waits in a call", NOBODY: "no program runs", SEVERAL: "several programs"}

_OF_PROGRAMS = {"call", "begin", "return", "signal", "end", "output"}


class _Lane:
    """A column, as far as its rows have been told. From `begins` on its program is known to run."""

    def __init__(self, column: Column, first: int, last: int, begins: int) -> None:
        self._column = column
        self._first, self._last, self._begins = first, last, begins
        self._alive: set[tuple[int, int]] = set()
        self._waiting: set[tuple[int, int]] = set()
        self._has_ended = False

    def hear(self, row: Row) -> None:
        """A row of this column."""
        if row.process is None:
            return
        if row.kind == "end":
            self._alive.discard(row.process)
            self._waiting.discard(row.process)
            self._has_ended |= row.of_main
            return
        self._alive.add(row.process)
        if row.kind == "begin":
            self._waiting.add(row.process)
        elif row.kind in ("call", "return"):
            self._waiting.discard(row.process)

    def mark(self, place: int) -> str:
        """Its line at the row of that number."""
        if not self._first <= place <= self._last:
            return NOTHING
        if self._column.is_folded:
            return SEVERAL
        if place < self._begins or (self._has_ended and not self._alive):
            return NOBODY
        return WAITS if self._alive and self._alive == self._waiting else RUNS


class Lanes:
    """The lines of all columns."""

    def __init__(self, drawing: Drawing) -> None:
        spans = [_span(drawing, number) for number in range(len(drawing.columns))]
        self._lanes = [_Lane(column, *span) for column, span in zip(drawing.columns, spans, strict=True)]
        self._place = -1

    def pass_by(self, row: Row) -> list[str]:
        """The marks beside this row, which comes next."""
        self._place += 1
        lane = self._lanes[row.column] if row.column is not None else None
        if lane is not None and row.kind != "begin" and row.kind != "end":
            lane.hear(row)
        marks = self.now()
        if lane is not None and (row.kind == "begin" or row.kind == "end"):
            if row.column is not None and marks[row.column] == WAITS:
                marks[row.column] = RUNS
            lane.hear(row)
        return marks

    def now(self) -> list[str]:
        """The marks after the row that was told last."""
        return [lane.mark(self._place) for lane in self._lanes]


def _span(drawing: Drawing, column: int) -> tuple[int, int, int]:
    """The first and the last row beside which a column has a line: to the page's end, if nobody saw it end.

    And the first of its program's own rows. Where there are none, its program, if it has one, is taken to run.
    """
    places = [place for place, row in enumerate(drawing.rows) if column in (row.column, row.source, row.target)]
    its = [row for row in drawing.rows if row.column == column and row.process is not None]
    goes_on = its and not any(row.kind == "end" and row.of_main for row in its)
    own = [place for place in places if drawing.rows[place].kind in _OF_PROGRAMS]
    begins = min(own) if own else min(places) if drawing.columns[column].program else max(places) + 1
    return min(places), len(drawing.rows) - 1 if goes_on else max(places), begins
