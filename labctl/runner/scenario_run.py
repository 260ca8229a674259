"""One job -> a lab, its steps in order, and the verdict; the lab comes down whatever happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from labctl.agent.frames import Header
from labctl.engine.contract import Engine, EngineError, Lab
from labctl.hosts.conversation import Cancel, Cancelled, Conversation, LabBroke
from labctl.plan.model import Plan
from labctl.runner.events import (
    LabCameUp,
    Listener,
    OutputCame,
    Progressed,
    ScenarioBegan,
    ScenarioEnded,
    StepBegan,
    StepEnded,
)
from labctl.runner.job import Job, Options
from labctl.runner.links import Links
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict, worst
from labctl.runner.records import Journal, forget_old, open_folder, placed, plan_json
from labctl.runner.session import CannotTell, Session, StepFailed, seen
from labctl.runner.steps import perform
from labctl.runner.titles import title
from labctl.scenario.links.places import places_of
from labctl.scenario.model import Check, Thing, Wait
from labctl.scenario.names import host_specs, hosts_by_name


class _Broken(Struct, frozen=True):
    """Why a lab could not be built, or broke."""

    reason: str
    hint: str


@runtime_checkable
class Leavable(Protocol):
    """A lab that can be left standing."""

    name: str

    def leave(self) -> None: ...


class ScenarioRun:
    """Everything one scenario needs while it runs."""

    def __init__(self, key: int, job: Job, engine: Engine, options: Options, listener: Listener) -> None:
        self._key, self._job, self._engine = key, job, engine
        self._options, self._listener = options, listener
        self._steps: list[StepOutcome] = []
        self._broken: _Broken | None = None
        self._kept_as = ""
        self._stood: Plan | None = None
        self.lab_id = f"{os.getpid():x}-{os.urandom(4).hex()}"
        self._began_ns = time.monotonic_ns()
        self._folder = open_folder(job.scenario.path, Path(job.id).name, options.records)
        self._journal = Journal(self._folder / "journal.jsonl")

    def run(self, cancel: Cancel, turn: Callable[[], None], done: Callable[[bool], None]) -> ScenarioOutcome:
        """Bring the lab up, wait for `turn`, run the steps, say `done`, tear down. Cancelled goes through.

        `done` is told whether all is well so far.
        """
        job = self._job
        hosts = tuple(host.name for host in job.plan.hosts)
        titles = tuple(title(step) for step in job.scenario.steps)
        self._journal.write("scenario-began", id=job.id, engine=self._engine.name, lab=self.lab_id, hosts=hosts)
        self._listener(ScenarioBegan(self._key, job.id, self._engine.name, hosts, titles))
        (self._folder / "plan.json").write_bytes(plan_json(job.plan))
        lab: Lab | None = None
        try:
            lab = self._bring_up()
            turn()
            if lab is not None:
                self._run_steps(lab, cancel)
        finally:
            done(not self._has_failed())
            if lab is not None:
                self._tear_down(lab)
            outcome = self._outcome(hosts)
            self._journal.write("scenario-ended", verdict=outcome.verdict.value, reason=outcome.reason)
            self._journal.close()
            forget_old(self._folder)
        self._listener(ScenarioEnded(self._key, outcome))
        return outcome

    def _bring_up(self) -> Lab | None:
        def say(words: str) -> None:
            self._listener(Progressed(self._key, words))

        if self._looks_at_things():
            _import_checks_meanwhile()
        try:
            self._engine.prepare(self._job.plan, say)
            lab = self._engine.up(self._job.plan, lab=self.lab_id, folder=self._folder, say=say)
        except EngineError as error:
            self._break(str(error), error.hint)
            return None
        self._stood = lab.plan
        (self._folder / "plan.json").write_bytes(plan_json(lab.plan))  # now with the addresses that it has
        self._journal.write("lab-up", hosts=placed(lab.plan))
        return lab

    def _run_steps(self, lab: Lab, cancel: Cancel) -> None:
        conversation = Conversation(
            lab.channels,
            cancel=cancel,
            on_heard=self._on_heard,
            last_words=getattr(lab, "last_words", lambda: ""),
        )
        scenario = self._job.scenario
        services = [host.service for host in lab.plan.hosts]
        specs = host_specs(scenario, services)
        links = Links(scenario.steps, lab.plan, places_of(specs), conversation, seed=scenario.seed)
        session = Session(
            scenario,
            lab.plan,
            conversation,
            hosts_by_name(specs),
            links=links,
            halt=lab.halt,
            slack=self._options.slack,
            strict=self._options.strict,
        )
        began = time.monotonic()
        try:
            conversation.greet()
            self._listener(LabCameUp(self._key, _facts(lab, conversation), _declared(lab.plan)))
            links.begin(lab.attend)
            if all(self._run_step(session, number, began) for number in range(1, len(scenario.steps) + 1)):
                self._audit(links)
        except LabBroke as error:
            self._break(str(error), error.hint)

    def _run_step(self, session: Session, number: int, began: float) -> bool:
        """Run one step; whether the next may begin."""
        step = session.scenario.steps[number - 1]
        name = title(step)
        self._journal.write("step-began", number=number, title=name, at=str(step.at))
        self._listener(StepBegan(self._key, number, name, step.why))
        start = time.monotonic()
        complaints: tuple[str, ...] = ()
        programs: tuple[object, ...] = ()
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
                    self._break(trouble, "")
            except LabBroke as error:
                verdict, complaints, broke = Verdict.UNKNOWN, (str(error), *complaints), error
        except CannotTell as error:
            verdict, complaints = Verdict.UNKNOWN, (str(error),)
            self._break(str(error), "")
        except LabBroke as error:
            verdict, complaints, broke = Verdict.UNKNOWN, (str(error),), error
        now = time.monotonic()
        outcome = StepOutcome(
            number=number,
            at=step.at,
            title=name,
            verdict=verdict,
            why=step.why,
            began_s=start - began,
            took_s=now - start,
            complaints=complaints,
            programs=tuple(seen(program) for program in programs),  # type: ignore[arg-type]  # of StepFailed
        )
        self._steps.append(outcome)
        self._journal.write("step-ended", number=number, verdict=verdict.value, complaints=complaints)
        self._listener(StepEnded(self._key, outcome))
        if broke is not None:
            raise broke
        return verdict is Verdict.PASS

    def _audit(self, links: Links) -> None:
        """All steps have passed: was what they asked of links done as well?"""
        for reason in filter(None, [links.trouble(), *links.audit()]):
            self._break(reason, "")

    def _on_heard(self, host: str, header: Header, body: bytes) -> None:
        words = {key: value for key, value in header.items() if key not in ("ev", "t")}
        kind = header["ev"]
        if kind == "counted":  # what somebody waits for looks at it, again and again
            return
        self._journal.write(kind, t=header.get("t"), body=body if kind == "output" else None, **words | {"host": host})
        if kind == "output":
            program = header["program"].rpartition("#")[0]
            self._listener(OutputCame(self._key, host, program, header["stream"], body))

    def _tear_down(self, lab: Lab) -> None:
        try:
            if isinstance(lab, Leavable) and self._is_kept():
                lab.leave()
                self._kept_as = lab.name
                self._journal.write("lab-left", name=lab.name)
                return
            lab.down()
            self._journal.write("lab-down")
        except EngineError as error:
            self._break(f"the lab could not be removed: {error}", error.hint)

    def _is_kept(self) -> bool:
        return self._options.keep or (self._options.keep_on_fail and self._has_failed())

    def _has_failed(self) -> bool:
        return self._broken is not None or any(step.verdict is not Verdict.PASS for step in self._steps)

    def _break(self, reason: str, hint: str) -> None:
        self._journal.write("lab-broke", reason=reason)
        if self._broken is None:
            self._broken = _Broken(reason, hint)

    def _outcome(self, hosts: tuple[str, ...]) -> ScenarioOutcome:
        job = self._job
        ran = len(self._steps)
        rest = [
            StepOutcome(number=number, at=step.at, title=title(step), verdict=Verdict.NOT_RUN, why=step.why)
            for number, step in enumerate(job.scenario.steps[ran:], ran + 1)
        ]
        verdicts = [step.verdict for step in self._steps]
        if self._broken is not None or (rest and Verdict.FAIL not in verdicts):
            verdicts.append(Verdict.UNKNOWN)
        return ScenarioOutcome(
            id=job.id,
            path=job.scenario.path,
            engine=self._engine.name,
            verdict=worst(verdicts),
            steps=(*self._steps, *rest),
            hosts=hosts,
            took_s=(time.monotonic_ns() - self._began_ns) / 1e9,
            reason=self._broken.reason if self._broken is not None else "",
            hint=self._broken.hint if self._broken is not None else "",
            notes=job.plan.notes,
            folder=self._folder,
            lab=self._kept_as,
            plan=self._stood,
        )

    def _looks_at_things(self) -> bool:
        steps = self._job.scenario.steps
        return any(isinstance(step, Wait | Check) and isinstance(step.subject, Thing) for step in steps)


def _import_checks_meanwhile() -> None:
    """testinfra takes a while to import: do it while the lab comes up."""
    import importlib
    import threading

    threading.Thread(target=importlib.import_module, args=("labctl.check.backend",), daemon=True).start()


def _declared(plan: Plan) -> dict[str, dict[str, str]]:
    """What was asked for, by service: all copies of a counted host have the same."""
    return {host.service: host.declared for host in plan.hosts if host.declared}


def _facts(lab: Lab, conversation: Conversation) -> dict[str, str]:
    """What is in force, read back from inside the hosts."""
    hello = next(iter(conversation.hellos.values()))["in_force"]
    facts = {"subnet": str(lab.plan.subnet4 or lab.plan.subnet6)}
    facts["programs"] = f"uid {hello['uid']}, no capabilities, seccomp {'on' if hello['seccomp'] else 'off'}"
    limits = hello["limits"]
    facts["limits"] = (
        f"{limits['memory'] // 1048576} MiB of data, {limits['files']} files, {limits['processes']} processes"
    )
    return facts


__all__ = ["Cancelled", "ScenarioRun"]
