"""One job -> a lab, its steps in order, and the verdict; the lab comes down whatever happens."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec.structs import replace

from labctl.engine.contract import Engine, EngineError, Lab
from labctl.engine.shortage import hint_for, shortage_of
from labctl.hosts.conversation import Cancel, Cancelled
from labctl.observe.names import JOURNAL, PLAN
from labctl.plan.model import Plan
from labctl.runner.apart import is_readable
from labctl.runner.events import Listener, Progressed, ScenarioBegan, ScenarioEnded
from labctl.runner.facts import OPEN, import_meanwhile
from labctl.runner.job import Job, Options
from labctl.runner.lab_run import LabRun, records_what
from labctl.runner.narration import Narration
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict, worst
from labctl.runner.records import Journal, forget_old, open_folder, placed, plan_json
from labctl.runner.titles import title
from labctl.scenario.model import Check, Thing, Wait


@runtime_checkable
class Leavable(Protocol):
    """A lab that can be left standing."""

    name: str

    def leave(self) -> None: ...


class ScenarioRun:
    """Everything one scenario needs while it runs."""

    def __init__(self, key: int, job: Job, engine: Engine, options: Options, listener: Listener) -> None:
        if options.seed is not None:
            job = replace(job, scenario=replace(job.scenario, seed=options.seed))
        self._key, self._job, self._engine = key, job, engine
        self._options, self._listener = options, listener
        self._steps: list[StepOutcome] = []
        self._kept_as = ""
        self._unfinished = ""
        self._mistake: Exception | None = None
        self._lab: Lab | None = None
        self._stood: Plan | None = None
        self.lab_id = f"{os.getpid():x}-{os.urandom(4).hex()}"
        self._began_ns = time.monotonic_ns()
        self._folder = open_folder(job.scenario.path, Path(job.id).name, options.records)
        self._journal = Journal(self._folder / JOURNAL)
        self._records = records_what(job, options)
        self._narration = Narration(key, self._journal, listener)

    def run(self, cancel: Cancel, turn: Callable[[], None], done: Callable[[bool], None]) -> ScenarioOutcome:
        """Bring the lab up, wait for `turn`, run the steps, say `done`, tear down. Cancelled goes through.

        `done` is told whether all is well so far.
        """
        job = self._job
        hosts = tuple(host.name for host in job.plan.hosts)
        titles = tuple(title(step) for step in job.scenario.steps)
        self._journal.write(
            "scenario-began",
            id=job.id,
            engine=self._engine.name,
            lab=self.lab_id,
            hosts=hosts,
            about=job.scenario.about,
            seed=job.scenario.seed,
        )
        self._listener(ScenarioBegan(self._key, job.id, self._engine.name, hosts, titles))
        finishing: threading.Thread | None = None
        try:
            if job.plan.kept:  # labs that ask for one subnet can't stand side by side: those in front go first
                turn()
            with self._bearing_shortage():
                self._bring_up(cancel)
            if not job.plan.kept:
                turn()  # whatever came of the lab: those behind it wait for that
            if self._lab is not None and self._narration.broken is None:
                with self._bearing_shortage():
                    run = LabRun(self._key, job, self._lab, self._options, self._narration, self._folder)
                    self._steps = run.steps
                    run.run(cancel)
            before = self._outcome(hosts)
            if self._records.anything:  # while the lab comes down, which is mostly a wait
                finishing = threading.Thread(target=self._finish_record, args=(before,))
                with self._bearing_shortage():
                    finishing.start()
        finally:
            done(not self._has_failed())
            if self._lab is not None:
                self._tear_down(self._lab)
            if finishing is not None and finishing.ident is not None:
                finishing.join()
            self._miss_record(self._unfinished)
            outcome = self._outcome(hosts)
            self._journal.write("scenario-ended", verdict=outcome.verdict.value, reason=outcome.reason)
            self._journal.close()
            self._miss_record(self._journal.lost)
            outcome = self._outcome(hosts)
            forget_old(self._folder)
        if self._records.anything and (outcome.verdict, outcome.reason) != (before.verdict, before.reason):
            self._finish_record(outcome)
        if self._mistake is not None:  # it came in a thread of its own, where nobody would hear of it
            raise self._mistake
        self._listener(ScenarioEnded(self._key, outcome))
        return outcome

    def _miss_record(self, why: str) -> None:
        if why:
            self._narration.broke(f"the record of the run can't be kept in {self._folder}: {why}", hint_for(why))

    @contextmanager
    def _bearing_shortage(self) -> Iterator[None]:
        """What the machine has run out of breaks the lab, and nothing else. Other exceptions go through."""
        try:
            yield
        except Exception as error:
            if (short := shortage_of(error)) is None:
                raise
            self._narration.broke(str(short), short.hint)

    def _bring_up(self, cancel: Cancel) -> None:
        """The lab, unless it can't be had. Cancelled goes through, as soon as the engine has something to say."""

        said = [""]

        def say(words: str) -> None:
            if is_readable(cancel):
                raise Cancelled
            if words != said[0]:  # the engine says it again while it lasts
                said[0] = words
                self._listener(Progressed(self._key, words))

        import_meanwhile(*self._needed_later())
        plan = self._job.plan.all_attended() if self._records.packets else self._job.plan
        (self._folder / PLAN).write_bytes(plan_json(self._job.plan))
        try:
            self._engine.prepare(plan, say)
            self._lab = lab = self._engine.up(plan, lab=self.lab_id, folder=self._folder, say=say)
        except EngineError as error:
            self._narration.broke(str(error), error.hint)
            return
        self._stood = lab.plan
        (self._folder / PLAN).write_bytes(plan_json(lab.plan))  # now with the addresses that it has
        self._journal.write("lab-up", hosts=placed(lab.plan), internet=lab.plan.internet)

    def _tear_down(self, lab: Lab) -> None:
        with self._bearing_shortage():
            self._take_down(lab)

    def _take_down(self, lab: Lab) -> None:
        try:
            if isinstance(lab, Leavable) and self._is_kept():
                lab.leave()
                self._kept_as = lab.name
                self._journal.write("lab-left", name=lab.name)
                return
            lab.down()
            self._journal.write("lab-down")
        except EngineError as error:
            self._narration.broke(f"the lab could not be removed: {error}", error.hint)

    def _is_kept(self) -> bool:
        return self._options.keep or (self._options.keep_on_fail and self._has_failed())

    def _has_failed(self) -> bool:
        return self._narration.broken is not None or any(step.verdict is not Verdict.PASS for step in self._steps)

    def _finish_record(self, outcome: ScenarioOutcome) -> None:
        try:
            from labctl.runner.finishing import finish

            story = finish(self._folder, verdict=outcome.verdict.value, reason=outcome.reason)
            if self._options.see and self._options.show is not None:
                self._options.show(self._folder, story)
        except Exception as error:
            if short := shortage_of(error):
                self._unfinished = str(short)
            else:
                self._mistake = error

    def _outcome(self, hosts: tuple[str, ...]) -> ScenarioOutcome:
        job = self._job
        ran, broken = len(self._steps), self._narration.broken
        rest = [
            StepOutcome(number=number, at=step.at, title=title(step), verdict=Verdict.NOT_RUN, why=step.why)
            for number, step in enumerate(job.scenario.steps[ran:], ran + 1)
        ]
        verdicts = [step.verdict for step in self._steps]
        if broken is not None or (rest and Verdict.FAIL not in verdicts):
            verdicts.append(Verdict.UNKNOWN)
        return ScenarioOutcome(
            id=job.id,
            path=job.scenario.path,
            engine=self._engine.name,
            verdict=worst(verdicts),
            steps=(*self._steps, *rest),
            hosts=hosts,
            took_s=(time.monotonic_ns() - self._began_ns) / 1e9,
            reason=broken.reason if broken is not None else "",
            hint=broken.hint if broken is not None else "",
            notes=((OPEN,) if self._stood is not None and self._stood.internet else ())
            + (self._stood or job.plan).notes,
            in_force=self._narration.facts,
            folder=self._folder,
            lab=self._kept_as,
            plan=self._stood,
            again_with=job.again_with,
            seed=self._options.seed,
        )

    def _needed_later(self) -> Iterator[str]:
        """Modules that take a while to import, and that this run needs."""
        steps = self._job.scenario.steps
        if any(isinstance(step, Wait | Check) and isinstance(step.subject, Thing) for step in steps):
            yield "labctl.check.backend"
        if self._records.anything:
            yield "labctl.observe.join"


__all__ = ["Cancelled", "ScenarioRun"]
