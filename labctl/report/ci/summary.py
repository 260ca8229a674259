"""Outcomes -> GitHub's job summary: a table of scenarios, and under it what came of those that didn't pass.

It is HTML, which Markdown may hold: there no character of a program's output means anything once `&<>"'` are written as
entities, while Markdown has a hundred ways out of a code block or a table's cell. No line of a table is blank, for that
would end it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from labctl.report.ci.gist import one_line
from labctl.report.failure import failure_text
from labctl.report.lines import closing_line
from labctl.report.look import PLAIN
from labctl.report.measures import seconds_in_words
from labctl.runner.outcome import ScenarioOutcome, Verdict

MOST_ROWS = 1000
_MARKS = {Verdict.PASS: "✅", Verdict.FAIL: "❌", Verdict.UNKNOWN: "❔", Verdict.SKIPPED: "⏭️", Verdict.NOT_RUN: "⏭️"}
_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_RUN, Verdict.SKIPPED, Verdict.PASS)
_LEFT_OUT = "\n<p>What is missing here did not fit: GitHub shows 1 MiB a step. The run's own output has it.</p>\n"


def summary(outcomes: Sequence[ScenarioOutcome], *, engine: str, took_s: float, interrupted: str, most: int) -> bytes:
    """The summary's text in at most so many bytes of UTF-8; b"" where not even its heading fits.

    Where there are too many scenarios for the table, those that didn't pass come first.
    """
    closing = closing_line(outcomes, engine=engine, took_s=took_s, look=PLAIN, interrupted=interrupted)
    pieces = [f"\n### labctl\n\n<p>{_shown(closing)}</p>\n\n", *_table(outcomes)]
    pieces += [_details(one) for one in outcomes if one.verdict in (Verdict.FAIL, Verdict.UNKNOWN)]
    return _fitted(pieces, most)


def _table(outcomes: Sequence[ScenarioOutcome]) -> Iterable[str]:
    shown = list(outcomes)
    if len(shown) > MOST_ROWS:
        shown = sorted(shown, key=lambda one: _WORST_FIRST.index(one.verdict))[:MOST_ROWS]
    rows = "".join(map(_row, shown))
    yield f"<table>\n<tr><th></th><th>scenario</th><th>verdict</th><th>time</th></tr>\n{rows}</table>\n\n"
    if (more := len(outcomes) - len(shown)) > 0:
        yield f"<p>… and {more} more.</p>\n\n"


def _row(outcome: ScenarioOutcome) -> str:
    ran = outcome.verdict not in (Verdict.SKIPPED, Verdict.NOT_RUN)
    cells = (
        _MARKS[outcome.verdict],
        f"<code>{_shown(_named(outcome))}</code>",
        outcome.verdict.value.upper(),
        seconds_in_words(outcome.took_s) if ran else _shown(outcome.reason.partition("\n")[0]),
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>\n"


def _details(outcome: ScenarioOutcome) -> str:
    heading = f"{outcome.verdict.value.upper()} <code>{_shown(_named(outcome))}</code>"
    text = escape(_encodable(failure_text(outcome, PLAIN)))
    return f"<details><summary>{heading}</summary>\n\n<pre>\n{text}\n</pre>\n\n</details>\n\n"


def _named(outcome: ScenarioOutcome) -> str:
    return outcome.id + (f" (round {outcome.round})" if outcome.round else "")


def _fitted(pieces: Iterable[str], most: int) -> bytes:
    """As many whole pieces as there is room for, and a word about the rest."""
    end = _LEFT_OUT.encode()
    whole, room = b"", most - len(end)
    every = [piece.encode() for piece in pieces]
    if sum(map(len, every)) <= most:
        return b"".join(every)
    for piece in every:
        if len(whole) + len(piece) > room:
            break
        whole += piece
    return whole + end if whole else b""


def _shown(text: str) -> str:
    return escape(_encodable(one_line(text)))


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
