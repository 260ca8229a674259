"""The outcome of a scenario that didn't pass -> all that tells why, and how to run only that again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shlex import quote

from labctl.report.lines import judged
from labctl.report.look import Look
from labctl.report.measures import counted
from labctl.report.visible import excerpt
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, StepOutcome, Verdict
from labctl.scenario.problems import printable

MOST_COMPLAINTS = 10
MOST_PROGRAMS = 5


def failure_text(outcome: ScenarioOutcome, look: Look) -> str:
    """Several lines: the step with its place, what was expected, what came, what the programs printed, what to do.

    Whatever came from a program or a file is indented and shows its escapes, so that it can't pass for labctl's.
    """
    return "\n".join(_lines(outcome, look))


def again(outcome: ScenarioOutcome) -> str:
    """The command that runs only this scenario again, on the same engine."""
    repeated = " --until-failure" if outcome.round else ""
    words = "".join(f" {quote(word)}" for word in outcome.again_with)
    seeded = f" --seed {outcome.seed}" if outcome.seed is not None else ""
    return f"labctl run {quote(outcome.id)} --engine {outcome.engine}{words}{seeded}{repeated}"


def _lines(outcome: ScenarioOutcome, look: Look) -> Iterator[str]:
    in_round = f" in round {outcome.round}" if outcome.round else ""
    in_round += f" with seed {outcome.seed}" if outcome.seed is not None else ""
    yield f"{look.verdict(outcome.verdict)} {look.paint(printable(outcome.id), 'bold')} on {outcome.engine}{in_round}"
    if outcome.reason:
        yield from _indented(outcome.reason, "  ")
    if outcome.hint:
        yield from _titled("hint: ", outcome.hint)
    for step in judged(outcome.steps):
        yield from _step(step, outcome, look)
    yield from _closing(outcome, look)


def _step(step: StepOutcome, outcome: ScenarioOutcome, look: Look) -> Iterator[str]:
    place = look.paint(printable(str(step.at)), "bold")
    yield f"{place}: step {step.number} of {len(outcome.steps)}: {printable(step.title)}"
    if step.why:
        yield from _titled("why: ", step.why)
    yield from said_of(step, look, but=outcome.reason)
    yield ""


def said_of(step: StepOutcome, look: Look, *, but: str = "") -> Iterator[str]:
    """What was expected and what came, but for one complaint that was told before; and what its programs printed."""
    complaints = [complaint for complaint in step.complaints if complaint != but]
    for complaint in complaints[:MOST_COMPLAINTS]:
        yield from (look.paint(line, "red") for line in _titled("", complaint, below="  "))
    if (more := len(complaints) - MOST_COMPLAINTS) > 0:
        yield f"  ({more} more like these)"
    shown = _most_telling(step)
    for program in shown:
        yield ""
        yield from program_lines(program, look)
    if (more := len(step.programs) - len(shown)) > 0:
        yield f"  ({counted(more, 'more program')})"


def _most_telling(step: StepOutcome) -> Sequence[ProgramSeen]:
    """The programs that complaints name come first where there are too many to show."""
    if len(step.programs) <= MOST_PROGRAMS:
        return step.programs
    named = {complaint.partition(": ")[0].partition(" ")[0] for complaint in step.complaints}
    return sorted(step.programs, key=lambda program: program.name not in named)[:MOST_PROGRAMS]


def program_lines(program: ProgramSeen, look: Look) -> Iterator[str]:
    """What it was started as, how it ended, and what it printed, as far as that can be shown."""
    command = printable(" ".join(quote(word) for word in program.command)).replace("\t", "\\t")
    yield f"  {program.name} on {program.host}: {look.paint(command, 'bold')} ({program.ending})"
    for name, data in (("stdout", program.stdout), ("stderr", program.stderr)):
        shown = excerpt(data)
        yield from (f"    {name} | {line}" for line in shown.first)
        if shown.left_out:
            yield f"    ({shown.left_out} more lines)"
        yield from (f"    {name} | {line}" for line in shown.last)
    if not program.stdout and not program.stderr:
        yield "    it printed nothing"
    if program.cut:
        yield "    its output was too long: what came after is lost"


def _closing(outcome: ScenarioOutcome, look: Look) -> Iterator[str]:
    not_run = sum(step.verdict is Verdict.NOT_RUN for step in outcome.steps)
    if not_run and judged(outcome.steps):
        yield f"  {counted(not_run, 'later step was', 'later steps were')} not run"
    for note in outcome.notes:
        yield from _titled("note: ", note)
    if outcome.folder is not None:
        yield f"  records: {printable(str(outcome.folder))}"
    yield f"  again:   {look.paint(again(outcome), 'bold')}"


def _titled(title: str, text: str, *, below: str = "") -> Iterator[str]:
    """`title: first line`, later lines below the first and `below` farther in."""
    first, *rest = _indented(text, "")
    yield f"  {title}{first}"
    yield from (f"  {' ' * len(title)}{below}{line}" for line in rest)


def _indented(text: str, indent: str) -> list[str]:
    return [f"{indent}{printable(line)}".rstrip() for line in text.rstrip("\n").split("\n")]
