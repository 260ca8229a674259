"""Words of the command line -> the lessons of the scenarios that they name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from labctl.cli.refusals import CannotLook
from labctl.cli.selection import named
from labctl.cli.terminal.device import Device
from labctl.cli.terminal.progress import progress_on
from labctl.cli.terminal.signals import ending_on_signals
from labctl.cli.terminal.tellers import Quiet
from labctl.engine.choose import EngineName, choose
from labctl.engine.contract import EngineError, Say
from labctl.observe.story import Story
from labctl.report.ladder.page import choice_of, told_bare
from labctl.report.lesson import lesson
from labctl.report.lines import result_line
from labctl.runner.events import Event, Progressed
from labctl.runner.outcome import ScenarioOutcome, exit_code
from labctl.runner.run import Options, run_all
from labctl.runner.select import Selected, jobs_of, load

_WIDTH = 80
_CHOICE = choice_of(only=None, everything=False, width=_WIDTH)


def tell(words: Sequence[str], device: Device, *, engine: EngineName | None = None) -> int:
    """Tell each scenario once, with all its families. Problems go to standard output, as `labctl validate` has them.

    With an engine each is run, with its first family, and what happened is told. The exit code: 2 with problems; else
    that of the runs.
    """
    loaded = load(named(words, device).files)
    outcomes: list[ScenarioOutcome] = []
    by_file = groupby(loaded.selected, key=lambda one: one.scenario.path)
    for number, (_, several) in enumerate(by_file):
        lessons = list(several)
        story = None
        if engine is not None:
            outcome, story = _run(lessons[0], engine, device)
            outcomes.append(outcome)
        if number:
            device.result("\n" + "-" * 80 + "\n")
        device.result("\n".join(_lines(lessons, story, device)))
        if engine is not None:
            device.result("\n" + result_line(outcomes[-1], device.result_look))
    for warning in loaded.warnings:
        device.progress(f"warning: {warning}")
    for problem in loaded.problems:
        device.result(str(problem))
    return 2 if loaded.problems else exit_code(outcomes) if outcomes else 0


def _run(one: Selected, name: EngineName, device: Device) -> tuple[ScenarioOutcome, Story | None]:
    """Run it, recorded. CannotLook where that can't be; an interrupt goes through when its lab is down."""
    stories: list[Story] = []
    options = Options(see=True, show=lambda folder, story: stories.append(story))
    try:
        with ending_on_signals(Quiet(device).notice):
            engine = choose(name, [one.plan.all_attended()], lambda words: device.progress(f"labctl: {words}"))
            jobs, skipped = jobs_of([one], engine=engine.name)
            with progress_on(device) as say:
                [outcome] = [*skipped, *run_all(jobs, engine, options, lambda event: _tell_progress(event, say))]
    except EngineError as error:
        raise CannotLook(str(error), hint=error.hint) from error
    return outcome, stories[-1] if stories else None


def _tell_progress(event: Event, say: Say) -> None:
    """What takes long before the first step: images that are built."""
    if isinstance(event, Progressed):
        say(event.words)


def _lines(several: list[Selected], story: Story | None, device: Device) -> list[str]:
    """The lesson of one file, which was selected with one family or with several."""
    first = several[0]
    identity = first.id if len(several) == 1 else first.id.rpartition("[")[0]
    families = [one.plan.family for one in several]
    happened = [] if story is None else list(told_bare(story, _CHOICE, device.result_look, width=_WIDTH))
    return list(lesson(identity, first.scenario, first.plan, families, device.result_look, happened=happened))
