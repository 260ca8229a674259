"""Several scenarios at a time, one after another, the first failure, an interrupt: on the fake engine."""

from __future__ import annotations

import errno
import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from labctl.engine.contract import EngineError, Say
from labctl.engine.fake.engine import Fake, FakeLab
from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.plan.shipped import shipped
from labctl.runner import scenario_run
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
    """The pids of this process's children, whichever thread has them."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # that thread has ended meanwhile
            found.update(Path(f"/proc/self/task/{task}/children").read_text().split())
    return found


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


HALTED = """\
hosts: {cheerios: {count: 2}, client: {}}
steps:
  - on: cheerios
    start: tail -f /dev/null
  - name: stays
    on: client
    start: tail -f /dev/null
  - halt: cheerios
  - check: stays
  - on: client
    run: /bin/true
"""


def test_a_run_goes_on_without_the_hosts_that_were_halted(tmp_path: Path) -> None:
    """Their programs are nobody's complaint, and the lab is not called broken, nor is anything left of it."""
    before = children()
    outcome = run_all([job(tmp_path, "halted", HALTED)], Fake(), Options(), quietly)[0]
    assert (outcome.verdict, outcome.reason) == (Verdict.PASS, "")
    assert [step.title for step in outcome.steps][2] == "halt cheerios"
    assert children() - before == set()


def test_a_failure_after_a_halt_says_what_became_of_its_programs(tmp_path: Path) -> None:
    """They neither run nor have they ended."""
    failing = HALTED + "  - on: client\n    check: tcp 51717\n"
    outcome = run_all([job(tmp_path, "failing", failing)], Fake(), Options(), quietly)[0]
    assert outcome.verdict is Verdict.FAIL
    endings = {program.name: program.ending for program in outcome.steps[-1].programs}
    assert endings == {"tail-1": "lost with its host", "tail-2": "lost with its host", "stays": "still running"}


ON_EVERYBODY = "def test_is_up(host, lab):\n    assert host.run('true').rc == 0\n    assert list(lab) == ['client']\n"


def test_a_test_module_is_given_the_hosts_that_are_up(tmp_path: Path) -> None:
    """Every host means every one that was not halted."""
    (tmp_path / "up.py").write_text(ON_EVERYBODY)
    text = "hosts: {cheerios: {}, client: {}}\nsteps:\n  - halt: cheerios\n  - pytest: up.py\n"
    outcome = run_all([job(tmp_path, "modules", text)], Fake(), Options(), quietly)[0]
    assert outcome.verdict is Verdict.PASS, [s.complaints for s in outcome.steps]


class Unbending(Fake):
    """An engine whose hosts can't be halted."""

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        made = super().up(plan, lab=lab, folder=folder, say=say)
        made.halt = refuse  # type: ignore[method-assign]  # this lab's only
        return made


def refuse(host: str) -> None:
    """What an engine says that fails at it."""
    raise EngineError(f"host {host} could not be halted: no", hint="try again")


def test_a_host_that_can_not_be_halted_makes_a_broken_lab(tmp_path: Path) -> None:
    """Nobody knows what such a lab is: UNKNOWN, with the engine's words."""
    outcome = run_all([job(tmp_path, "halted", HALTED)], Unbending(), Options(), quietly)[0]
    assert outcome.verdict is Verdict.UNKNOWN
    assert (outcome.reason, outcome.hint) == ("host cheerios-1 could not be halted: no", "try again")


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


class Refused(Fake):
    """On a machine that has no descriptor left."""

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_what_the_machine_has_run_out_of_makes_a_run_unknown(tmp_path: Path) -> None:
    """And says what to do; other exceptions are mistakes of labctl's, and go through."""
    [outcome] = run_all([job(tmp_path, "good", GOOD)], Refused(), Options(), quietly)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "too many open files" in outcome.reason
    assert "ulimit -n" in outcome.hint


class RefusedOnce(Fake):
    """The same, for the first lab only."""

    def __init__(self) -> None:
        super().__init__()
        self._refused = False

    def prepare(self, plan: Plan, say: Say) -> None:
        if not self._refused:
            self._refused = True
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_a_lab_that_could_not_be_had_keeps_nobody_from_his_turn(tmp_path: Path) -> None:
    """Whoever is behind it runs."""
    jobs = [job(tmp_path, f"s{number}", GOOD) for number in range(3)]
    outcomes = run_all(jobs, RefusedOnce(), Options(), quietly)
    assert sorted(outcome.verdict.value for outcome in outcomes) == ["pass", "pass", "unknown"]


@pytest.mark.parametrize("allowed", [0, 1, 2])
def test_where_threads_can_not_be_had_nothing_hangs_and_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int
) -> None:
    """All is run by those that there are; without any it is said. (One is for who waits for interrupts.)"""
    started: list[threading.Thread] = []
    start = threading.Thread.start

    def limited(thread: threading.Thread) -> None:
        if thread.name.startswith(("lab-", "Thread")) and len(started) >= allowed:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    jobs = [job(tmp_path, f"s{number}", GOOD) for number in range(3)]
    if allowed < 2:
        with pytest.raises(RuntimeError, match="can't start new thread"):
            run_all(jobs, Fake(), Options(jobs=2), quietly)
    else:
        assert [one.verdict for one in run_all(jobs, Fake(), Options(jobs=2), quietly)] == [Verdict.PASS] * 3


def test_where_not_even_one_thread_can_be_had_it_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(function: object, arguments: object) -> int:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("_thread.start_new_thread", refuse)
    with pytest.raises(RuntimeError, match="can't start new thread"):
        run_all([job(tmp_path, "good", GOOD)], Fake(), Options(), quietly)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_run_whose_record_can_not_be_kept_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However its steps went: nobody could look at them afterwards."""
    monkeypatch.setattr(scenario_run, "JOURNAL", "/dev/full")
    [outcome] = run_all([job(tmp_path, "good", GOOD)], Fake(), Options(), quietly)
    assert [step.verdict for step in outcome.steps] == [Verdict.PASS]
    assert outcome.verdict is Verdict.UNKNOWN
    assert "can't be kept" in outcome.reason
    assert "No space left" in outcome.reason


class Slow(Fake):
    """Its labs take a while to come down. `down` counts those that are."""

    def __init__(self) -> None:
        super().__init__()
        self.down = 0

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        made = super().up(plan, lab=lab, folder=folder, say=say)
        come_down = made.down

        def down() -> None:
            threading.Event().wait(0.5)
            come_down()
            self.down += 1

        made.down = down  # type: ignore[method-assign]  # of this one lab
        return made


@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupt_waits_for_labs_that_come_down_slowly(tmp_path: Path, count: int) -> None:
    """Thread.join may not be asked again once it was interrupted (Python 3.11): it takes the thread for ended then."""
    engine = Slow()
    up: list[int] = []

    def listen(event: Event) -> None:
        if isinstance(event, LabCameUp):
            up.append(event.key)
        elif isinstance(event, StepBegan):
            os.kill(os.getpid(), signal.SIGINT)

    jobs = [job(tmp_path, f"s{number}", ENDLESS) for number in range(count)]
    with pytest.raises(KeyboardInterrupt):
        run_all(jobs, engine, Options(jobs=count), listen)
    assert up
    assert engine.down >= len(up)


class NeverUp(Fake):
    """Goes on saying that it is about to bring a lab up."""

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> FakeLab:
        while True:
            say("in a moment")


@pytest.mark.parametrize("count", [1, 3])
def test_an_interrupt_ends_an_engine_that_takes_long(tmp_path: Path, count: int) -> None:
    """Whatever it says next is answered so."""

    def listen(event: Event) -> None:
        if isinstance(event, ScenarioBegan):
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        run_all([job(tmp_path, f"s{number}", GOOD) for number in range(count)], NeverUp(), Options(jobs=count), listen)
