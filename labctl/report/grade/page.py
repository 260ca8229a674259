"""Marks -> one HTML file that needs nothing from elsewhere: the class table, and the report of each submission.

Everything that came from a submission goes through the template's autoescape.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct

from labctl.grade.marks import Graded, Marks
from labctl.report.failure import again
from labctl.report.grade.table import gist
from labctl.report.grade.text import advice_of, ladder_of, notes_of, recorded
from labctl.report.lines import judged
from labctl.report.measures import counted, seconds_in_words
from labctl.report.visible import excerpt
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, Verdict
from labctl.scenario.problems import printable

_ROOM = "labctl.report.grade"
_WIDTH = 110
_GIST = 200


class Failed(Struct, frozen=True, kw_only=True):
    """A scenario that did not pass, as the template wants it. All of it is text, and escaped there."""

    id: str
    verdict: str
    reason: str
    steps: tuple[tuple[str, str, tuple[str, ...]], ...]
    advice: tuple[str, ...]
    programs: tuple[tuple[str, tuple[str, ...]], ...]
    ladder: tuple[str, ...]
    again: str


class Row(Struct, frozen=True, kw_only=True):
    """A submission. `cells`: for each scenario its verdict, empty where none of its programs has a part."""

    anchor: str
    name: str
    verdict: str
    gist: str
    programs: str
    cells: tuple[tuple[str, str], ...]
    trouble: str
    hint: str
    said: tuple[str, ...]
    failed: tuple[Failed, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]


def page(marks: Marks) -> str:
    """The page. The same marks and records give the same text."""
    style = (files(_ROOM) / "templates" / "grade.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    passed = sum(one.verdict is Verdict.PASS for one in marks.graded)
    return (
        _environment()
        .get_template("grade.html.j2")
        .render(
            policy=policy,
            style=Markup(style),
            scenarios=marks.scenarios,
            rows=[_row(one, marks, f"s{number}") for number, one in enumerate(marks.graded, 1)],
            closing=f"{passed} of {counted(len(marks.graded), 'submission')} passed all, on {marks.engine}, in "
            f"{seconds_in_words(marks.took_s)}",
        )
        + "\n"
    )


def _row(one: Graded, marks: Marks, anchor: str) -> Row:
    verdicts = {outcome.id: outcome.verdict.value for outcome in one.outcomes}
    unused = one.unused
    has_warned = "warning:" in one.warnings
    return Row(
        anchor=anchor,
        name=printable(one.submission.name),
        verdict=one.verdict.value,
        gist=gist(one, _GIST),
        programs=", ".join(one.programs),
        cells=tuple((name, verdicts.get(name, "")) for name in marks.scenarios),
        trouble="" if unused is None else printable(unused.message),
        hint="" if unused is None else printable(unused.hint),
        said=() if unused is None else tuple(map(printable, unused.said.rstrip("\n").split("\n"))),
        failed=tuple(_failed(one, outcome) for outcome in one.outcomes if _is_wrong(outcome)),
        notes=tuple(f"{printable(note)} (in {counted(count, 'scenario')})" for note, count in notes_of(one).items()),
        warnings=tuple(map(printable, one.warnings.rstrip("\n").split("\n"))) if has_warned else (),
    )


def _is_wrong(outcome: ScenarioOutcome) -> bool:
    return outcome.verdict in (Verdict.FAIL, Verdict.UNKNOWN)


def _failed(one: Graded, outcome: ScenarioOutcome) -> Failed:
    seen = one.seen.get(outcome.id)
    story = recorded(seen) if seen is not None else None
    wrong = judged(outcome.steps)
    return Failed(
        id=outcome.id,
        verdict=outcome.verdict.value,
        reason=printable(outcome.reason),
        steps=tuple(
            (
                f"{printable(str(step.at))}: step {step.number} of {len(outcome.steps)}: {printable(step.title)}",
                " ".join((step.why or "").split()),
                tuple("\n".join(map(printable, complaint.split("\n"))) for complaint in step.complaints),
            )
            for step in wrong
        ),
        advice=tuple(map(printable, advice_of(seen))),
        programs=tuple(_printed(program) for step in wrong for program in step.programs),
        ladder=() if story is None else tuple(ladder_of(story, width=_WIDTH)),
        again=printable(again(outcome)),
    )


def _printed(program: ProgramSeen) -> tuple[str, tuple[str, ...]]:
    lines = []
    for name, data in (("stdout", program.stdout), ("stderr", program.stderr)):
        shown = excerpt(data)
        lines += [f"{name} | {line}" for line in shown.first]
        if shown.left_out:
            lines.append(f"({shown.left_out} more lines)")
        lines += [f"{name} | {line}" for line in shown.last]
    command = printable(" ".join(program.command))
    return f"{program.name} on {program.host}: {command} ({program.ending})", tuple(lines or ["it printed nothing"])


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader(_ROOM, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
