"""What GitHub is told at which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.report.ci.annotations import MOST_TEXT, errors, warnings
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.scenario.problems import Position, Problem
from tests.unit.report.outcomes import NO_LAB, PASSED, SKIPPED, WRONG_ANSWER, scenario, step

TOP = Path("/home/me/project")


def told(*outcomes: ScenarioOutcome, here: Path = TOP) -> list[str]:
    return list(errors(outcomes, here=here, top=TOP))


def test_a_failed_step_is_an_error_at_its_line() -> None:
    [line] = told(PASSED, WRONG_ANSWER, SKIPPED)

    assert line.startswith(
        "::error file=labs/x.yaml,line=8,title=FAIL labs/x%3A step 2 of 4%3A client%3A run client cheerios 51717::"
    )
    assert "stdout: expected 'I got your message', came 'bye'%0Aexit: expected 0, came 1%0A" in line


def test_what_is_unknown_is_an_error_too() -> None:
    [line] = told(NO_LAB)

    assert line.startswith("::error file=labs/x.yaml,line=4,title=UNKNOWN labs/x[ipv6]%3A the Docker daemon")


def test_files_are_named_from_the_top_of_the_repository() -> None:
    assert "file=deep/labs/x.yaml," in told(WRONG_ANSWER, here=TOP / "deep")[0]
    assert "file=labs/x.yaml," in told(WRONG_ANSWER, here=Path("/elsewhere"))[0]


@pytest.mark.parametrize("odd", ["100%\r\n::error::forged", "a,b:c", "\x1b[2J\udcff"])
def test_nothing_breaks_out_of_it(odd: str) -> None:
    """One line, whose properties end where they should."""
    [line] = told(scenario(Verdict.FAIL, step(1, odd, Verdict.FAIL, complaints=(odd,)), id=odd))
    properties = line.removeprefix("::error ").partition("::")[0]

    assert line.isprintable()
    assert [one.partition("=")[0] for one in properties.split(",")] == ["file", "line", "title"]
    assert "%25" in line or "%" not in odd


def test_a_long_message_is_cut() -> None:
    [line] = told(scenario(Verdict.FAIL, step(1, "x", Verdict.FAIL, complaints=("y" * 100_000,))))

    assert MOST_TEXT < len(line) < MOST_TEXT + 200


def test_what_is_probably_not_meant_is_a_warning() -> None:
    problem = Problem(Position("labs/x.yaml", 3, 5), "sleep 1 waits for nothing", "wait until something is so")

    assert list(warnings([problem], here=TOP, top=TOP)) == [
        "::warning file=labs/x.yaml,line=3,title=labctl::sleep 1 waits for nothing%0Await until something is so"
    ]
