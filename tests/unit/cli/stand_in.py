"""A runner and an engine that only say what happened: for tests of what is told about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from labctl.engine.contract import Engine, EngineError, LabSeen, Readiness, Say
from labctl.engine.fake.engine import FakeLab
from labctl.plan.model import Plan
from labctl.runner.events import Listener, OutputCame, Progressed, ScenarioBegan, ScenarioEnded, StepBegan, StepEnded
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict
from labctl.runner.titles import title

SCENARIO = """\
about: What it is about.
tags: [{tags}]
hosts: {{cheerios: {{}}, client: {{}}}}
steps:
  - why: to see
    on: cheerios
    run: hostname
    expect: {{stdout: cheerios}}
  - on: client
    run: hostname
"""


def write_scenario(path: Path, *, tags: str = "plain", more: str = "") -> Path:
    """A scenario that any compose.yaml with cheerios and client suits."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SCENARIO.format(tags=tags) + more)
    return path


class StandInEngine:
    """Has a name."""

    name = "netns"

    def readiness(self) -> Readiness:
        return Readiness(self.name, ())

    def prepare(self, plan: Plan, say: Say) -> None: ...

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        raise EngineError("the stand-in makes no labs")

    def labs(self) -> list[LabSeen]:
        return []

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        return []


class StandInRunner:
    """Takes the place of run_all. `verdicts` by id, else PASS; `at_step` is called in the middle of each scenario.

    `rounds`: how often it was asked to run something; `before_round` is called with that number, from 1. `folders`:
    where each run gets a folder, if anywhere.
    """

    def __init__(
        self, verdicts: Mapping[str, Verdict] | None = None, at_step: Callable[[], None] = lambda: None
    ) -> None:
        self.verdicts = verdicts or {}
        self.at_step = at_step
        self.options: Options | None = None
        self.rounds = 0
        self.before_round: Callable[[int], None] = lambda number: None
        self.folders: Path | None = None

    def __call__(
        self, jobs: Sequence[Job], engine: Engine, options: Options, listener: Listener
    ) -> list[ScenarioOutcome]:
        self.options = options
        self.rounds += 1
        self.before_round(self.rounds)
        return [self._run(key, job, engine.name, listener) for key, job in enumerate(jobs)]

    def _run(self, key: int, job: Job, engine: str, listener: Listener) -> ScenarioOutcome:
        hosts = tuple(host.name for host in job.plan.hosts)
        steps = job.scenario.steps
        verdict = self.verdicts.get(job.id, Verdict.PASS)
        listener(ScenarioBegan(key, job.id, engine, hosts, tuple(map(title, steps))))
        listener(Progressed(key, "starting hosts"))
        listener(StepBegan(key, 1, title(steps[0]), steps[0].why))
        listener(OutputCame(key, "cheerios", "hostname", "stdout", b"cheerios\n"))
        self.at_step()
        complaints = () if verdict is Verdict.PASS else ("stdout: expected 'cheerios', came 'client'",)
        step = StepOutcome(
            number=1, at=steps[0].at, title=title(steps[0]), verdict=verdict, why=steps[0].why, complaints=complaints
        )
        listener(StepEnded(key, step))
        outcome = ScenarioOutcome(
            id=job.id,
            path=job.scenario.path,
            engine=engine,
            verdict=verdict,
            steps=(step,),
            hosts=hosts,
            took_s=0.2,
            reason="the lab broke" if verdict is Verdict.UNKNOWN else "",
            folder=self._folder(job.id),
        )
        listener(ScenarioEnded(key, outcome))
        return outcome

    def _folder(self, name: str) -> Path | None:
        if self.folders is None:
            return None
        folder = self.folders / f"{self.rounds}-{name.replace('/', '-')}"
        folder.mkdir(parents=True)
        return folder
