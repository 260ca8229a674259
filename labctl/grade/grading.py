"""Submissions and scenarios -> marks: programs built, scenarios run, and what failed looked at once more.

Every build and every run is a lab of its own, so that no submission sees another or can outlive its time.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from labctl.engine.contract import Engine, Say
from labctl.grade.advice import advice
from labctl.grade.marks import Graded, Marks, SecondLook, Unused, in_order
from labctl.grade.submissions import Submission
from labctl.observe.join import NotRecorded, story_of
from labctl.plan.given import Given, needed
from labctl.programs.place import place as new_place
from labctl.programs.taking import Taken, take
from labctl.programs.unusable import Unusable
from labctl.programs.workshop import Workshop
from labctl.runner.apart import Cancel, apart
from labctl.runner.events import Event, ScenarioEnded
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, StepOutcome, Verdict
from labctl.runner.run import run_all
from labctl.runner.select import Selected, jobs_of

_PRINTED = 32 * 1024
"""Bytes of each stream of a program that are kept for the report."""
LOOKED_AT = 5
"""So many failed scenarios of a submission are run once more and recorded, the first ones."""


class Asked(Struct, frozen=True, kw_only=True):
    """How to grade. `records`: runs leave their records below it; `jobs`: so many labs are there at the same time.

    `looked_at`: so many failed scenarios of a submission are run once more.
    """

    records: Path
    jobs: int = 1
    strict: bool = False
    slack: float = 1.0
    looked_at: int = LOOKED_AT


class Told(Protocol):
    """Who is told how grading goes on, from any thread."""

    def prepared(self, submission: Submission, unused: Unused | None) -> None:
        """Its programs can be used, or not."""

    def ended(self, submission: Submission, outcome: ScenarioOutcome) -> None:
        """A scenario of one submission is over."""


class _Ready(Struct, frozen=True):
    submission: Submission
    taken: Taken | None
    unused: Unused | None


def grade(
    submissions: Sequence[Submission], selected: Sequence[Selected], engine: Engine, asked: Asked, say: Say, told: Told
) -> Marks:
    """Grade all of them. What interrupts it goes through when every lab is down. EngineError if nothing can be run."""
    names = tuple(dict.fromkeys(name for one in selected for name in needed(one.scenario.steps)))
    with ExitStack() as undo:
        places = [undo.enter_context(new_place()) for _ in submissions]
        prepare = partial(_prepared, names=names, engine=engine, asked=asked, say=say, told=told)
        ready = apart(lambda cancel: _all_prepared(prepare, submissions, places, asked.jobs, cancel))
        outcomes = _run(ready, selected, engine, asked, told)
        seen = _looked_at(ready, selected, outcomes, engine, asked)
    graded = tuple(
        Graded(
            submission=one.submission,
            programs=one.taken.given.names if one.taken is not None else (),
            unused=one.unused,
            warnings=one.taken.warnings if one.taken is not None else "",
            outcomes=tuple(outcomes.get(number, {}).values()),
            seen=seen.get(number, {}),
        )
        for number, one in enumerate(ready)
    )
    return Marks(engine=engine.name, scenarios=in_order([one.id for one in selected], graded), graded=graded)


def _all_prepared(
    prepare: Callable[..., _Ready],
    submissions: Sequence[Submission],
    places: Sequence[Path],
    jobs: int,
    cancel: Cancel,
) -> list[_Ready]:
    """Some at the same time: each builds in a lab of its own."""
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        return list(pool.map(partial(prepare, cancel=cancel), submissions, places))


def _prepared(
    submission: Submission,
    folder: Path,
    *,
    names: Sequence[str],
    engine: Engine,
    asked: Asked,
    say: Say,
    told: Told,
    cancel: Cancel,
) -> _Ready:
    try:
        if submission.trouble:
            raise Unusable(submission.trouble, hint="put the folder itself there")
        workshop = Workshop(lambda: engine, folder, say, cancel=cancel, slack=asked.slack)
        ready = _Ready(submission, take([str(submission.folder)], names, place=folder, builder=workshop), None)
    except Unusable as error:
        ready = _Ready(submission, None, Unused(str(error), error.hint, error.said))
    except (OSError, RecursionError, LookupError, ValueError) as error:  # whatever it does to us, it does to itself
        ready = _Ready(submission, None, Unused(f"{submission.name} can't be taken: {error}"))
    told.prepared(submission, ready.unused)
    return ready


class _Runs:
    """Scenarios of all submissions, run as one. `outcomes`: by the submission's place, then by the scenario's id."""

    def __init__(self, ready: Sequence[_Ready], told: Told | None) -> None:
        self._ready, self._told = ready, told
        self._jobs: list[Job] = []
        self._places: list[int] = []
        self.outcomes: dict[int, dict[str, ScenarioOutcome]] = {}

    def add(self, place: int, given: Given, selected: Iterable[Selected], *, engine: str, strict: bool) -> None:
        """Those scenarios in which a given program has a part."""
        concerned = [one for one in selected if set(given.names) & set(needed(one.scenario.steps))]
        words = ("--programs", str(self._ready[place].submission.folder), *(("--strict",) if strict else ()))
        jobs, skipped = jobs_of(concerned, engine=engine, given=given, again_with=words)
        self.outcomes[place] = {one.id: one for one in skipped}
        self._jobs += jobs
        self._places += [place] * len(jobs)

    def run(self, engine: Engine, options: Options) -> None:
        """Run all that was added."""
        if self._jobs:
            run_all(self._jobs, engine, options, self._hear)

    def _hear(self, event: Event) -> None:
        if isinstance(event, ScenarioEnded):
            place = self._places[event.key]
            self.outcomes[place][event.outcome.id] = _kept(event.outcome)
            if self._told is not None:
                self._told.ended(self._ready[place].submission, event.outcome)


def _kept(outcome: ScenarioOutcome) -> ScenarioOutcome:
    """What of an outcome is kept until the end: of many submissions there are thousands.

    Records of what went well are let go of, and of what programs printed all that no report would show.
    """
    if outcome.verdict is Verdict.PASS and outcome.folder is not None:
        shutil.rmtree(outcome.folder, ignore_errors=True)
        return replace(outcome, folder=None, plan=None)
    return replace(outcome, steps=tuple(map(_shortened, outcome.steps)))


def _shortened(step: StepOutcome) -> StepOutcome:
    programs = (
        replace(one, stdout=one.stdout[:_PRINTED], stderr=one.stderr[:_PRINTED], cut=one.cut or _is_long(one))
        for one in step.programs
    )
    return replace(step, programs=tuple(programs))


def _is_long(program: ProgramSeen) -> bool:
    return max(len(program.stdout), len(program.stderr)) > _PRINTED


def _run(
    ready: Sequence[_Ready], selected: Sequence[Selected], engine: Engine, asked: Asked, told: Told
) -> dict[int, dict[str, ScenarioOutcome]]:
    runs = _Runs(ready, told)
    for number, one in enumerate(ready):
        if one.taken is not None:
            runs.add(number, one.taken.given, selected, engine=engine.name, strict=asked.strict)
    runs.run(engine, _options(asked))
    order = {one.id: number for number, one in enumerate(selected)}
    return {
        place: dict(sorted(outcomes.items(), key=lambda item: order[item[0]]))
        for place, outcomes in runs.outcomes.items()
    }


def _looked_at(
    ready: Sequence[_Ready],
    selected: Sequence[Selected],
    outcomes: dict[int, dict[str, ScenarioOutcome]],
    engine: Engine,
    asked: Asked,
) -> dict[int, dict[str, SecondLook]]:
    """The first failed scenarios of each once more, with packets and system calls recorded."""
    runs = _Runs(ready, None)
    for place, mine in outcomes.items():
        failed = [name for name, outcome in mine.items() if outcome.verdict is Verdict.FAIL][: asked.looked_at]
        taken = ready[place].taken
        again = [one for one in selected if one.id in failed]
        if again and taken is not None:
            runs.add(place, taken.given, again, engine=engine.name, strict=asked.strict)
    runs.run(engine, replace(_options(asked), see=True))
    return {
        place: {name: _second_look(outcome) for name, outcome in mine.items()} for place, mine in runs.outcomes.items()
    }


def _second_look(outcome: ScenarioOutcome) -> SecondLook:
    story = None
    if outcome.folder is not None:
        with suppress(NotRecorded):
            story = story_of(outcome.folder)
    return SecondLook(outcome.verdict, outcome.folder, advice(outcome, story))


def _options(asked: Asked) -> Options:
    return Options(jobs=asked.jobs, records=asked.records, slack=asked.slack, strict=asked.strict, forgets=True)
