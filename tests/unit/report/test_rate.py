"""The bound on a rate of failure is the exact one."""

from __future__ import annotations

import pytest

from labctl.report.rate import bound_in_words, upper_bound


@pytest.mark.parametrize("runs", [1, 3, 59, 300])
def test_without_failures_it_is_the_rate_at_which_that_many_runs_pass_one_time_in_twenty(runs: int) -> None:
    assert (1 - upper_bound(runs, 0)) ** runs == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("runs", "failures", "bound"), [(10, 1, 0.39416), (100, 5, 0.10226), (20, 19, 0.99744), (10_000, 1_000, 0.10507)]
)
def test_it_is_clopper_and_pearsons(runs: int, failures: int, bound: float) -> None:
    """The figures are those of a beta distribution's quantile: beta(failures + 1, runs - failures) at 0.95."""
    assert upper_bound(runs, failures) == pytest.approx(bound, abs=5e-5)


@pytest.mark.parametrize(("runs", "failures"), [(0, 0), (5, 5)])
def test_who_never_saw_it_pass_knows_nothing(runs: int, failures: int) -> None:
    assert upper_bound(runs, failures) == 1.0


def test_it_is_said_in_words() -> None:
    assert bound_in_words(300, 0) == "at most 0.99 % fail (95 % confidence)"
