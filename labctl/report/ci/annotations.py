"""Outcomes -> GitHub's workflow commands, which put a note at the line of each step that didn't pass.

Written as docs.github.com has it (workflow commands for GitHub Actions): `%`, CR and LF are escaped in a message, in
properties `:` and `,` too.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from labctl.report.ci.gist import closing, headline, one_line, place, reasons
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.scenario.problems import Problem

MOST_TEXT = 3000
"""Characters of a message."""
_MESSAGE = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A", ":": "%3A", ",": "%2C"})


def errors(outcomes: Iterable[ScenarioOutcome], *, here: Path, top: Path) -> Iterator[str]:
    """An error for each outcome that is FAIL or UNKNOWN. `here`: where paths begin; `top`: the repository's top."""
    for outcome in outcomes:
        if outcome.verdict in (Verdict.FAIL, Verdict.UNKNOWN):
            at = place(outcome)
            title = ": ".join(
                filter(None, (f"{outcome.verdict.value.upper()} {one_line(outcome.id)}", headline(outcome)))
            )
            message = "\n".join([*reasons(outcome), *closing(outcome)])
            yield _command("error", _below(at.file, here, top), at.line, title, message)


def warnings(problems: Iterable[Problem], *, here: Path, top: Path) -> Iterator[str]:
    """A warning for each thing that is allowed in the files, and probably not meant."""
    for problem in problems:
        message = problem.message + (f"\n{problem.hint}" if problem.hint else "")
        yield _command("warning", _below(problem.at.file, here, top), problem.at.line, "labctl", message)


def _command(name: str, file: str, line: int, title: str, message: str) -> str:
    shown = message if len(message) <= MOST_TEXT else f"{message[:MOST_TEXT]}…"
    properties = {"file": file, "line": str(line), "title": title}
    words = ",".join(f"{key}={_encodable(value).translate(_PROPERTY)}" for key, value in properties.items())
    return f"::{name} {words}::{_encodable(shown).translate(_MESSAGE)}"


def _below(file: str, here: Path, top: Path) -> str:
    """The file as seen from the repository's top, where it lies below it; GitHub knows no other."""
    whole = os.path.normpath(here / file)
    seen = os.path.relpath(whole, top)
    return file if seen.startswith("..") else seen


def _encodable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
