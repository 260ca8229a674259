"""What the machine has run out of makes a run UNKNOWN: nothing hangs, and nothing is lost."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from labctl.engine.contract import Say
from labctl.engine.fake.engine import Fake, FakeLab
from labctl.plan.model import Plan
from labctl.runner import scenario_run
from labctl.runner.outcome import Verdict
from labctl.runner.run import Options, run_all
from tests.unit.runner.runs import GOOD, job, quietly


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
