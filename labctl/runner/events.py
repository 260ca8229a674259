"""What happens during a run, as it happens: for whoever draws or prints it.

`key` tells scenarios of one run apart (several may run at the same time). Listeners are called from the thread
that runs the scenario, must return quickly and must not raise.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from labctl.runner.outcome import ScenarioOutcome, StepOutcome


class ScenarioBegan(Struct, frozen=True):
    """Its lab is being made. `steps` are the titles of its steps, in order."""

    key: int
    id: str
    engine: str
    hosts: tuple[str, ...]
    steps: tuple[str, ...]


class Progressed(Struct, frozen=True):
    """What the engine does now, in a few words (`building image …`)."""

    key: int
    words: str


class LabCameUp(Struct, frozen=True):
    """Every host is there. `facts` says what is in force: limits, subnet and the like.

    `declared` are the kernel settings that were asked for, by service.
    """

    key: int
    facts: dict[str, str]
    declared: dict[str, dict[str, str]] = {}


class StepBegan(Struct, frozen=True):
    """A step has begun; `number` counts from 1."""

    key: int
    number: int
    title: str
    why: str | None


class OutputCame(Struct, frozen=True):
    """A program printed something."""

    key: int
    host: str
    program: str
    stream: str
    data: bytes


class StepEnded(Struct, frozen=True):
    """A step is over."""

    key: int
    outcome: StepOutcome


class StepJudged(Struct, frozen=True):
    """A step had passed, and the record of the run, now that it is whole, says otherwise."""

    key: int
    outcome: StepOutcome


class ScenarioEnded(Struct, frozen=True):
    """Its lab is gone (or kept), and its verdict is there."""

    key: int
    outcome: ScenarioOutcome


Event = ScenarioBegan | Progressed | LabCameUp | StepBegan | OutputCame | StepEnded | StepJudged | ScenarioEnded
Listener = Callable[[Event], None]
