"""Ways to tell a run while it goes on: by a line for each scenario, step by step, as a live view, or not at all."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from labctl.cli.terminal.device import Device, is_terminal
from labctl.cli.terminal.progress import Lines
from labctl.report.lines import result_line
from labctl.runner.events import Event, Progressed, ScenarioBegan, ScenarioEnded, StepBegan

_STDERR = 2


class Teller(Protocol):
    """Tells a run to people. A context: at its end nothing is left that would be drawn again."""

    @property
    def device(self) -> Device:
        """Where it tells."""

    def __enter__(self) -> object: ...

    def __exit__(self, *_: object) -> None: ...

    def hear(self, event: Event) -> None:
        """Tell what is to be told about it, from any thread. Returns quickly, and doesn't raise."""

    def notice(self, signal: str) -> None:
        """A signal ends the run. Called in the signal's handler: takes no lock."""


class Quiet:
    """Tells nothing before the end."""

    def __init__(self, device: Device) -> None:
        self.device = device

    def __enter__(self) -> object:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def hear(self, event: Event) -> None:
        pass

    def notice(self, signal: str) -> None:
        with suppress(OSError):  # nobody is there to be told
            os.write(_STDERR, f"labctl: {signal}: the labs go down\n".encode())


class Plain(Quiet):
    """A line for each scenario when it has ended, and what an engine does that takes long, once each.

    Where nothing else comes for long, what goes on.
    """

    def __init__(self, device: Device, *, shows_results: bool) -> None:
        super().__init__(device)
        self._shows_results = shows_results
        self._lines = Lines(device)
        self._at: dict[int, str] = {}

    def __enter__(self) -> object:
        self._lines.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.__exit__()

    def hear(self, event: Event) -> None:
        match event:
            case Progressed():
                self._lines(event.words)
            case ScenarioBegan():
                self._at[event.key] = event.id
            case StepBegan():
                self._lines.turn_to(f"{self._at.get(event.key, '')}: step {event.number}: {event.title}")
            case ScenarioEnded():
                self._at.pop(event.key, None)
                self._lines.turn_to(next(iter(self._at.values()), ""))
                if self._shows_results:
                    self.device.result(result_line(event.outcome, self.device.result_look))
                    self._lines.told()


class Verbose(Quiet):
    """Each step with why it is there and what programs print, as it comes. If nothing comes for long, what goes on."""

    def __init__(self, device: Device, abouts: Mapping[str, str], *, shows_results: bool) -> None:
        from labctl.report.narrative import Narrative

        super().__init__(device)
        self._shows_results = shows_results
        self._lines = Lines(device)
        self._narrative = Narrative(abouts, device.result_look if shows_results else device.progress_look)

    def __enter__(self) -> object:
        self._lines.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.__exit__()

    def hear(self, event: Event) -> None:
        match event:
            case Progressed():
                self._lines.turn_to(event.words)
            case StepBegan():
                self._lines.turn_to(f"step {event.number}: {event.title}")
            case ScenarioEnded():
                self._lines.turn_to("")
        self._lines.told()
        with self.device.lock:
            lines = self._narrative.lines(event)
            if isinstance(event, ScenarioEnded) and self._shows_results:
                lines.append(result_line(event.outcome, self.device.result_look))
            if lines:
                (self.device.result if self._shows_results else self.device.progress)("\n".join(lines))


class Lively:
    """The live view; above it a line for each scenario that has ended."""

    def __init__(self, scenarios: int | None, *, shows_results: bool) -> None:
        from labctl.cli.terminal.live import Live

        self.device = Live(scenarios)
        self._shows_results = shows_results

    def __enter__(self) -> object:
        return self.device.__enter__()

    def __exit__(self, *_: object) -> None:
        self.device.__exit__()

    def hear(self, event: Event) -> None:
        self.device.take(event)
        if isinstance(event, ScenarioEnded) and self._shows_results:
            self.device.result(result_line(event.outcome, self.device.result_look))

    def notice(self, signal: str) -> None:
        self.device.view.notice = f"{signal}: the labs go down"


def is_watched() -> bool:
    """Whether somebody looks at a terminal that a live view can be drawn on."""
    return is_terminal(sys.stderr, os.environ)
