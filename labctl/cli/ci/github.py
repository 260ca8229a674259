"""GitHub's environment -> annotations on standard output, a summary in the file that it names, and output that is no
command there.

A job's output is read line by line for commands (`::error …`). While a run goes on that is turned off, with a token
that no program of a lab can know: what a program prints can't annotate anything.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from labctl.report.ci.annotations import errors, warnings
from labctl.report.ci.summary import summary
from labctl.runner.outcome import ScenarioOutcome
from labctl.scenario.problems import Problem

MOST_SUMMARY = 1024 * 1024
"""Bytes that GitHub shows of a step's summary; of more it shows nothing."""

Say = Callable[[str], None]
"""Writes a line where GitHub reads."""


def is_github(environment: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub's."""
    return environment.get("GITHUB_ACTIONS") == "true"


@contextmanager
def unheard(environment: Mapping[str, str], say: Say) -> Iterator[None]:
    """What is written within holds no commands. Nothing happens elsewhere than in a job of GitHub's."""
    if not is_github(environment):
        yield
        return
    token = secrets.token_hex(16)
    say(f"::stop-commands::{token}")
    try:
        yield
    finally:
        say(f"::{token}::")


def annotate(
    outcomes: Sequence[ScenarioOutcome], problems: Sequence[Problem], environment: Mapping[str, str], say: Say
) -> None:
    """A note at the line of each step that didn't pass, and a warning for each of these problems."""
    here = Path.cwd()
    top = Path(environment.get("GITHUB_WORKSPACE") or here)
    for line in (*warnings(problems, here=here, top=top), *errors(outcomes, here=here, top=top)):
        say(line)


def append_summary(
    outcomes: Sequence[ScenarioOutcome],
    environment: Mapping[str, str],
    *,
    engine: str,
    took_s: float,
    interrupted: str,
) -> str:
    """Put the summary behind what the step has already. Why it can't be, empty where it can or none is wished."""
    path = environment.get("GITHUB_STEP_SUMMARY", "")
    if not path:
        return ""
    try:
        held = os.stat(path).st_size if os.path.exists(path) else 0
        text = summary(outcomes, engine=engine, took_s=took_s, interrupted=interrupted, most=MOST_SUMMARY - held)
        with open(path, "ab") as file:
            file.write(text)
    except OSError as error:
        return error.strerror or str(error)
    return ""
