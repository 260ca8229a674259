"""Requests to trace, and to end that, as several may ask: here the test is the tracers, and who asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from labctl.agent.awaiting import Awaiting
from labctl.agent.frames import Header
from labctl.agent.look import Looker
from labctl.agent.loop import Loop
from labctl.agent.nurseries import Nurseries
from labctl.agent.tracer import Tracer
from labctl.agent.tracing import Tracing
from tests.unit.agent.kept import HOW


class PlayedTracing(Tracing):
    """Tracers that have hold of nobody until a test says so."""

    def __init__(self) -> None:
        self.is_asked = False
        self.begun: list[Tracer] = []

    @property
    def is_on(self) -> bool:
        return self.is_asked

    def turn_on(self, most: int) -> bool:
        self.is_asked = True
        return True

    def turn_off(self) -> None:
        self.is_asked = False

    def begin(self) -> Tracer | None:
        if not self.is_asked:
            return None
        self.begun.append(Tracer(os.getpid(), -1, 0, os.open("/dev/null", os.O_WRONLY)))
        return self.begun[-1]

    def has_hold(self) -> None:
        """The last one."""
        self.begun[-1].hear(b"strace: Process 5 attached\n")
        self.begun[-1].tell()

    def fails(self, number: int = -1) -> None:
        """One of them, the last."""
        self.begun[number].words = -1
        self.begun[number].tell()


class Stage:
    """An agent's nurseries, and what was answered."""

    def __init__(self) -> None:
        self.tracing = PlayedTracing()
        self.answers: list[tuple[int, str]] = []
        self.nurseries = Nurseries(HOW, self.tracing, Awaiting(Loop(), Looker(None)), self._answer)

    def _answer(self, header: Header, **words: object) -> None:
        self.answers.append((header["id"], str(words.get("error", "ok"))))

    def ask(self, number: int, **words: object) -> None:
        self.nurseries.requests["trace"]({"do": "trace", "id": number, **words}, b"")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """One where nobody has asked for anything; its keepers end with it."""
    one = Stage()
    yield one
    for pid in one.nurseries.pids():
        os.kill(pid, signal.SIGKILL)


def test_tracing_is_in_force_from_when_it_is_asked_for_to_when_it_is_ended(stage: Stage) -> None:
    """The first is answered when a tracer has hold, the end at once."""
    stage.ask(1)
    assert (stage.tracing.is_on, stage.answers) == (True, [])
    stage.tracing.has_hold()
    stage.ask(2, off=True)
    assert (stage.tracing.is_on, stage.answers) == (False, [(1, "ok"), (2, "ok")])


def test_keepers_that_wait_are_untraced_once_tracing_has_ended(stage: Stage) -> None:
    """Those that wait with a tracer give way to others."""
    stage.ask(1)
    traced = stage.nurseries.pids()
    stage.ask(2, off=True)
    assert not stage.nurseries.pids() & traced
    assert len(stage.tracing.begun) == 1


def test_who_asks_meanwhile_is_answered_with_the_others(stage: Stage) -> None:
    """That the keeper which gave way is never traced is no failure."""
    stage.ask(1)
    stage.ask(2)
    stage.tracing.fails(0)
    assert (stage.tracing.is_on, stage.answers) == (True, [])
    stage.tracing.has_hold()
    assert stage.answers == [(1, "ok"), (2, "ok")]


def test_a_failure_leaves_tracing_as_it_was(stage: Stage) -> None:
    """Off, if nobody had it before; in force for those who have it."""
    stage.ask(1)
    stage.tracing.fails()
    assert (stage.tracing.is_on, stage.answers) == (False, [(1, "no-strace")])
    stage.ask(2)
    stage.tracing.has_hold()
    stage.ask(3)
    stage.tracing.fails()
    assert (stage.tracing.is_on, stage.answers[1:]) == (True, [(2, "ok"), (3, "no-strace")])


def test_who_waits_when_tracing_ends_is_told(stage: Stage) -> None:
    """Nobody waits forever."""
    stage.ask(1)
    stage.ask(2, off=True)
    stage.tracing.has_hold()
    assert stage.answers == [(1, "failed"), (2, "ok")]


def test_programs_aside_are_never_traced(stage: Stage) -> None:
    """They come from a nursery of their own while others are traced, whenever that is asked."""
    assert stage.nurseries.one_for(aside=True) is stage.nurseries.one_for(aside=False)
    stage.ask(1)
    assert stage.nurseries.one_for(aside=True) is not stage.nurseries.one_for(aside=False)
    stage.ask(2, off=True)
    assert stage.nurseries.one_for(aside=True) is stage.nurseries.one_for(aside=False)
