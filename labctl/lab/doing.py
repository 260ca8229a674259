"""What a test asks for -> a step, done on its lab and noted in the journal; what is not so is raised."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from labctl.agent.frames import Header
from labctl.engine.contract import Lab
from labctl.hosts.conversation import LabBroke
from labctl.hosts.program import Program
from labctl.lab.errors import LabError, LabFailure, WrongWords
from labctl.lab.words import callers_place, read_step
from labctl.report.failure import said_of
from labctl.report.look import PLAIN
from labctl.runner.counted import Counts
from labctl.runner.narration import Narration
from labctl.runner.outcome import StepOutcome, Verdict
from labctl.runner.session import Session
from labctl.runner.stepping import Stepping
from labctl.scenario.links.places import is_of_record, link_of
from labctl.scenario.model import Check, HostSpec, Impair, Link, LinkState, Step, Wait
from labctl.scenario.needs import needs_capture, needs_trace
from labctl.scenario.problems import printable
from labctl.scenario.steps import Outline

if TYPE_CHECKING:
    from labctl.runner.recording import Recording


class Doing:
    """Does steps, one after another. `has_failed`: a test has been told that something is not so, or can't be said."""

    def __init__(
        self, session: Session, narration: Narration, lab: Lab, specs: Sequence[HostSpec], folder: Path
    ) -> None:
        self.session, self.narration, self.lab, self.folder = session, narration, lab, folder
        self.outcomes: list[StepOutcome] = []
        self.programs: list[Program] = []
        self.has_failed = False
        self.recording: Recording | None = None
        self._specs = tuple(specs)
        self._stepping = Stepping(session, narration, self.outcomes)
        self._before: list[Outline] = []
        self._shortfalls = 0
        self._broken = ""
        self._not_traced: frozenset[str] = frozenset()

    def do(self, **words: object) -> list[Program]:
        """Do the step that a scenario would write with these words; the programs that it has begun.

        LabFailure when what it expects is not so, LabError when that can't be said, WrongWords.
        """
        __tracebackhide__ = True
        self.demand_whole()
        outline = read_step(words, callers_place(), self._before, self._specs)
        step = outline.step
        assert step is not None  # read_step has seen to it
        self._demand_recorded(step)
        self._before.append(outline)
        self._demand_counted(step)
        known = set(self.session.conversation.programs)
        try:
            if isinstance(step, Impair):
                counted = Check(at=step.at, subject=step.link, only=step.only, expect=LinkState())
                self.session.links.also((step, counted, replace(counted, only=None)), self.lab.attend)
            outcome = self._stepping.do(step)
        except LabBroke as error:
            raise self.broke(error) from error
        begun = [program for key, program in self.session.conversation.programs.items() if key not in known]
        self.programs += begun
        self._raise(outcome)
        self._demand_done()
        return begun

    def hear(self) -> None:
        """Take what has come from the hosts by now. LabError if the lab breaks."""
        __tracebackhide__ = True
        if self._broken:
            return
        try:
            self.session.conversation.pump(0)
        except LabBroke as error:
            raise self.broke(error) from error

    def begin_record(self, recording: Recording) -> None:
        """From now on everything is told to it, but for traces without a beginning."""
        self.recording = recording
        self._not_traced = frozenset(key for _, key in self.session.conversation.programs)

    def on_heard(self, host: str, header: Header, body: bytes) -> None:
        """Take what an agent or a sidecar tells by itself."""
        record = None if header.get("program") in self._not_traced and header["ev"] == "traced" else self.recording
        if record is None or not record.hear(host, header, body):
            self.narration.heard(host, header, body)

    def forget(self, host: str) -> None:
        """A host is about to be halted."""
        self.narration.halted(host)
        if self.recording is not None:
            self.recording.forget(host)

    def count(self, link: str, only: str | None) -> None:
        """Packets of that kind are counted there from now on, if they weren't before. As do()."""
        __tracebackhide__ = True
        self.demand_whole()
        step, place = self._look_at(link, only)
        if not self.session.links.is_counted(place, step.only):
            try:
                self.session.links.also((step,), self.lab.attend)
            except LabBroke as error:
                raise self.broke(error) from error

    def counts(self, link: str, only: str | None) -> Counts:
        """What was counted there, now. As do()."""
        __tracebackhide__ = True
        self.demand_whole()
        step, place = self._look_at(link, only)
        self._demand_counted(step)
        try:
            return self.session.links.counts(place, step.only)
        except LabBroke as error:
            raise self.broke(error) from error

    def judge(self) -> None:
        """Judge what steps expect of the record, now that it is whole. LabFailure, LabError."""
        __tracebackhide__ = True
        assert self.recording is not None
        before = [outcome.verdict for outcome in self.outcomes]
        self._stepping.judge(self.recording.read)
        for was, outcome in zip(before, self.outcomes, strict=True):
            if outcome.verdict is not was:
                self._raise(outcome)

    def audit(self) -> None:
        """Was what was asked of links done as well? LabError, if it wasn't."""
        __tracebackhide__ = True
        self.demand_whole()
        links = self.session.links
        try:
            reasons = [reason for reason in (links.trouble(), *links.audit()[self._shortfalls :]) if reason]
        except LabBroke as error:
            raise self.broke(error) from error
        if reasons:
            raise self.cannot_tell("; ".join(reasons))

    def demand_whole(self) -> None:
        """LabError once the lab is broken."""
        __tracebackhide__ = True
        if self._broken:
            raise LabError(self._broken)

    def cannot_tell(self, reason: str) -> LabError:
        """What to raise where nothing can be said."""
        self.has_failed = True
        self.narration.broke(reason)
        return LabError(f"UNKNOWN: {reason}\n  records: {self.folder}")

    def broke(self, error: LabBroke) -> LabError:
        """What to raise now, and from now on: the lab is broken."""
        self._broken = f"UNKNOWN: {error}" + (f"\n  hint: {error.hint}" if error.hint else "")
        self._broken += f"\n  records: {self.folder}"
        self.has_failed = True
        return LabError(self._broken)

    def _raise(self, outcome: StepOutcome) -> None:
        __tracebackhide__ = True
        if outcome.verdict is Verdict.PASS:
            return
        self.has_failed = True
        text = "\n".join((printable(outcome.title), *said_of(outcome, PLAIN), f"  records: {self.folder}"))
        raise LabFailure(text) if outcome.verdict is Verdict.FAIL else LabError(f"UNKNOWN: {text}")

    def _demand_done(self) -> None:
        """Of rules that have ended: what they were to do was done."""
        __tracebackhide__ = True
        ended = self.session.links.shortfalls
        missed, self._shortfalls = ended[self._shortfalls :], len(ended)
        if missed:
            raise self.cannot_tell("; ".join(missed))

    def _look_at(self, link: str, only: str | None) -> tuple[Check, Link]:
        __tracebackhide__ = True
        words = {"check": link, "only": only, "expect": {"sent": {"min": 0}}}
        step = read_step(words, callers_place(), self._before, self._specs).step
        assert isinstance(step, Check)
        assert isinstance(step.subject, Link)  # nothing else can have sent anything
        return step, step.subject

    def _demand_counted(self, step: Step) -> None:
        __tracebackhide__ = True
        link = link_of(step) if isinstance(step, Wait | Check) and not is_of_record(step) else None
        if link is not None and not self.session.links.is_counted(link, getattr(step, "only", None)):
            raise WrongWords(
                f"{step.at}: these packets were not counted by now; call `lab.count(…)` before they are sent"
            )

    def _demand_recorded(self, step: Step) -> None:
        __tracebackhide__ = True
        alone = replace(self.session.scenario, steps=(step,))
        if self.recording is None and (needs_trace(alone) or needs_capture(alone)):
            what = "system calls are" if needs_trace(alone) else "the order of packets is"
            raise WrongWords(
                f"{step.at}: {what} judged from a record, and there is none; write it `with lab.capture():`"
            )
