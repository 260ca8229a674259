"""Events -> the lines of `-v`."""

from __future__ import annotations

from pathlib import Path

from labctl.report.look import PLAIN
from labctl.report.narrative import MOST_LINES, Narrative
from labctl.runner.events import (
    Event,
    LabCameUp,
    OutputCame,
    Progressed,
    ScenarioBegan,
    ScenarioEnded,
    StepBegan,
    StepEnded,
)
from labctl.runner.outcome import Verdict
from tests.unit.report.outcomes import WRONG_ANSWER, step

GOLDEN = Path(__file__).parents[2] / "golden" / "report"
BEGAN = ScenarioBegan(0, "labs/x", "netns", ("cheerios", "client"), ("a", "b"))
OTHER_BEGAN = ScenarioBegan(1, "labs/y", "netns", ("cheerios",), ("c",))


def said(*events: Event) -> list[str]:
    narrative = Narrative({"labs/x": "What it is about,\nin two lines."}, PLAIN)
    return [line for event in events for line in narrative.lines(event)]


def test_a_run_is_told_by_its_golden_text() -> None:
    lines = said(
        BEGAN,
        Progressed(0, "building labctl-host"),
        LabCameUp(
            0,
            {"subnet": "10.51.0.0/24", "limits": "256 MiB"},
            {"client": {"net.core.somaxconn": "2", "net.ipv4.tcp_syn_retries": "1"}},
        ),
        StepBegan(0, 1, "cheerios: start server 51717", "The server comes first.\nSomebody must be there."),
        StepEnded(0, step(1, "cheerios: start server 51717")),
        StepBegan(0, 2, "client: run client cheerios 51717", None),
        OutputCame(0, "client", "client", "stdout", b"Please enter the message: "),
        OutputCame(0, "cheerios", "server", "stdout", b"Here is the mess"),
        OutputCame(0, "cheerios", "server", "stdout", b"age: hi\nand\n"),
        OutputCame(0, "client", "client", "stderr", b"\x1b[31mERROR\xff\n"),
        StepEnded(0, WRONG_ANSWER.steps[1]),
        ScenarioEnded(0, WRONG_ANSWER),
    )

    assert "\n".join(lines) + "\n" == (GOLDEN / "narrative.txt").read_text()


def test_what_has_no_end_of_line_is_shown_when_the_step_is_over() -> None:
    lines = said(
        BEGAN, OutputCame(0, "client", "client", "stdout", b"prompt: "), StepEnded(0, step(1, "a", Verdict.PASS))
    )

    assert lines[-2:] == ["       client stdout | prompt: ", "       ✓ 42 ms"]


def test_steps_with_numbers_of_two_digits_have_a_blank_after_them() -> None:
    began = ScenarioBegan(0, "labs/x", "netns", ("cheerios",), ("a",) * 104)

    assert said(began, StepBegan(0, 9, "a", None), StepBegan(0, 10, "b", None), StepBegan(0, 104, "c", None))[-3:] == [
        "  9/104 a",
        "  10/104 b",
        "  104/104 c",
    ]


def test_a_heading_tells_whose_lines_come_when_scenarios_take_turns() -> None:
    lines = said(BEGAN, OTHER_BEGAN, StepBegan(0, 1, "a", None), StepBegan(1, 1, "c", None), StepBegan(0, 2, "b", None))

    assert [line for line in lines if line.startswith("labs/")] == [
        "labs/x on netns: cheerios, client",
        "labs/y on netns: cheerios",
        "labs/x on netns: cheerios, client",
    ]


def test_a_program_that_prints_without_end_is_told_once() -> None:
    lines = said(BEGAN, OutputCame(0, "client", "yes", "stdout", b"y\n" * (MOST_LINES + 500)))

    assert len([line for line in lines if line.endswith("| y")]) == MOST_LINES
    assert lines[-1].strip() == f"yes prints more than {MOST_LINES} lines: the rest is in the records"


def test_a_scenario_that_said_nothing_has_no_heading() -> None:
    assert said(BEGAN, ScenarioEnded(0, WRONG_ANSWER)) == []
