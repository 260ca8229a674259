"""The line of each scenario, and the closing line."""

from __future__ import annotations

from msgspec.structs import replace

from labctl.report.lines import bound_of, closing_line, result_line, tally_lines
from labctl.report.look import PLAIN, Look
from labctl.runner.outcome import ScenarioOutcome
from tests.unit.report.outcomes import LAB_BROKE, NO_LAB, PASSED, SKIPPED, WRONG_ANSWER, scenario


def closing(*outcomes: ScenarioOutcome, not_begun: int = 0, interrupted: str = "") -> str:
    return closing_line(outcomes, engine="netns", took_s=3.1, look=PLAIN, not_begun=not_begun, interrupted=interrupted)


def test_a_passed_scenario_has_its_steps_and_its_time() -> None:
    assert result_line(PASSED, PLAIN) == "PASS    labs/x  2 steps  0.19 s"


def test_a_failed_scenario_has_the_step_that_failed() -> None:
    assert result_line(WRONG_ANSWER, PLAIN) == "FAIL    labs/x  step 2 of 4: client: run client cheerios 51717  0.19 s"


def test_an_unknown_scenario_has_the_reason() -> None:
    assert result_line(LAB_BROKE, PLAIN) == "UNKNOWN labs/x  (host client is gone, and its agent with it)  0.19 s"


def test_a_skipped_scenario_has_the_first_line_of_the_reason_and_no_time() -> None:
    assert result_line(SKIPPED, PLAIN) == "SKIPPED labs/x  (Docker's bridge drops it)"


def test_an_id_cannot_steer_the_terminal() -> None:
    assert "\x1b" not in result_line(scenario(PASSED.verdict, id="a\x1b[2J"), PLAIN)


def test_the_verdict_is_coloured_where_there_are_colours() -> None:
    assert result_line(PASSED, Look(colour=True)).startswith("\x1b[1;32mPASS   \x1b[0m labs/x")


def test_the_closing_line_counts_by_verdict() -> None:
    every = (PASSED, PASSED, WRONG_ANSWER, LAB_BROKE, SKIPPED)

    assert closing(*every) == "2 passed, 1 failed, 1 unknown, 1 skipped on netns in 3.10 s"


def test_the_closing_line_tells_what_had_no_turn() -> None:
    assert closing(WRONG_ANSWER, not_begun=3) == "1 failed, 3 not run on netns in 3.10 s"


def test_the_closing_line_tells_what_interrupted_the_run() -> None:
    line = closing(PASSED, not_begun=1, interrupted="SIGTERM")

    assert line == "interrupted by SIGTERM: 1 passed, 1 not finished on netns in 3.10 s"


def test_the_closing_line_of_nothing_says_so() -> None:
    assert closing() == "nothing was run on netns in 3.10 s"


def test_a_scenario_without_a_lab_has_the_reason() -> None:
    assert "(the Docker daemon at unix:///var/run/docker.sock does not answer)" in result_line(NO_LAB, PLAIN)


def test_what_was_run_again_and_again_is_counted_by_scenario() -> None:
    every = [scenario(PASSED.verdict, id="labs/a"), WRONG_ANSWER, scenario(PASSED.verdict, id="labs/a"), SKIPPED]

    assert tally_lines(every) == ["labs/a: 2 runs, 2 passed", "labs/x: 1 run, 1 failed"]
    assert bound_of(every) == "at most 86.46 % fail (95 % confidence)"


def test_a_result_tells_its_round() -> None:
    assert result_line(scenario(PASSED.verdict, round=7), PLAIN).startswith("PASS    labs/x  (round 7)  ")


def test_that_a_lab_was_open_is_told_of_a_passed_scenario_too() -> None:
    assert PASSED.plan is not None
    opened = scenario(PASSED.verdict, plan=replace(PASSED.plan, internet=True))

    assert "(its lab was open: allow internet)" in result_line(opened, PLAIN)
    assert "open" not in result_line(PASSED, PLAIN)
