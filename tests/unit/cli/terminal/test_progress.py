"""Long work: a live line on a terminal, lines and signs of life elsewhere."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from labctl.cli.terminal.device import Device
from labctl.cli.terminal.progress import Lines, LiveLine, progress_on
from labctl.cli.terminal.tellers import Plain
from labctl.report.look import PLAIN
from labctl.runner.events import ScenarioBegan, StepBegan
from tests.unit.cli.terminal.test_live import Screen

AWAITED_WITHIN_S = 20


class Told(io.StringIO):
    """A stream that is no terminal; one can wait until so many lines are there."""

    def __init__(self) -> None:
        super().__init__()
        self._more = threading.Condition()

    def write(self, text: str) -> int:
        with self._more:
            self._more.notify_all()
            return super().write(text)

    def lines(self, count: int = 0) -> list[str]:
        with self._more:
            self._more.wait_for(lambda: self.getvalue().count("\n") >= count, AWAITED_WITHIN_S)
            return self.getvalue().splitlines()

    def device(self) -> Device:
        """One whose progress goes here."""
        device = Device()
        device.doings = self
        return device


@pytest.fixture
def told() -> Told:
    return Told()


def test_where_nobody_watches_each_thing_is_a_line_without_control_characters(told: Told) -> None:
    with progress_on(told.device()) as say:
        for words in ("building x", "building x", "Step 1/2 : \x1b[31mRUN\x1b[0m\r", "building x"):
            say(words)

    assert told.lines() == ["labctl: building x", "labctl: Step 1/2 : \\x1b[31mRUN\\x1b[0m\\r"]


def test_what_lasts_gives_a_sign_of_life(told: Told) -> None:
    with Lines(told.device(), every_s=0.2) as say:
        say("making the base")
        lines = told.lines(3)

    assert lines[0] == "labctl: making the base"
    assert all(re.fullmatch(r"labctl: still at it after \d+ ms|.* s: making the base", line) for line in lines[1:3])


def test_a_scenario_that_lasts_gives_one_too(told: Told) -> None:
    plain = Plain(told.device(), shows_results=True)
    plain._lines = Lines(plain.device, every_s=0.2)
    with plain:
        plain.hear(ScenarioBegan(0, "labs/x", "netns", ("cheerios",), ("cheerios: run hostname",)))
        plain.hear(StepBegan(0, 1, "cheerios: run hostname", None))
        [line] = told.lines(1)[:1]

    assert line.endswith(": labs/x: step 1: cheerios: run hostname")


def test_what_is_quick_gives_none(told: Told) -> None:
    with Lines(told.device(), every_s=AWAITED_WITHIN_S) as say:
        say("one")
        say.turn_to("two")

    assert told.lines() == ["labctl: one"]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    """A terminal of 80 columns."""
    monkeypatch.setenv("TERM", "xterm")
    with closing(Screen()) as one:
        yield one


def on(screen: Screen) -> Device:
    """A device whose progress goes there."""
    device = Device()
    device.doings, device.progress_look = screen.stream, PLAIN
    return device


def test_on_a_terminal_one_line_is_drawn_over_and_wiped_away(screen: Screen) -> None:
    with progress_on(on(screen)) as say:
        assert isinstance(say, LiveLine)
        say("building x")
        say("Step 1/2 : " + "RUN " * 50)
    shown = screen.shown()

    assert re.search(r"\rbuilding x  \d+\.\d s\x1b\[K", shown)
    assert re.search(r"\rStep 1/2 : RUN .*…  \d+\.\d s\x1b\[K", shown)
    assert all(len(line) < 80 for line in shown.replace("\x1b[K", "").split("\r"))
    assert shown.endswith("\r\x1b[K")
    assert "\n" not in shown


def test_on_an_error_the_last_words_stay(screen: Screen) -> None:
    """They are the builder's own, which say why."""

    def build() -> None:
        with progress_on(on(screen)) as say:
            say("Step 1/2 : RUN false")
            say("it went wrong")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        build()

    assert screen.shown().endswith("\r\x1b[Klabctl: Step 1/2 : RUN false\nlabctl: it went wrong\n")
