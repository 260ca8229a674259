"""A graded submission -> its report in lines: what passed, what failed, what was expected, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from labctl.grade.marks import Graded, SecondLook
from labctl.observe.join import NotRecorded, story_of
from labctl.observe.story import Story
from labctl.report.failure import again
from labctl.report.ladder.page import choice_of, told_bare
from labctl.report.lines import judged
from labctl.report.look import PLAIN, Look
from labctl.report.measures import counted
from labctl.report.paragraphs import filled
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict
from labctl.scenario.problems import printable

MOST_ROWS = 60
"""Lines of a ladder that a report shows: the last ones, at whose end the step failed."""
_MOST_COMPLAINTS = 3
_SAID = 40


def report_lines(graded: Graded, look: Look, *, width: int, with_ladders: bool) -> Iterator[str]:
    """The report of one submission."""
    name = look.paint(printable(graded.submission.name), "bold")
    yield f"{look.verdict(graded.verdict)} {name}: {_in_short(graded)}"
    if graded.unused is not None:
        yield from filled(printable(graded.unused.message), first="  ", width=width)
        if graded.unused.hint:
            yield from filled(f"hint: {printable(graded.unused.hint)}", first="  ", below="        ", width=width)
        yield from (f"    | {printable(line)}" for line in graded.unused.said.rstrip("\n").split("\n")[:_SAID] if line)
        return
    for outcome in graded.outcomes:
        if outcome.verdict in (Verdict.FAIL, Verdict.UNKNOWN):
            yield ""
            yield from failed_lines(outcome, graded.seen.get(outcome.id), look, width=width, with_ladder=with_ladders)
    for note, count in notes_of(graded).items():
        yield from filled(f"note: {printable(note)} (in {counted(count, 'scenario')})", first="  ", width=width)
    if "warning:" in graded.warnings:
        yield "  its compiler warned:"
        yield from (f"    | {printable(line)}" for line in graded.warnings.rstrip("\n").split("\n")[:_SAID])


def failed_lines(
    outcome: ScenarioOutcome, seen: SecondLook | None, look: Look, *, width: int, with_ladder: bool
) -> Iterator[str]:
    """One scenario that did not pass."""
    yield f"  {look.verdict(outcome.verdict)} {look.paint(printable(outcome.id), 'bold')}"
    if outcome.reason:
        yield from filled(printable(outcome.reason), first="    ", width=width)
    for step in judged(outcome.steps):
        yield from _step_lines(step, outcome, look, width)
    for words in advice_of(seen):
        yield from filled(printable(words), first=f"    {look.mark('failed')} ", below="      ", width=width)
    if with_ladder and seen is not None and (story := recorded(seen)) is not None:
        yield "    how it went when it was run once more:"
        yield from (f"    {line}" for line in ladder_of(story, width=width - 4))
    yield f"    again: {printable(again(outcome))}"


def advice_of(seen: SecondLook | None) -> tuple[str, ...]:
    """What to look at; of a scenario that passed when it was run once more also that it did."""
    if seen is None:
        return ()
    if seen.verdict is Verdict.PASS:
        return ("it passed when it was run once more: what it does depends on chance, or on the machine's load",)
    return seen.advice


def notes_of(graded: Graded) -> dict[str, int]:
    """What is to be said though it passed, and in how many scenarios."""
    counts: dict[str, int] = {}
    for outcome in graded.outcomes:
        for note in {note for step in outcome.steps for note in step.notes}:
            counts[note] = counts.get(note, 0) + 1
    return counts


def recorded(seen: SecondLook) -> Story | None:
    """The story of the second look, if there is a record of it."""
    try:
        return story_of(Path(seen.folder)) if seen.folder is not None else None
    except NotRecorded:
        return None


def ladder_of(story: Story, *, width: int) -> list[str]:
    """The end of its ladder, with the names of the columns above it."""
    lines = list(told_bare(story, choice_of(only=None, everything=False, width=width), PLAIN, width=width))
    if len(lines) <= MOST_ROWS:
        return lines
    head = next((place for place, line in enumerate(lines) if not line.strip()), 4)
    return [*lines[: min(head, 6)], f"… {len(lines) - MOST_ROWS} lines before these …", *lines[-MOST_ROWS:]]


def _in_short(graded: Graded) -> str:
    if graded.unused is not None:
        return "nothing of it can be run"
    programs = ", ".join(graded.programs)
    return f"{graded.passed} of {counted(graded.asked, 'scenario')} passed with its {programs}"


def _step_lines(step: StepOutcome, outcome: ScenarioOutcome, look: Look, width: int) -> Iterator[str]:
    title = f"step {step.number} of {len(outcome.steps)}: {printable(step.title)}"
    yield from filled(title, first="    ", below="      ", width=width)
    if step.why:
        yield from filled(f"why: {printable(' '.join(step.why.split()))}", first="    ", below="         ", width=width)
    for complaint in step.complaints[:_MOST_COMPLAINTS]:
        words = printable(complaint.split("\n")[0])
        yield from (look.paint(line, "red") for line in filled(words, first="    ", below="      ", width=width))
