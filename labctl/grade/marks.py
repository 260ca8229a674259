"""What came of submissions: values, and how they add up."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from labctl.grade.submissions import Submission
from labctl.runner.outcome import ScenarioOutcome, Verdict, worst


class Unused(Struct, frozen=True):
    """Why a submission's programs could not be used. `said`: what their compiler said."""

    message: str
    hint: str = ""
    said: str = ""


class SecondLook(Struct, frozen=True):
    """The same scenario run once more, recorded. `folder` has its records, `advice` says what is to be seen there.

    `verdict` is that of this run: one that passes now does not always fail.
    """

    verdict: Verdict
    folder: Path | None
    advice: tuple[str, ...] = ()


class Graded(Struct, frozen=True, kw_only=True):
    """A submission, and what came of it.

    `programs` are what was found in it. `warnings` are its compiler's. `outcomes` are in the order of the scenarios,
    those in which none of its programs has a part left out. `seen`: second looks, by the scenario's id.
    """

    submission: Submission
    programs: tuple[str, ...] = ()
    unused: Unused | None = None
    warnings: str = ""
    outcomes: tuple[ScenarioOutcome, ...] = ()
    seen: dict[str, SecondLook] = {}

    @property
    def passed(self) -> int:
        """How many scenarios passed."""
        return sum(outcome.verdict is Verdict.PASS for outcome in self.outcomes)

    @property
    def asked(self) -> int:
        """How many were run, or should have been."""
        return sum(outcome.verdict is not Verdict.SKIPPED for outcome in self.outcomes)

    @property
    def verdict(self) -> Verdict:
        """FAIL for programs that can't be used."""
        if self.unused is not None:
            return Verdict.FAIL
        return worst(outcome.verdict for outcome in self.outcomes)


class Marks(Struct, frozen=True, kw_only=True):
    """A class. `scenarios` are the ids of all that somebody's programs were run in, in order."""

    engine: str
    scenarios: tuple[str, ...]
    graded: tuple[Graded, ...]
    took_s: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 all submissions passed; 1 one failed; 3 of one nothing can be said, and none failed."""
        verdicts = [one.verdict for one in self.graded]
        if Verdict.FAIL in verdicts:
            return 1
        return 0 if verdicts and all(verdict is Verdict.PASS for verdict in verdicts) else 3


def in_order(scenarios: Sequence[str], graded: Sequence[Graded]) -> tuple[str, ...]:
    """The scenarios that at least one submission was run in."""
    run = {outcome.id for one in graded for outcome in one.outcomes}
    return tuple(scenario for scenario in scenarios if scenario in run)
