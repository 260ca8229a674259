"""A lab that stands, and a scenario -> its steps done one after another, and what came of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec.structs import replace

from labctl.hosts.conversation import LabBroke
from labctl.hosts.program import Program
from labctl.runner.outcome import StepOutcome, Verdict
from labctl.runner.recorded import Judge, Record, judged
from labctl.runner.session import CannotTell, Session, StepFailed, seen
from labctl.runner.steps import perform
from labctl.runner.titles import title
from labctl.scenario.model import Step


class Told(Protocol):
    """Who is told what happens to steps."""

    def step_began(self, number: int, step: Step, title: str) -> None: ...

    def step_ended(self, outcome: StepOutcome, programs: Sequence[Program]) -> None: ...

    def step_judged(self, outcome: StepOutcome) -> None:
        """It had passed, and the record says otherwise."""

    def broke(self, reason: str, hint: str) -> None: ...


class Stepping:
    """The steps of a scenario. `outcomes` are given those of the steps that are begun, in their order."""

    def __init__(self, session: Session, told: Told, outcomes: list[StepOutcome]) -> None:
        self._session, self._told = session, told
        self._judges: dict[int, list[Judge]] = {}
        self._outcomes = outcomes
        self._began = time.monotonic()

    def run(self) -> bool:
        """Do them, up to the first that does not pass; whether all did. LabBroke."""
        self._began = time.monotonic()
        return all(self.do(step).verdict is Verdict.PASS for step in self._session.scenario.steps)

    def judge(self, record: Callable[[], Record]) -> None:
        """Judge what steps expect of the record, now that it is whole."""
        judges_of, self._judges = self._judges, {}
        for number, judges in judges_of.items():
            if self._outcomes[number - 1].verdict is not Verdict.PASS:
                continue
            try:
                complaints, verdict = judged(record(), judges), Verdict.FAIL
            except CannotTell as error:
                complaints, verdict = [str(error)], Verdict.UNKNOWN
                self._told.broke(str(error), "")
            if complaints:
                outcome = replace(self._outcomes[number - 1], verdict=verdict, complaints=tuple(complaints))
                self._outcomes[number - 1] = outcome
                self._told.step_judged(outcome)

    def do(self, step: Step) -> StepOutcome:
        """Do the next step; what came of it. LabBroke, once that is noted too."""
        session = self._session
        number = len(self._outcomes) + 1
        name = title(step)
        self._told.step_began(number, step, name)
        start = time.monotonic()
        complaints: tuple[str, ...] = ()
        programs: tuple[Program, ...] = ()
        verdict = Verdict.PASS
        broke: LabBroke | None = None
        try:
            perform(session, step)
        except StepFailed as failure:
            verdict, complaints = Verdict.FAIL, failure.complaints
            programs = failure.programs
            try:
                if trouble := session.links.trouble():
                    verdict, complaints = Verdict.UNKNOWN, (trouble, *complaints)
                    self._told.broke(trouble, "")
            except LabBroke as error:
                verdict, complaints, broke = Verdict.UNKNOWN, (str(error), *complaints), error
        except CannotTell as error:
            verdict, complaints = Verdict.UNKNOWN, (str(error),)
            self._told.broke(str(error), "")
        except LabBroke as error:
            verdict, complaints, broke = Verdict.UNKNOWN, (str(error),), error
        now = time.monotonic()
        outcome = StepOutcome(
            number=number,
            at=step.at,
            title=name,
            verdict=verdict,
            why=step.why,
            began_s=start - self._began,
            took_s=now - start,
            complaints=complaints,
            programs=tuple(map(seen, programs)),
            notes=tuple(dict.fromkeys(session.notes)),
        )
        session.notes = []
        self._outcomes.append(outcome)
        if session.postponed:
            self._judges[number], session.postponed = session.postponed, []
        self._told.step_ended(outcome, list(session.conversation.programs.values()))
        if broke is not None:
            raise broke
        return outcome
