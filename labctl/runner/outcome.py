"""What came of a step, of a scenario, of a run: values, and how verdicts add up."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from pathlib import Path

from msgspec import Struct

from labctl.plan.model import Plan
from labctl.scenario.model import Position


class Verdict(Enum):
    """PASS, UNKNOWN (we could not look, so we cannot say) or FAIL; NOT_RUN for steps after the end."""

    PASS = "pass"
    UNKNOWN = "unknown"
    FAIL = "fail"
    NOT_RUN = "not run"
    SKIPPED = "skipped"


_GRAVITY = {Verdict.SKIPPED: 0, Verdict.NOT_RUN: 0, Verdict.PASS: 1, Verdict.UNKNOWN: 2, Verdict.FAIL: 3}


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict of the whole. Checking nothing proves nothing."""
    found = max(verdicts, key=_GRAVITY.__getitem__, default=Verdict.UNKNOWN)
    return Verdict.UNKNOWN if found is Verdict.NOT_RUN else found


class ProgramSeen(Struct, frozen=True, kw_only=True):
    """A program as a failure shows it. `ending` is words like `exit 1`, `signal KILL`, `still running`."""

    name: str
    host: str
    command: tuple[str, ...]
    ending: str
    stdout: bytes
    stderr: bytes
    cut: bool = False


class StepOutcome(Struct, frozen=True, kw_only=True):
    """What came of one step. `number` counts from 1; times are in seconds, `began_s` since the first step.

    `complaints` say, one text each (some have several lines), what was expected and what came. `notes` are about what
    is not wrong, and not as it should be.
    """

    number: int
    at: Position
    title: str
    verdict: Verdict
    why: str | None = None
    began_s: float = 0.0
    took_s: float = 0.0
    complaints: tuple[str, ...] = ()
    programs: tuple[ProgramSeen, ...] = ()
    notes: tuple[str, ...] = ()


class ScenarioOutcome(Struct, frozen=True, kw_only=True):
    """What came of one scenario on one engine.

    `id` is its path as given without `.yaml`, with `[ipv6]` and the like where it is run with several families.
    `reason` says why an UNKNOWN or SKIPPED one is so, `hint` what to do. `folder` holds the run's records. `lab` is the
    name of the lab where it was left standing, else empty. `plan` is that of the lab as it stood, with the addresses
    that it had; None where it never did. `in_force`: what held its programs, in words, by what it is about. `round`
    counts from 1 where scenarios are run again and again, else it is 0. `again_with` are words of the command line that
    made it what it is. `seed` took the place of the scenario's own; None: nothing did.
    """

    id: str
    path: Path
    engine: str
    verdict: Verdict
    steps: tuple[StepOutcome, ...] = ()
    hosts: tuple[str, ...] = ()
    took_s: float = 0.0
    reason: str = ""
    hint: str = ""
    notes: tuple[str, ...] = ()
    folder: Path | None = None
    lab: str = ""
    plan: Plan | None = None
    in_force: dict[str, str] = {}
    round: int = 0
    again_with: tuple[str, ...] = ()
    seed: int | None = None


def exit_code(outcomes: Iterable[ScenarioOutcome]) -> int:
    """0 all passed; 1 one failed; 3 one is UNKNOWN and none failed; 5 nothing was run."""
    verdicts = [outcome.verdict for outcome in outcomes]
    if Verdict.FAIL in verdicts:
        return 1
    if Verdict.UNKNOWN in verdicts or Verdict.NOT_RUN in verdicts:
        return 3
    return 0 if Verdict.PASS in verdicts else 5
