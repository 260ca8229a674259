"""A lab comes up and goes on a thread of its own, and an interrupt of whoever waits leaves nothing of it."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from labctl.engine.contract import Engine, EngineError, Say
from labctl.lab.standing import Standing
from labctl.plan.model import Plan

PLAN = cast(Plan, "a plan")


class StandInLab:
    """A lab that notes which threads made it and unmade it."""

    def __init__(self, fails: Exception | None) -> None:
        self._fails = fails
        self.downs: list[int] = []

    def down(self) -> None:
        self.downs.append(threading.get_ident())
        if self._fails is not None:
            raise self._fails


class StandInEngine:
    """An engine that does `meanwhile` while a lab comes up, and says so again and again."""

    def __init__(self, meanwhile: Callable[[Say], None] = lambda say: None, *, fails: Exception | None = None) -> None:
        self._meanwhile = meanwhile
        self.lab = StandInLab(fails)
        self.ups: list[int] = []

    def prepare(self, plan: Plan, say: Say) -> None:
        say("preparing")

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> StandInLab:
        self._meanwhile(say)
        self.ups.append(threading.get_ident())
        return self.lab


def standing(engine: StandInEngine, said: list[str]) -> Standing:
    return Standing(cast(Engine, engine), PLAN, "a-lab", Path(), said.append)


def test_it_is_unmade_by_the_thread_that_made_it() -> None:
    engine, said = StandInEngine(), list[str]()
    one = standing(engine, said)
    lab = one.up()
    one.down()
    one.down()

    assert lab is cast(object, engine.lab)
    assert engine.lab.downs == engine.ups
    assert engine.ups != [threading.get_ident()]
    assert said == ["preparing"]


def test_why_it_cannot_come_up_goes_through() -> None:
    def fails(say: Say) -> None:
        raise EngineError("no room", hint="make some")

    engine = StandInEngine(fails)
    with pytest.raises(EngineError, match="no room"):
        standing(engine, []).up()

    assert engine.lab.downs == []


def test_an_interrupt_while_it_comes_up_ends_that_and_goes_through() -> None:
    def goes_on(say: Say) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        while True:
            say("starting")

    engine = StandInEngine(goes_on)
    with pytest.raises(KeyboardInterrupt):
        standing(engine, []).up()

    assert engine.ups == []


def test_an_interrupt_while_it_comes_down_waits_for_that() -> None:
    engine = StandInEngine()
    one = standing(engine, [])
    one.up()
    down = engine.lab.down

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        down()

    engine.lab.down = interrupted  # type: ignore[method-assign]  # one that is interrupted meanwhile
    with pytest.raises(KeyboardInterrupt):
        one.down()

    assert len(engine.lab.downs) == 1


def test_what_could_not_be_removed_is_told() -> None:
    engine = StandInEngine(fails=EngineError("a host stays"))
    one = standing(engine, [])
    one.up()

    with pytest.raises(EngineError, match="a host stays"):
        one.down()
