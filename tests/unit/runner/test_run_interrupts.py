"""An interrupt goes through when every lab is down, whatever they are at."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import pytest

from labctl.engine.contract import Say
from labctl.engine.fake.engine import Fake, FakeLab
from labctl.plan.model import Plan
from labctl.runner.events import Event, LabCameUp, ScenarioBegan, StepBegan
from labctl.runner.run import Options, run_all
from tests.unit.runner.runs import ENDLESS, GOOD, children, job


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
