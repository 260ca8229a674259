"""Marks -> rows: a class table as CSV, and as lines for a terminal."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from labctl.grade.marks import Graded, Marks
from labctl.report.frame import cut
from labctl.report.look import Look
from labctl.runner.outcome import Verdict
from labctl.scenario.problems import printable

_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
_BESIDE_NAME = 40


def as_csv(marks: Marks) -> str:
    """A line for each submission: its name, its verdict, passed and asked scenarios, why it can't be used, and the
    verdict of each scenario (empty where it has no part). RFC 4180; cells that spreadsheets would reckon are quoted."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["submission", "verdict", "passed", "of", "trouble", *marks.scenarios])
    for one in marks.graded:
        verdicts = {outcome.id: outcome.verdict.value for outcome in one.outcomes}
        trouble = one.unused.message if one.unused is not None else ""
        row = [printable(one.submission.name), one.verdict.value, one.passed, one.asked, printable(trouble)]
        writer.writerow(map(_harmless, [*row, *(verdicts.get(name, "") for name in marks.scenarios)]))
    return text.getvalue()


def table_lines(marks: Marks, look: Look, *, width: int) -> Iterator[str]:
    """`PASS  anna  71 of 71`, worst last; no wider than `width`."""
    names = max((len(printable(one.submission.name)) for one in marks.graded), default=0)
    beside = max(12, min(names, width - _BESIDE_NAME))
    for one in marks.graded:
        name = cut(printable(one.submission.name), beside, "…")
        yield f"{look.verdict(one.verdict, width=7)} {name.ljust(beside)}  {gist(one, width - beside - 10)}"


def gist(graded: Graded, width: int) -> str:
    """How many passed, or why none could be run."""
    if graded.unused is not None:
        return cut(printable(graded.unused.message), max(20, width), "…")
    failed = [outcome for outcome in graded.outcomes if outcome.verdict is Verdict.FAIL]
    unknown = sum(outcome.verdict is Verdict.UNKNOWN for outcome in graded.outcomes)
    words = f"{graded.passed} of {graded.asked}"
    if unknown:
        words += f", {unknown} unknown"
    if failed:
        words += f", first {failed[0].id}"
    return cut(words, max(20, width), "…")


def _harmless(cell: object) -> object:
    """A spreadsheet takes a text that begins like a formula for one."""
    text = str(cell)
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULAS) else cell
