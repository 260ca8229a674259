"""Several scenarios at a time, one after another, the first failure, an interrupt: on the fake engine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from labctl.engine.fake.engine import Fake
from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.shipped import shipped
from labctl.runner.events import Event, LabCameUp, ScenarioBegan, StepBegan, StepEnded
from labctl.runner.outcome import Verdict
from labctl.runner.run import Job, Options, run_all
from labctl.scenario.read import read_scenario

GOOD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: /bin/true\n"
BAD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: /bin/false\n  - on: client\n    run: /bin/true\n"
ENDLESS = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: tail -f /dev/null\n"


def job(folder: Path, name: str, text: str) -> Job:
    """A scenario of this text."""
    path = folder / f"{name}.yaml"
    path.write_text(text)
    compose = read_compose(shipped("compose.yaml"))
    scenario = read_scenario(path, services=list(compose.services))
    return Job(name, scenario, make_plan(scenario, compose, scenario.families[0]))


def children() -> set[str]:
    """The pids of this process's children."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


def quietly(event: Event) -> None:
    """Nobody listens."""


def test_outcomes_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    """However many run at the same time."""
    jobs = [job(tmp_path, f"s{number}", GOOD) for number in range(5)]
    outcomes = run_all(jobs, Fake(), Options(jobs=3), quietly)
    assert [outcome.id for outcome in outcomes] == [f"s{number}" for number in range(5)]
    assert {outcome.verdict for outcome in outcomes} == {Verdict.PASS}


def test_one_at_a_time_means_one_at_a_time(tmp_path: Path) -> None:
    """The next lab may come up meanwhile, but its steps wait."""
    running: set[int] = set()
    most = 0

    def listen(event: Event) -> None:
        nonlocal most
        if isinstance(event, StepBegan):
            running.add(event.key)
            most = max(most, len(running))
        elif isinstance(event, StepEnded):
            running.discard(event.key)

    run_all([job(tmp_path, f"s{number}", GOOD) for number in range(4)], Fake(), Options(jobs=1), listen)
    assert most == 1


def test_what_was_declared_is_told_when_the_lab_is_up_and_with_the_outcome(tmp_path: Path) -> None:
    """By service, because all copies of a counted host have the same."""
    text = "hosts: {client: {count: 2, sysctls: {net.core.somaxconn: 2}}}\nsteps: [{on: client, run: /bin/true}]\n"
    heard: list[Event] = []
    [outcome] = run_all([job(tmp_path, "a", text)], Fake(), Options(), heard.append)
    [came_up] = [event for event in heard if isinstance(event, LabCameUp)]

    assert came_up.declared == {"client": {"net.core.somaxconn": "2"}}
    assert outcome.plan is not None
    assert [host.declared for host in outcome.plan.hosts] == [{"net.core.somaxconn": "2"}] * 2


def test_a_failing_step_ends_its_scenario(tmp_path: Path) -> None:
    """Later steps are not run, and said to be so."""
    outcome = run_all([job(tmp_path, "bad", BAD)], Fake(), Options(), quietly)[0]
    assert outcome.verdict is Verdict.FAIL
    assert [step.verdict for step in outcome.steps] == [Verdict.FAIL, Verdict.NOT_RUN]
    assert "exit: expected 0, came 1" in outcome.steps[0].complaints[0]


def test_with_stop_at_first_nothing_more_begins(tmp_path: Path) -> None:
    """The failed one is told; those after it have no outcome."""
    jobs = [job(tmp_path, "bad", BAD), *(job(tmp_path, f"s{number}", GOOD) for number in range(5))]
    outcomes = run_all(jobs, Fake(), Options(stop_at_first=True), quietly)
    assert outcomes[0].verdict is Verdict.FAIL
    assert all(outcome.verdict is not Verdict.PASS for outcome in outcomes)


@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupt_goes_through_after_every_lab_is_down(tmp_path: Path, count: int) -> None:
    """No process of any lab is left when run_all returns."""
    began = []

    def listen(event: Event) -> None:
        if isinstance(event, ScenarioBegan):
            began.append(event.key)
        elif isinstance(event, StepBegan):
            os.kill(os.getpid(), signal.SIGINT)

    jobs = [job(tmp_path, f"s{number}", ENDLESS) for number in range(count)]
    before = children()
    with pytest.raises(KeyboardInterrupt):
        run_all(jobs, Fake(), Options(jobs=count), listen)
    assert began
    assert children() - before == set()
