"""`labctl run --repeat N --until-failure`: rounds, what is counted, and when it ends."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from labctl.engine.contract import EngineError
from labctl.runner.outcome import Verdict
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import StandInRunner

pytestmark = pytest.mark.usefixtures("folder")


def failing_in(runner: StandInRunner, number: int) -> None:
    """labs/a fails in that round, and in no other."""

    def before(its: int) -> None:
        runner.verdicts = {"labs/a": Verdict.FAIL} if its == number else {}

    runner.before_round = before


def test_each_is_run_so_often_and_counted(labctl: Run, runner: StandInRunner) -> None:
    code, out, _ = labctl("run", "--repeat", "3", "labs")
    lines = out.splitlines()

    assert (code, runner.rounds) == (0, 3)
    assert lines[:2] == ["labs/a: 3 runs, 3 passed", "labs/deep/b: 3 runs, 3 passed"]
    assert lines[2].startswith("6 passed on netns in ")
    assert lines[2].endswith("; at most 39.30 % fail (95 % confidence)")


def test_now_and_then_it_says_how_far_it_is(
    labctl: Run, runner: StandInRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "done" not in labctl("run", "--repeat", "3", "labs")[2]
    monkeypatch.setattr("labctl.cli.runs.running.TELLS_EVERY_S", 0.0)

    assert "labctl: 1 round done\nlabctl: 2 rounds done\n" in labctl("run", "--repeat", "3", "labs")[2]


def test_it_goes_on_after_a_failure_and_tells_the_round(labctl: Run, runner: StandInRunner) -> None:
    failing_in(runner, 2)
    code, out, _ = labctl("run", "--repeat", "3", "labs/a.yaml")

    assert (code, runner.rounds) == (1, 3)
    assert out.startswith("FAIL    labs/a  (round 2)  step 1 of 1")
    assert "FAIL labs/a on netns in round 2" in out
    assert "labctl run labs/a --engine netns --until-failure" in out
    assert "labs/a: 3 runs, 2 passed, 1 failed" in out.splitlines()


def test_until_failure_ends_with_the_round_that_did_not_pass(labctl: Run, runner: StandInRunner) -> None:
    failing_in(runner, 4)
    code, out, _ = labctl("run", "--until-failure", "labs")

    assert (code, runner.rounds) == (1, 4)
    assert runner.options is not None
    assert runner.options.stop_at_first
    assert "labs/a: 4 runs, 3 passed, 1 failed" in out.splitlines()


def test_until_failure_ends_at_what_is_unknown_too(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.UNKNOWN}

    assert labctl("run", "--until-failure", "labs")[0] == 3
    assert runner.rounds == 1


def test_both_together_end_at_whichever_comes_first(labctl: Run, runner: StandInRunner) -> None:
    assert labctl("run", "--until-failure", "--repeat", "5", "labs")[0] == 0
    assert runner.rounds == 5


def test_x_ends_it_at_the_first_failure_as_well(labctl: Run, runner: StandInRunner) -> None:
    failing_in(runner, 2)
    labctl("run", "-x", "--repeat", "5", "labs")

    assert runner.rounds == 2


def test_an_interrupt_ends_it_with_what_was_counted(labctl: Run, runner: StandInRunner) -> None:
    runner.before_round = lambda number: signal.raise_signal(signal.SIGINT) if number == 3 else None
    code, out, _ = labctl("run", "--until-failure", "labs/a.yaml")

    assert code == 130
    assert out.splitlines()[-1].startswith("interrupted by SIGINT: 2 passed, 1 not finished on netns in ")


def test_json_tells_the_round_of_each(labctl: Run, runner: StandInRunner) -> None:
    document = json.loads(labctl("run", "--json", "--repeat", "2", "labs")[1])

    assert [(one["id"], one["round"]) for one in document["scenarios"]] == [
        ("labs/a", 1),
        ("labs/deep/b", 1),
        ("labs/a", 2),
        ("labs/deep/b", 2),
    ]


def test_without_repeating_there_are_no_rounds(labctl: Run, runner: StandInRunner) -> None:
    code, out, _ = labctl("run", "--json", "--repeat", "1", "labs/a.yaml")

    assert (code, [one["round"] for one in json.loads(out)["scenarios"]]) == (0, [0])


def test_records_of_what_passed_are_kept_of_the_last_round_only(
    labctl: Run, runner: StandInRunner, tmp_path: Path
) -> None:
    failing_in(runner, 1)
    runner.folders = tmp_path / "runs"
    document = json.loads(labctl("run", "--json", "--repeat", "3", "labs")[1])
    kept = [Path(one["folder"]).name for one in document["scenarios"] if one["folder"] is not None]

    assert kept == ["1-labs-a", "3-labs-a", "3-labs-deep-b"]
    assert sorted(folder.name for folder in runner.folders.iterdir()) == kept


def test_what_was_counted_is_told_though_a_later_round_can_not_begin(labctl: Run, runner: StandInRunner) -> None:
    """And a failure that came before is still one."""

    def before(number: int) -> None:
        runner.verdicts = {"labs/a": Verdict.FAIL} if number == 1 else {}
        if number == 3:
            raise EngineError("there is no place for a run's records", hint="make room")

    runner.before_round = before
    code, out, err = labctl("run", "--repeat", "5", "labs/a.yaml")

    assert code == 1
    assert "labs/a: 2 runs, 1 passed, 1 failed" in out.splitlines()
    assert "labctl: there is no place for a run's records\n  make room" in err

    runner.rounds, runner.before_round = 1, before
    assert labctl("run", "--repeat", "5", "labs/a.yaml")[0] == 3


@pytest.mark.parametrize("other", [("--keep",), ("--html", "page.html")])
@pytest.mark.parametrize("words", [("--repeat", "2"), ("--until-failure",)])
def test_what_goes_with_one_round_only_is_refused(
    labctl: Run, runner: StandInRunner, words: tuple[str, ...], other: tuple[str, ...]
) -> None:
    code, _, err = labctl("run", *words, *other, "labs")

    assert (code, runner.rounds) == (2, 0)
    assert f"{other[0]} goes with one round only" in err
