"""What somebody calls a run, and the folder that is meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.observe.names import JOURNAL, PLAN
from labctl.runner.find_run import NoRun, find_run


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setattr("labctl.runner.find_run.shipped", lambda name: tmp_path / "shipped" / name)


def make(place: Path, name: str) -> Path:
    """A run's folder with a journal in it."""
    folder = place / ".labctl" / "runs" / name
    folder.mkdir(parents=True)
    (folder / JOURNAL).touch()
    return folder


def test_the_newest_run_is_meant_where_nothing_is_said(tmp_path: Path) -> None:
    """Of those in one second the last: its number counts as a number."""
    for name in ("20260101-120000-basic", "20260102-120000-basic-2", "20260102-120000-other-10"):
        make(tmp_path, name)
    assert find_run(None, tmp_path).name == "20260102-120000-other-10"


def test_a_runs_folder_can_be_named_by_its_path(tmp_path: Path) -> None:
    """From wherever one is."""
    folder = make(tmp_path, "20260101-120000-basic")
    assert find_run(str(folder), Path("/")) == folder
    assert find_run(".labctl/runs/20260101-120000-basic", tmp_path) == folder
    assert find_run(".", folder) == folder


def test_a_run_can_be_named_by_its_folders_name(tmp_path: Path) -> None:
    """From a folder below, too."""
    folder = make(tmp_path, "20260101-120000-basic")
    make(tmp_path, "20260102-120000-basic")
    (tmp_path / "deep").mkdir()
    assert find_run("20260101-120000-basic", tmp_path / "deep") == folder


@pytest.mark.parametrize("name", ["low-port", "ports/low-port", "scenarios/ports/low-port.yaml"])
def test_a_scenario_stands_for_its_newest_run(tmp_path: Path, name: str) -> None:
    """Called by its id or by its file."""
    make(tmp_path, "20260101-120000-low-port")
    newest = make(tmp_path, "20260102-120000-low-port")
    make(tmp_path, "20260103-120000-port-in-use")
    assert find_run(name, tmp_path) == newest


def test_a_scenarios_own_number_is_not_taken_for_a_runs(tmp_path: Path) -> None:
    """`client-2` is a name of its own."""
    folder = make(tmp_path, "20260101-120000-client-2")
    assert find_run("client-2", tmp_path) == folder


def test_runs_of_a_scenario_are_looked_for_where_they_are_written(tmp_path: Path) -> None:
    """Beside its compose.yaml, whatever folder one is in."""
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    folder = make(project, "20260101-120000-basic")
    elsewhere.mkdir()
    (project / "compose.yaml").touch()
    assert find_run("basic", elsewhere, project / "basic.yaml") == folder


def test_runs_in_the_state_folder_are_found(tmp_path: Path) -> None:
    """Those of scenarios that labctl brings along are there."""
    folder = tmp_path / "state" / "labctl" / "runs" / "20260101-120000-basic"
    folder.mkdir(parents=True)
    (folder / JOURNAL).touch()
    assert find_run("basic", tmp_path) == folder


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    """A folder without a journal is no run."""
    make(tmp_path, "20260101-120000-basic")
    (tmp_path / ".labctl/runs/20260101-120000-empty").mkdir()
    with pytest.raises(NoRun, match="no run is called 'basik'") as caught:
        find_run("basik", tmp_path)
    assert caught.value.hint == "did you mean 'basic'? scenarios that were run: basic"


def test_a_folder_that_holds_no_record_is_told_so(tmp_path: Path) -> None:
    """Whether there are runs elsewhere or none."""
    (tmp_path / "ports").mkdir()
    with pytest.raises(NoRun, match="there is no record of a run in 'ports'"):
        find_run("ports", tmp_path)
    make(tmp_path, "20260101-120000-basic")
    with pytest.raises(NoRun, match="there is no record of a run in 'ports'") as caught:
        find_run("ports", tmp_path)
    assert caught.value.hint == "record one with `labctl run --see NAME`"


def test_a_run_goes_before_a_folder_of_its_scenarios_name(tmp_path: Path) -> None:
    """`ports` may be both."""
    (tmp_path / "ports").mkdir()
    run = make(tmp_path, "20260101-120000-ports")
    assert find_run("ports", tmp_path) == run


def test_with_no_runs_at_all_it_says_how_to_record_one(tmp_path: Path) -> None:
    """And where it has looked."""
    with pytest.raises(NoRun, match=str(tmp_path)) as caught:
        find_run(None, tmp_path)
    assert caught.value.hint == "record one with `labctl run --see NAME`"


def test_of_two_scenarios_in_one_second_the_later_one_is_meant(tmp_path: Path) -> None:
    """By when its plan was written, whatever it is called."""
    for written_s, name in enumerate(("20260101-120000-b", "20260101-120000-c", "20260101-120000-a"), 1):
        plan = make(tmp_path, name) / PLAN
        plan.touch()
        os.utime(plan, (written_s, written_s))

    assert find_run(None, tmp_path).name == "20260101-120000-a"
