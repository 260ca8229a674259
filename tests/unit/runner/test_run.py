"""Several scenarios at a time, one after another, the first failure: on the fake engine."""

from __future__ import annotations

from pathlib import Path

from labctl.engine.contract import EngineError, Say
from labctl.engine.fake.engine import Fake, FakeLab
from labctl.plan.model import Plan
from labctl.runner.events import Event, LabCameUp, StepBegan, StepEnded
from labctl.runner.outcome import Verdict
from labctl.runner.run import Options, run_all
from tests.unit.runner.runs import BAD, GOOD, children, job, quietly


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
