"""Outcomes -> JUnit XML, as GitLab, Jenkins and others read it: FAIL is a failure, UNKNOWN an error.

A scenario is a test case; what was not run is skipped. `system-out` and `system-err` are what the programs of the
step that didn't pass had printed. No character is in it that XML 1.0 forbids or that can't be seen: they are written
as escapes, other bytes than UTF-8 as `\\xNN`.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from labctl import __version__
from labctl.report.ci.gist import closing, headline, place, programs, reasons, visible, wrong_step
from labctl.report.visible import visible_text
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, Verdict

MOST_OUTPUT = 64 * 1024
"""Bytes of a program's stream; of more the middle is left out. The run's folder has all of it."""
_TAGS = {Verdict.FAIL: "failure", Verdict.UNKNOWN: "error", Verdict.SKIPPED: "skipped", Verdict.NOT_RUN: "skipped"}
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, 2.2; CR is read as LF


def junit(
    outcomes: Sequence[ScenarioOutcome],
    *,
    engine: str = "",
    took_s: float = 0.0,
    began: datetime | None = None,
    name: str = "labctl",
) -> bytes:
    """A document in UTF-8: one suite of that name with a case for each outcome, in their order."""
    counts = {tag: str(sum(_TAGS.get(one.verdict) == tag for one in outcomes)) for tag in ("failure", "error")}
    skipped = str(sum(_TAGS.get(one.verdict) == "skipped" for one in outcomes))
    totals = {
        "tests": str(len(outcomes)),
        "failures": counts["failure"],
        "errors": counts["error"],
        "skipped": skipped,
        "time": f"{took_s:.3f}",
    }
    top = Element("testsuites", {"name": _text(name), **totals})
    suite = SubElement(top, "testsuite", {"name": _text(name), **totals})
    if began is not None:
        suite.set("timestamp", began.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"))
    _properties(suite, {"labctl": __version__, "engine": engine})
    for outcome in outcomes:
        _case(suite, outcome)
    ElementTree.indent(top)
    text: str = ElementTree.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'.encode()


def _case(suite: Element, outcome: ScenarioOutcome) -> None:
    at = place(outcome)
    folder, _, name = outcome.id.rpartition("/")
    parts = [part for part in PurePath(folder).parts if part not in ("/", "..")]
    case = SubElement(
        suite,
        "testcase",
        {
            "classname": _text(".".join(parts)) or "labctl",
            "name": _text(name) + (f" (round {outcome.round})" if outcome.round else ""),
            "file": _text(str(outcome.path)),
            "line": str(at.line if at.file == str(outcome.path) else 1),
            "time": f"{outcome.took_s:.3f}",
        },
    )
    _properties(case, dict(_facts(outcome)))
    if (tag := _TAGS.get(outcome.verdict)) is not None:
        said = reasons(outcome)
        told = SubElement(case, tag, {"message": _text(said[0].partition("\n")[0] if said else headline(outcome))})
        if tag != "skipped":
            told.set("type", outcome.verdict.value.upper())
            told.text = _text("\n".join(_whole(outcome, said)))
    for stream in ("stdout", "stderr"):
        printed = "\n".join(_printed(program, stream) for program in programs(outcome) if getattr(program, stream))
        if printed:
            SubElement(case, {"stdout": "system-out", "stderr": "system-err"}[stream]).text = _text(printed)


def _facts(outcome: ScenarioOutcome) -> Iterator[tuple[str, str]]:
    yield "engine", outcome.engine
    yield "records", str(outcome.folder or "")
    yield "seed", "" if outcome.seed is None else str(outcome.seed)
    yield "round", str(outcome.round or "")


def _whole(outcome: ScenarioOutcome, said: Sequence[str]) -> Iterator[str]:
    step = wrong_step(outcome)
    if step is not None:
        yield f"{step.at}: {headline(outcome)}"
        if step.why:
            yield f"why: {visible(step.why)}"
    yield from said
    yield from closing(outcome)


def _printed(program: ProgramSeen, stream: str) -> str:
    """A heading, then what it printed there."""
    data = program.stdout if stream == "stdout" else program.stderr
    heading = f"--- {program.name} on {program.host}: {shlex.join(program.command)} ({program.ending})"
    lost = "\n(its output was too long: what came after is lost)" if program.cut else ""
    return f"{heading}\n{visible_text(data, most=MOST_OUTPUT)}{lost}"


def _properties(parent: Element, named: dict[str, str]) -> None:
    given = {name: value for name, value in named.items() if value}
    if given:
        properties = SubElement(parent, "properties")
        for name, value in given.items():
            SubElement(properties, "property", {"name": name, "value": _text(value)})


def _text(text: str) -> str:
    """The text with all that XML forbids, and all else that can't be seen, as escapes."""
    seen = visible(text)
    return _FORBIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", seen)
