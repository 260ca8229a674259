"""`labctl run`: what is told, and the exit code."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from labctl.runner.outcome import Verdict
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import StandInRunner, write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def test_results_go_to_standard_output_and_progress_to_standard_error(labctl: Run, runner: StandInRunner) -> None:
    code, out, err = labctl("run", "labs")

    assert code == 0
    assert out.splitlines()[:2] == ["PASS    labs/a  1 step  0.20 s", "PASS    labs/deep/b  1 step  0.20 s"]
    assert out.splitlines()[2].startswith("2 passed on netns in ")
    assert err == "labctl: engine netns: auto was asked for\nlabctl: starting hosts\n"


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        ({}, 0),
        ({"labs/a": Verdict.FAIL}, 1),
        ({"labs/a": Verdict.UNKNOWN}, 3),
        ({"labs/a": Verdict.UNKNOWN, "labs/deep/b": Verdict.FAIL}, 1),
    ],
)
def test_the_exit_code_is_that_of_the_verdicts(
    labctl: Run, runner: StandInRunner, verdicts: dict[str, Verdict], code: int
) -> None:
    runner.verdicts = verdicts

    assert labctl("run", "labs")[0] == code


def test_failures_come_after_the_results_and_before_the_last_line(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}
    lines = labctl("run", "labs")[1].splitlines()

    assert lines[0].startswith("FAIL    labs/a  step 1 of 1")
    assert lines[1].startswith("PASS    labs/deep/b")
    assert "labs/a.yaml:5:5: step 1 of 1: cheerios: run hostname" in lines
    assert "  again:   labctl run labs/a --engine netns" in lines
    assert lines[-1].startswith("1 passed, 1 failed on netns")


def test_quiet_shows_failures_and_the_last_line_only(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}
    _, out, err = labctl("run", "-q", "labs")

    assert err == ""
    assert "PASS" not in out
    assert out.startswith("\nFAIL labs/a on netns\n")


def test_verbose_shows_each_step_with_why_and_output(labctl: Run, runner: StandInRunner) -> None:
    out = labctl("run", "-v", "labs/a.yaml")[1]

    assert out.splitlines()[:-2] == [
        "labs/a on netns: cheerios, client",
        "  What it is about.",
        "  starting hosts",
        "  1/2  cheerios: run hostname",
        "       to see",
        "       hostname stdout | cheerios",
        "       ✓ 0 ms",
    ]


def test_json_is_one_document_and_nothing_else_on_standard_output(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}
    code, out, _ = labctl("run", "--json", "labs")
    document = json.loads(out)

    assert (code, document["exit"], document["engine"]) == (1, 1, "netns")
    assert [(one["id"], one["verdict"]) for one in document["scenarios"]] == [
        ("labs/a", "fail"),
        ("labs/deep/b", "pass"),
    ]


def test_json_tells_problems_of_files_too(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    code, out, err = labctl("run", "--json", "labs")
    document = json.loads(out)

    assert (code, document["exit"], document["problems"][0]["line"]) == (2, 2, 11)
    assert "labs/c.yaml:11:1: unknown key 'nonsense'" in err


def test_problems_of_all_files_come_at_once_and_nothing_is_run(
    labctl: Run, runner: StandInRunner, folder: Path
) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    write_scenario(folder / "labs/d.yaml", more="rubbish: 1\n")
    code, out, err = labctl("run", "labs")

    assert (code, out, runner.options) == (2, "", None)
    assert "labs/c.yaml:11:1" in err
    assert "labs/d.yaml:11:1" in err


def test_k_selects(labctl: Run, runner: StandInRunner) -> None:
    out = labctl("run", "labs", "-k", "not slow")[1]

    assert "labs/a" in out
    assert "labs/deep/b" not in out


@pytest.mark.parametrize("words", [("run", "labs", "-k", "nix"), ("run", "labs/empty")])
def test_nothing_selected_is_5(labctl: Run, runner: StandInRunner, folder: Path, words: tuple[str, ...]) -> None:
    (folder / "labs/empty").mkdir()

    assert labctl(*words)[0] == 5


@pytest.mark.parametrize(
    "words",
    [
        ("run",),
        ("run", "nix"),
        ("run", "labs", "-k", "a and"),
        ("run", "labs", "-v", "-q"),
        ("run", "labs", "-j", "0"),
        ("run", "labs", "--engine", "podman"),
        ("run", "labs", "--keep=sometimes"),
        ("run", "labs", "--timeout-scale", "0"),
        ("run", "labs/a[ipv6]"),
    ],
)
def test_a_wrong_command_line_is_2(labctl: Run, runner: StandInRunner, words: tuple[str, ...]) -> None:
    code, out, err = labctl(*words)

    assert (code, out) == (2, "")
    assert err
    assert "Traceback" not in err


def test_keep_takes_its_value_only_with_an_equals_sign(labctl: Run, runner: StandInRunner) -> None:
    labctl("run", "--keep", "labs/a.yaml")
    assert runner.options is not None
    assert (runner.options.keep, runner.options.keep_on_fail) == (True, False)

    labctl("run", "--keep=on-fail", "labs/a.yaml")
    assert (runner.options.keep, runner.options.keep_on_fail) == (False, True)


def test_options_reach_the_runner(labctl: Run, runner: StandInRunner) -> None:
    labctl("run", "labs", "-x", "-j", "4", "--timeout-scale", "2.5")

    assert runner.options is not None
    assert (runner.options.stop_at_first, runner.options.jobs, runner.options.slack) == (True, 4, 2.5)


def test_the_engine_may_come_from_the_environment(
    labctl: Run, runner: StandInRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LABCTL_ENGINE", "docker")

    assert "docker was asked for" in labctl("run", "labs")[2]


def test_a_scenario_that_cannot_hold_on_the_engine_is_skipped_with_the_reason(
    labctl: Run, runner: StandInRunner, folder: Path
) -> None:
    write_scenario(folder / "labs/a.yaml", more="skip: {netns: no bridge here}\n")
    code, out, _ = labctl("run", "labs")

    assert code == 0
    assert "SKIPPED labs/a  (no bridge here)" in out
    assert "1 passed, 1 skipped on netns" in out


def test_only_skipped_is_nothing_run(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    write_scenario(folder / "labs/a.yaml", more="skip: {netns: no bridge here}\n")

    assert labctl("run", "labs/a.yaml")[0] == 5


def test_each_family_is_run_and_named(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    write_scenario(folder / "labs/a.yaml", more="ip: [4, 6]\n")

    assert [line.split()[1] for line in labctl("run", "labs/a.yaml")[1].splitlines()[:2]] == [
        "labs/a[ipv4]",
        "labs/a[ipv6]",
    ]
    assert "1 passed" in labctl("run", "labs/a[ipv6]")[1]


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_the_run_with_its_exit_code_and_tells_what_was_done(
    labctl: Run, runner: StandInRunner, name: str, code: int
) -> None:
    began: list[str] = []

    def at_step() -> None:
        began.append("one")
        if len(began) == 2:
            signal.raise_signal(signal.Signals[name])

    runner.at_step = at_step
    ended, out, _ = labctl("run", "labs")

    assert ended == code
    assert out.splitlines()[-1].startswith(f"interrupted by {name}: 1 passed, 1 not finished on netns")


def test_a_signal_is_told_in_json(labctl: Run, runner: StandInRunner) -> None:
    runner.at_step = lambda: signal.raise_signal(signal.SIGTERM)
    document = json.loads(labctl("run", "--json", "labs")[1])

    assert (document["interrupted"], document["exit"], document["scenarios"]) == ("SIGTERM", 143, [])


def test_a_mistake_of_labctls_own_keeps_its_traceback_and_is_no_failure(labctl: Run, runner: StandInRunner) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    runner.at_step = break_down
    code, _, err = labctl("run", "labs")

    assert code == 3
    assert "ZeroDivisionError" in err
