"""What to run and how: values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.plan.given import NOTHING_GIVEN, Given
from labctl.plan.model import Plan
from labctl.scenario.model import Scenario

if TYPE_CHECKING:
    from labctl.observe.story import Story


class Job(Struct, frozen=True):
    """One scenario to run, with one family. `id` as ScenarioOutcome says. `given` are on the hosts of the plan.

    `again_with` are the words of a command line that ask for the same.
    """

    id: str
    scenario: Scenario
    plan: Plan
    given: Given = NOTHING_GIVEN
    again_with: tuple[str, ...] = ()


class Options(Struct, frozen=True, kw_only=True):
    """How to run. `jobs`: so many scenarios at the same time. `keep`: leave labs standing (`on_fail`: failed ones).

    `stop_at_first`: start nothing more after one that didn't pass. `records`: the folder that `.labctl/runs` is
    made in, None for the scenario's own place. `slack` multiplies every timeout and every `max` of a `took`. `strict`
    asks given programs, too, for what only the lab's own are held to: their wording, and the status after an error.
    `see`: record packets and system calls; `show` is then given each run's folder and its story, from a thread of its
    own while the lab comes down, and again if that changes the verdict.
    `seed` takes the place of each scenario's `seed`. `forgets`: an outcome's steps are told to who listens, and not
    kept.
    """

    jobs: int = 1
    keep: bool = False
    keep_on_fail: bool = False
    stop_at_first: bool = False
    records: Path | None = None
    slack: float = 1.0
    strict: bool = False
    see: bool = False
    show: Callable[[Path, Story], None] | None = None
    seed: int | None = None
    forgets: bool = False
