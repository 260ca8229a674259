"""A lab that stands, and a job -> its steps done there, recorded where that is asked for, and judged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.agent.frames import Header
from labctl.engine.contract import Lab
from labctl.hosts.conversation import Cancel, Conversation, LabBroke
from labctl.observe.names import SCENARIO
from labctl.runner.events import LabCameUp
from labctl.runner.facts import declared, facts, networks_of
from labctl.runner.job import Job, Options
from labctl.runner.links import Links
from labctl.runner.narration import Narration
from labctl.runner.outcome import StepOutcome
from labctl.runner.session import Session
from labctl.runner.stepping import Stepping
from labctl.scenario.links.places import places_of
from labctl.scenario.names import host_specs, hosts_by_name
from labctl.scenario.needs import needs_capture, needs_trace

if TYPE_CHECKING:
    from labctl.runner.recording import Recording


class Recorded(Struct, frozen=True):
    """What is recorded of a run."""

    calls: bool
    packets: bool

    @property
    def anything(self) -> bool:
        return self.calls or self.packets


def records_what(job: Job, options: Options) -> Recorded:
    """What was asked for, or is needed to judge."""
    see, scenario = options.see, job.scenario
    return Recorded(calls=see or needs_trace(scenario), packets=see or needs_capture(scenario))


class LabRun:
    """One scenario in one lab. `steps`: what came of those that were begun."""

    def __init__(self, key: int, job: Job, lab: Lab, options: Options, narration: Narration, folder: Path) -> None:
        self._key, self._job, self._lab, self._options = key, job, lab, options
        self._narration, self._folder = narration, folder
        self._recording: Recording | None = None
        self.steps: list[StepOutcome] = []

    def run(self, cancel: Cancel) -> None:
        """Do the steps. A lab that breaks is told to the narration. Cancelled goes through."""
        lab = self._lab
        conversation = Conversation(
            lab.channels,
            cancel=cancel,
            on_heard=self._on_heard,
            last_words=getattr(lab, "last_words", lambda: ""),
        )
        self._recording = self._recorder(conversation)
        session = self._session(conversation)
        stepping = Stepping(session, self._narration, self.steps)
        try:
            conversation.greet()
            self._narration.in_force(LabCameUp(self._key, facts(lab, conversation), declared(lab.plan)))
            session.links.begin(lab.attend)
            if self._recording is not None:
                self._recording.begin(lab.attend)
            has_passed = stepping.run()
            if self._recording is not None:
                self._recording.end()
                stepping.judge(self._recording.read)
            if has_passed:
                self._audit(session.links)
        except LabBroke as error:
            self._narration.broke(str(error), error.hint)
        finally:
            if self._recording is not None:
                self._recording.close()

    def _recorder(self, conversation: Conversation) -> Recording | None:
        what = records_what(self._job, self._options)
        if not what.anything:
            return None
        from labctl.runner.recording import Recording

        (self._folder / SCENARIO).write_bytes(self._job.scenario.path.read_bytes())
        hosts = [host.name for host in self._lab.plan.hosts if host.name in self._lab.channels]
        return Recording(
            self._folder,
            conversation,
            hosts,
            networks_of(self._lab.plan),
            calls=what.calls,
            packets=what.packets,
            not_recorded=self._narration.not_recorded,
        )

    def _session(self, conversation: Conversation) -> Session:
        scenario, lab = self._job.scenario, self._lab
        specs = host_specs(scenario, [host.service for host in lab.plan.hosts])
        told = None if self._recording is None else self._narration.rules_changed
        links = Links(scenario.steps, lab.plan, places_of(specs), conversation, seed=scenario.seed, told=told)
        return Session(
            scenario,
            lab.plan,
            conversation,
            hosts_by_name(specs),
            links=links,
            halt=lab.halt,
            forget=self._forget,
            slack=self._options.slack,
            given=self._job.given,
            strict=self._options.strict,
        )

    def _forget(self, host: str) -> None:
        self._narration.halted(host)
        if self._recording is not None:
            self._recording.forget(host)

    def _on_heard(self, host: str, header: Header, body: bytes) -> None:
        if self._recording is None or not self._recording.hear(host, header, body):
            self._narration.heard(host, header, body)

    def _audit(self, links: Links) -> None:
        """All steps have passed: was what they asked of links done as well?"""
        for reason in filter(None, [links.trouble(), *links.audit()]):
            self._narration.broke(reason)
