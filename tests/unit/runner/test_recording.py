"""Runs with the record on, on the fake engine: it can trace programs, and has no network to record."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from labctl.engine.fake.engine import Fake
from labctl.observe.names import JOURNAL, SCENARIO
from labctl.observe.story import Story
from labctl.runner import recording
from labctl.runner.events import Event, StepJudged
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.run import Options, run_all
from tests.unit.runner.runs import job, quietly

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="a machine need not have strace")

TALK = """\
hosts: {client: {}}
steps:
  - on: client
    run: python3 -c "import socket; socket.socket().close(); print('done')"
    expect: {stdout: done%s}
  - on: client
    run: /bin/true
"""
NEVER = ", syscalls: [{call: socket, args: AF_INET}, {call: close, count: {min: 1}}, {call: connect, count: 0}]"


def run(folder: Path, expected: str = "", *, see: bool = False) -> tuple[ScenarioOutcome, list[Story], list[Event]]:
    """Its outcome, what was shown of it, and what was told meanwhile."""
    stories: list[Story] = []
    heard: list[Event] = []
    options = Options(see=see, show=lambda _, story: stories.append(story), records=folder)
    [outcome] = run_all([job(folder, "talk", TALK % expected)], Fake(), options, heard.append)
    return outcome, stories, heard


def test_without_a_reason_nothing_is_recorded(tmp_path: Path) -> None:
    """Then the run's folder has no traces, and no story is made."""
    outcome, stories, _ = run(tmp_path)
    assert outcome.folder is not None
    assert (outcome.verdict, stories) == (Verdict.PASS, [])
    assert sorted(entry.name for entry in outcome.folder.iterdir()) == [JOURNAL, "plan.json"]


def test_what_is_asked_for_and_can_not_be_recorded_is_said_and_changes_no_verdict(tmp_path: Path) -> None:
    """System calls are there; that packets are not is told as a problem."""
    outcome, [story], _ = run(tmp_path, see=True)
    assert outcome.verdict is Verdict.PASS
    assert (story.verdict, story.packets) == ("pass", ())
    assert {call.name for call in story.calls} >= {"execve", "socket"}
    assert [problem for problem in story.problems if problem.startswith("packets can't be recorded")]


def test_the_folder_has_the_scenario_and_what_programs_printed(tmp_path: Path) -> None:
    """As they were when it ran."""
    outcome, _, _ = run(tmp_path, see=True)
    assert outcome.folder is not None
    assert (outcome.folder / SCENARIO).read_text() == TALK % ""
    assert [path.read_text() for path in (outcome.folder / "outputs").glob("*.stdout")].count("done\n") == 1


def test_calls_are_recorded_where_they_are_expected_and_judged_at_their_step(tmp_path: Path) -> None:
    """Without being asked to see anything."""
    outcome, stories, heard = run(tmp_path, NEVER)
    assert outcome.verdict is Verdict.PASS
    assert stories == []
    assert not [event for event in heard if isinstance(event, StepJudged)]


def test_a_call_that_never_came_fails_its_step_after_the_last_one(tmp_path: Path) -> None:
    """The step had passed; that the record says otherwise is told, and written down."""
    outcome, _, heard = run(tmp_path, ", syscalls: [socket, listen]")
    assert [step.verdict for step in outcome.steps] == [Verdict.FAIL, Verdict.PASS]
    assert "expected listen after socket" in outcome.steps[0].complaints[0]
    assert [event.outcome.number for event in heard if isinstance(event, StepJudged)] == [1]
    assert outcome.folder is not None
    lines = [json.loads(line) for line in (outcome.folder / JOURNAL).read_text().splitlines()]
    assert [line["verdict"] for line in lines if line["event"] == "step-ended"] == ["pass", "pass", "fail"]


def test_a_record_that_is_not_whole_judges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More was traced than is kept: a call that never came may have been in it."""
    monkeypatch.setattr(recording, "MOST_TEXT", 1000)
    outcome, _, _ = run(tmp_path, NEVER)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "is not whole: there was more than is kept" in outcome.reason
    assert outcome.steps[0].verdict is Verdict.UNKNOWN


def test_an_order_of_packets_can_not_be_judged_without_packets(tmp_path: Path) -> None:
    """UNKNOWN, with the reason."""
    text = "hosts: {client: {}, cheerios: {}}\nsteps:\n  - check: client -> cheerios\n    expect: {order: [-> SYN]}\n"
    [outcome] = run_all([job(tmp_path, "order", text)], Fake(), Options(records=tmp_path), lambda event: None)
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.reason.startswith("packets can't be recorded")


def test_a_record_that_the_clock_was_set_in_judges_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its times say no more what came first."""
    offsets = iter([0, 3_600_000_000_000])
    monkeypatch.setattr(recording, "offset_ns", lambda: next(offsets, 3_600_000_000_000))
    outcome, _, _ = run(tmp_path, NEVER)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "clock was set during the run" in outcome.reason


def test_a_mistake_in_what_draws_the_record_is_heard(tmp_path: Path) -> None:
    """It happens in a thread of its own, and is no reason to pass."""

    def show(folder: Path, story: Story) -> None:
        raise ValueError("drawn wrongly")

    with pytest.raises(ValueError, match="drawn wrongly"):
        run_all([job(tmp_path, "talk", TALK % "")], Fake(), Options(see=True, show=show, records=tmp_path), quietly)
