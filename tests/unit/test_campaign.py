"""A campaign counts what it ran, and hides nothing."""

from __future__ import annotations

from tests.torture.campaign import Campaign, Case, Run, failures_of, report, run_cases, run_once
from tests.torture.tally import Tally


def passing(run: Run) -> str:
    return ""


def of(*cases: Case, runs: int | None, seconds: float = 60.0) -> Tally:
    count = Tally()
    run_cases(cases, count, runs=runs, seconds=seconds, say=lambda words: None, keep=lambda: None)
    return count


def test_each_case_is_run_so_often() -> None:
    count = of(Case("here", "a", passing), Case("here", "b", passing), runs=3)

    assert [count.of_one("here", name).runs for name in "ab"] == [3, 3]
    assert count.failed == []


def test_time_ends_it() -> None:
    assert of(Case("here", "a", passing), runs=None, seconds=0).of("here").runs == 0


def test_what_a_case_says_or_raises_is_a_failure() -> None:
    def raising(run: Run) -> str:
        raise OSError("no such thing")

    campaign = Campaign("any", "", ("here",), lambda place: [Case(place, "a", raising)])
    [failed] = failures_of(campaign, "here")

    assert failed.startswith("here a: run 0: OSError: no such thing (test_campaign.py:")
    assert run_once(Case("here", "a", lambda run: "bad\nworse"), 0) == "bad / worse"


def test_a_run_has_the_same_chance_again() -> None:
    case = Case("here", "a", lambda run: str(run.chance.random()))

    assert run_once(case, 7) == run_once(case, 7) != run_once(case, 8)


def test_the_report_says_runs_failures_and_the_bound() -> None:
    cases = [Case("here", "a", passing)]
    [line] = report("any", cases, of(*cases, runs=300))

    assert line == (
        "any on here: 1 cases, each run 300 times or more: 300 tries, 0 failures; at most 0.99 % fail (95 % confidence)"
    )
