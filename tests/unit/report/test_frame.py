"""Events -> the live view."""

from __future__ import annotations

import pytest

from labctl.report.frame import View, cells, cut
from labctl.report.look import PLAIN, Look
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
from tests.unit.report.outcomes import PASSED, step

TITLES = tuple(f"client: run {number}" for number in range(1, 21))
BEGAN = ScenarioBegan(0, "labs/x", "netns", ("cheerios", "client"), TITLES[:3])


def view_after(*events: Event, scenarios: int = 1, look: Look = PLAIN) -> View:
    view = View(scenarios, look)
    for event in events:
        view.take(event, 100.0)
    return view


def lines_after(
    *events: Event, now_s: float = 101.5, width: int = 60, height: int = 20, scenarios: int = 1
) -> list[str]:
    return view_after(*events, scenarios=scenarios).lines(now_s, width=width, height=height)


def test_before_the_first_step_the_lab_comes_up() -> None:
    assert lines_after(BEGAN, width=40) == [
        "labs/x on netns                    1.5 s",
        "  cheerios, client",
        "  ▸ the lab comes up               1.5 s",
        "    1 client: run 1",
        "    2 client: run 2",
        "    3 client: run 3",
    ]


def test_what_the_engine_does_is_shown() -> None:
    assert "  ▸ building labctl-host" in lines_after(BEGAN, Progressed(0, "building labctl-host"))[2]


def test_the_step_in_progress_is_marked_and_timed() -> None:
    lines = lines_after(
        BEGAN,
        LabCameUp(0, {}),
        StepBegan(0, 1, "", None),
        StepEnded(0, step(1, "")),
        StepBegan(0, 2, "", None),
        width=40,
    )

    assert lines[2:] == [
        "  ✓ 1 client: run 1                42 ms",
        "  ▸ 2 client: run 2                1.5 s",
        "    3 client: run 3",
    ]


def test_after_a_failure_the_lab_goes_down() -> None:
    lines = lines_after(BEGAN, StepBegan(0, 1, "", None), StepEnded(0, step(1, "", Verdict.FAIL)))

    assert [line[:24].rstrip() for line in lines[2:]] == [
        "  ✗ 1 client: run 1",
        "    2 client: run 2",
        "    3 client: run 3",
        "  ▸ the lab goes down",
    ]


def test_many_steps_show_those_around_the_one_in_progress() -> None:
    began = ScenarioBegan(0, "labs/x", "netns", ("cheerios",), TITLES)
    ended = [StepEnded(0, step(number, "")) for number in range(1, 10)]
    lines = lines_after(began, *ended, StepBegan(0, 10, "", None))

    assert len(lines) == 2 + 8
    assert any("▸ 10 client: run 10" in line for line in lines)


def test_of_several_scenarios_those_at_their_steps_are_shown() -> None:
    other = ScenarioBegan(1, "labs/y", "netns", ("cheerios",), ("a",))
    lines = lines_after(BEGAN, other, StepBegan(0, 1, "", None), scenarios=9)

    assert lines[0].startswith("labs/x on netns")
    assert not any("labs/y" in line for line in lines)
    assert lines[-1] == "0 of 9 scenarios done"


def test_scenarios_at_the_same_time_have_a_line_each() -> None:
    other = ScenarioBegan(1, "labs/y", "netns", ("cheerios",), ("a",))
    lines = lines_after(
        BEGAN, other, StepBegan(0, 1, "here", None), StepBegan(1, 1, "there", None), width=40, scenarios=2
    )

    assert lines == [
        "▸ labs/x  1/3 here                 1.5 s",
        "▸ labs/y  1/1 there                1.5 s",
        "0 of 2 scenarios done",
    ]


def test_a_scenario_that_has_ended_is_gone() -> None:
    assert lines_after(BEGAN, ScenarioEnded(0, PASSED)) == []


def test_a_signal_is_noticed() -> None:
    view = view_after(BEGAN)
    view.notice = "SIGINT: the labs go down"

    assert view.lines(100.0, width=60, height=20)[-1] == "SIGINT: the labs go down"


def test_an_event_of_a_scenario_that_never_began_changes_nothing() -> None:
    assert lines_after(StepBegan(7, 1, "", None), OutputCame(7, "", "", "stdout", b"")) == []


@pytest.mark.parametrize("width", [1, 2, 7, 8, 20, 39, 79, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    began = ScenarioBegan(0, "labs/電" * 20, "netns", tuple(f"client-{n}" for n in range(99)), ("\x1b[2J\t" * 30,))
    lines = lines_after(began, StepBegan(0, 1, "", None), width=width)

    assert all(cells(line) <= width for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.parametrize("height", [1, 2, 5, 9])
def test_the_view_is_not_higher_than_the_terminal(height: int) -> None:
    began = ScenarioBegan(0, "labs/x", "netns", ("cheerios",), TITLES)

    assert len(lines_after(began, StepBegan(0, 4, "", None), height=height)) <= height


def test_without_unicode_the_marks_are_ascii() -> None:
    view = view_after(BEGAN, StepBegan(0, 1, "", None), look=Look(beyond_ascii=False))

    assert all(line.isascii() for line in view.lines(101.0, width=60, height=20))


def test_wide_characters_take_two_cells() -> None:
    assert cells("電話") == 4
    assert cut("電話電話", 5, "…") == "電話…"
