"""The live view on a terminal of its own."""

from __future__ import annotations

import contextlib
import os
import sys
import termios
from collections.abc import Callable, Iterator

import pytest

from labctl.cli.terminal.live import Live
from labctl.runner.events import ScenarioBegan, StepBegan


class Screen:
    """A terminal: what is written on it can be read, and its size can be changed."""

    def __init__(self) -> None:
        self._ours, theirs = os.openpty()
        self.stream = open(theirs, "w", encoding="utf-8")  # noqa: SIM115  # closed by close()
        os.set_blocking(self._ours, False)
        self.resize(80)

    def resize(self, columns: int) -> None:
        """Make it so wide."""
        termios.tcsetwinsize(self.stream.fileno(), (24, columns))

    def shown(self) -> str:
        """What has been written since the last time."""
        written = b""
        with contextlib.suppress(BlockingIOError):
            while True:
                written += os.read(self._ours, 1 << 16)
        return written.decode().replace("\r\n", "\n")

    def close(self) -> None:
        self.stream.close()
        os.close(self._ours)


@pytest.fixture
def screen() -> Iterator[Screen]:
    with contextlib.closing(Screen()) as screen:
        yield screen


@pytest.fixture
def make(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Live]:
    """Makes the live view of so many scenarios on that terminal."""

    def live(scenarios: int) -> Live:
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", screen.stream)
            patched.setattr(sys, "stderr", screen.stream)
            return Live(scenarios)

    return live


BEGAN = ScenarioBegan(0, "labs/x", "netns", ("cheerios",), ("cheerios: run hostname",))


def drawn(live: Live) -> None:
    """Draw now, as the thread does again and again."""
    live._draw()


def test_the_view_is_drawn_over_itself(screen: Screen, make: Callable[[int], Live]) -> None:
    live = make(1)
    live.take(BEGAN)
    drawn(live)
    first = screen.shown()
    live.take(StepBegan(0, 1, "cheerios: run hostname", None))
    drawn(live)

    assert first.count("\n") == 4
    assert screen.shown().startswith("\r\x1b[4A")


def test_a_result_stands_above_the_view(screen: Screen, make: Callable[[int], Live]) -> None:
    live = make(2)
    live.take(BEGAN)
    drawn(live)
    screen.shown()
    live.result("PASS    labs/w")

    assert screen.shown() == "\r\x1b[5A\x1b[JPASS    labs/w\n"


def test_lines_that_a_narrower_terminal_wraps_are_drawn_over_too(screen: Screen, make: Callable[[int], Live]) -> None:
    live = make(1)
    live.take(BEGAN)
    drawn(live)
    screen.shown()
    screen.resize(30)
    drawn(live)

    assert screen.shown().startswith("\r\x1b[8A")  # 80, 10, 80 and 24 cells in rows of 30


def test_at_the_end_nothing_is_left(screen: Screen, make: Callable[[int], Live]) -> None:
    with make(1) as live:
        live.take(BEGAN)
        drawn(live)

    assert screen.shown().endswith("A\x1b[J")
