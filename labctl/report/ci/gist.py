"""An outcome -> what every report for others says of it: where it stands, in one line, and why, in several."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.report.failure import again
from labctl.report.lines import judged
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, StepOutcome
from labctl.scenario.problems import Position, printable


def wrong_step(outcome: ScenarioOutcome) -> StepOutcome | None:
    """The first step that says why it didn't pass, if a step does."""
    return next(iter(judged(outcome.steps)), None)


def place(outcome: ScenarioOutcome) -> Position:
    """The step that didn't pass; else the first, else the file's beginning."""
    step = wrong_step(outcome) or next(iter(outcome.steps), None)
    return step.at if step is not None else Position(str(outcome.path), 1, 1)


def headline(outcome: ScenarioOutcome) -> str:
    """`step 2 of 4: client: run client cheerios 51717`, or the reason's first line."""
    if (step := wrong_step(outcome)) is not None:
        return f"step {step.number} of {len(outcome.steps)}: {one_line(step.title)}"
    return one_line(outcome.reason.partition("\n")[0])


def reasons(outcome: ScenarioOutcome) -> list[str]:
    """Why it is as it is: the reason, a hint, and what the steps complain of. A text each, some of several lines."""
    said = [outcome.reason] if outcome.reason else []
    said += [complaint for step in judged(outcome.steps) for complaint in step.complaints if complaint not in said]
    return [*map(visible, said), *([f"hint: {visible(outcome.hint)}"] if outcome.hint else [])]


def closing(outcome: ScenarioOutcome) -> Iterator[str]:
    """Where its records are, and how to run it alone again, where it has run."""
    if outcome.folder is not None:
        yield f"records: {one_line(str(outcome.folder))}"
    if outcome.engine:
        yield f"again: {one_line(again(outcome))}"


def programs(outcome: ScenarioOutcome) -> list[ProgramSeen]:
    """Those of the steps that didn't pass, each once: what they had printed by then."""
    return list({id(program): program for step in judged(outcome.steps) for program in step.programs}.values())


def visible(text: str) -> str:
    """A text of several lines in which no character does anything but stand there."""
    return "\n".join(printable(line.removesuffix("\r")) for line in text.split("\n"))


def one_line(text: str) -> str:
    """The same on one line."""
    return printable(text.replace("\n", " ").replace("\t", " "))
