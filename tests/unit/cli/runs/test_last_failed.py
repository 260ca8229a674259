"""`labctl run --last-failed`, `--seed`, `--dry-run`: what is chosen, and what is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from labctl.runner.outcome import Verdict
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import StandInRunner, write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def test_only_what_did_not_pass_is_run_again(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/deep/b": Verdict.UNKNOWN}
    labctl("run", "labs")
    code, out, err = labctl("run", "labs", "--last-failed")

    assert (code, out.splitlines()[0][:19]) == (3, "UNKNOWN labs/deep/b")
    assert "labctl: --last-failed: 1 of 2 scenarios\n" in err
    assert "labs/a" not in out


def test_where_none_failed_all_are_run_and_it_is_said(labctl: Run, runner: StandInRunner) -> None:
    code, out, err = labctl("run", "labs", "--last-failed")

    assert (code, out.splitlines()[-1][:8]) == (0, "2 passed")
    assert "labctl: --last-failed: none of these is known to have failed (last-failed.json): all are run\n" in err


def test_a_file_that_is_no_good_is_said_and_all_are_run(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    (folder / ".labctl").mkdir()
    (folder / ".labctl" / "last-failed.json").write_text("{")
    code, out, err = labctl("run", "labs", "--last-failed")

    assert (code, out.splitlines()[-1][:8]) == (0, "2 passed")
    assert f"labctl: {folder}/.labctl/last-failed.json can't be read: what it says" in err


def test_the_seed_reaches_the_runner_and_is_refused_where_it_is_none(labctl: Run, runner: StandInRunner) -> None:
    labctl("run", "labs", "--seed", "42")
    assert runner.options is not None
    assert runner.options.seed == 42

    assert labctl("run", "labs", "--seed", "-1")[0] == 2
    assert labctl("run", "labs", "--seed", "x")[0] == 2


def test_a_dry_run_shows_the_plan_and_runs_nothing(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    write_scenario(folder / "labs/a.yaml", more="skip: {netns: no bridge here}\nseed: 3\n")
    code, out, err = labctl("run", "--dry-run", "--engine", "netns", "-j", "2", "labs")

    assert (code, err, runner.rounds) == (0, "", 0)
    assert out.splitlines()[:8] == [
        "labs/a",
        "  skipped: no bridge here",
        "  network 10.51.0.0/24, seed 3",
        "  host    cheerios 10.51.0.2, image labctl-host (on docker)",
        "  host    client 10.51.0.3, image labctl-host (on docker)",
        "    1  cheerios: run hostname",
        "    2  client: run hostname",
        "",
    ]
    assert out.splitlines()[-1] == "1 scenario would be run on netns, 2 at the same time, 1 skipped"
    assert not (folder / ".labctl").exists()


def test_a_dry_run_is_json_where_that_is_wished(labctl: Run, runner: StandInRunner) -> None:
    code, out, _ = labctl("run", "--dry-run", "--json", "--seed", "9", "--see", "labs/a.yaml")
    [one] = json.loads(out)["scenarios"]

    assert (code, one["id"], one["seed"], one["networks"]) == (0, "labs/a", 9, ["10.51.0.0/24"])
    assert [(host["name"], host["addresses"], host["attended"]) for host in one["hosts"]] == [
        ("cheerios", ["10.51.0.2"], True),
        ("client", ["10.51.0.3"], True),
    ]
    assert [(step["number"], step["line"], step["why"]) for step in one["steps"]] == [(1, 5, "to see"), (2, 9, None)]

    assert labctl("run", "--dry-run", "--json=plan.json", "labs")[0] == 0
    assert len(json.loads(Path("plan.json").read_text())["scenarios"]) == 2


def test_a_dry_run_asks_no_daemon(labctl: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")

    assert labctl("run", "--dry-run", "--engine", "docker", "labs")[0] == 0


def test_a_dry_run_of_bad_files_is_2(labctl: Run, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")

    assert labctl("run", "--dry-run", "labs")[0] == 2


@pytest.mark.parametrize("other", [("--junit", "r.xml"), ("--html", "p.html"), ("--keep",), ("--lab", "x")])
def test_what_only_a_run_has_does_not_go_with_a_dry_one(labctl: Run, other: tuple[str, ...]) -> None:
    code, _, err = labctl("run", "--dry-run", *other, "labs")

    assert code == 2
    assert f"--dry-run and {other[0]} exclude each other" in err
