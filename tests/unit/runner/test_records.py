"""Where runs are written down, and what is kept of them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from labctl.engine.contract import EngineError
from labctl.observe.names import JOURNAL
from labctl.runner.records import HOLDERS_LOG, KEPT, Journal, forget_old, open_folder


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_records_lie_beside_the_scenario(tmp_path: Path) -> None:
    """In a folder that version control is told to ignore."""
    folder = open_folder(tmp_path / "basic.yaml", "basic", None)
    assert folder.parent == tmp_path / ".labctl" / "runs"
    assert (tmp_path / ".labctl" / ".gitignore").read_text() == "*\n"


def test_records_of_a_project_lie_in_one_place(tmp_path: Path) -> None:
    """Beside its compose.yaml, whatever folder the scenario is in."""
    (tmp_path / "compose.yaml").write_text("")
    (tmp_path / "scenarios" / "ports").mkdir(parents=True)
    folder = open_folder(tmp_path / "scenarios" / "ports" / "low-port.yaml", "low-port", None)
    assert folder.parent == tmp_path / ".labctl" / "runs"


def test_two_runs_in_one_second_have_a_folder_each(tmp_path: Path) -> None:
    """The second gets a number."""
    first, second = (open_folder(tmp_path / "basic.yaml", "basic", None) for _ in range(2))
    assert first != second


def test_where_that_can_not_be_written_they_go_to_the_state_folder(tmp_path: Path) -> None:
    """A file stands where the folder would be."""
    (tmp_path / ".labctl").write_text("")
    folder = open_folder(tmp_path / "basic.yaml", "basic", None)
    assert folder.parent == tmp_path / "state" / "labctl" / "runs"


def test_with_no_place_at_all_it_says_what_to_do(tmp_path: Path) -> None:
    """That is nobody's failure: UNKNOWN, not a traceback."""
    (tmp_path / ".labctl").write_text("")
    (tmp_path / "state").write_text("")
    with pytest.raises(EngineError) as caught:
        open_folder(tmp_path / "basic.yaml", "basic", None)
    assert "XDG_STATE_HOME" in caught.value.hint


def test_old_runs_are_forgotten_but_not_those_of_a_lab_that_stands(tmp_path: Path) -> None:
    """The newest stay, this process's own stay, and what a holder still uses."""
    runs = tmp_path / ".labctl" / "runs"
    for number in range(KEPT + 5):
        old = runs / f"20200101-0000{number:02}-basic"
        old.mkdir(parents=True)
        (old / JOURNAL).write_text("")
        if number == 0:
            (old / HOLDERS_LOG).write_text("")
        os.utime(old, (0, 0))
    own = open_folder(tmp_path / "basic.yaml", "basic", None)
    forget_old(own)
    left = sorted(entry.name for entry in runs.iterdir())
    assert len(left) == KEPT + 1
    assert left[0] == "20200101-000000-basic"
    assert left[-1] == own.name


def test_a_run_that_goes_on_is_not_forgotten_however_many_came_after_it(tmp_path: Path) -> None:
    """Whoever writes its journal has it locked: in another process, for another user, in another container."""
    runs = tmp_path / ".labctl" / "runs"
    journals = []
    for number in range(KEPT + 5):
        old = runs / f"20200101-0000{number:02}-basic"
        old.mkdir(parents=True)
        journals.append(Journal(old / JOURNAL))
        if number > 2:
            journals[number].close()
        os.utime(old, (0, 0))
    own = open_folder(tmp_path / "basic.yaml", "basic", None)
    forget_old(own)
    left = sorted(entry.name for entry in runs.iterdir())
    assert left[:4] == [f"20200101-0000{number:02}-basic" for number in (0, 1, 2, 6)]
    for journal in journals:
        journal.close()
    forget_old(own)
    assert len(list(runs.iterdir())) == KEPT


def test_what_is_no_runs_is_not_forgotten(tmp_path: Path) -> None:
    """Somebody keeps things there; and a folder of theirs may be called as a run's is."""
    for name in ("000-notes", "20190101-000000-mine"):
        (tmp_path / ".labctl" / "runs" / name).mkdir(parents=True)
        (tmp_path / ".labctl" / "runs" / name / "notes.txt").write_text("mine")
        os.utime(tmp_path / ".labctl" / "runs" / name, (0, 0))
    (tmp_path / ".labctl" / ".gitignore").write_text("mine\n")
    for _ in range(KEPT + 5):
        own = open_folder(tmp_path / "basic.yaml", "basic", None)
        Journal(own / JOURNAL).close()
        forget_old(own)
    assert len(list((tmp_path / ".labctl" / "runs").glob("*/notes.txt"))) == 2
    assert (tmp_path / ".labctl" / ".gitignore").read_text() == "mine\n"


def test_runs_at_the_same_time_may_forget_the_same_old_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one removes its first, another has removed all."""
    runs = tmp_path / ".labctl" / "runs"
    for number in range(KEPT + 5):
        old = runs / f"20200101-0000{number:02}-basic"
        old.mkdir(parents=True)
        (old / JOURNAL).write_text("")
        os.utime(old, (0, 0))
    own = open_folder(tmp_path / "basic.yaml", "basic", None)
    remove = shutil.rmtree

    def remove_all_old(_first: Path, *, ignore_errors: bool) -> None:
        for folder in sorted(runs.glob("20200101-*"))[:6]:
            remove(folder, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_all_old)
    forget_old(own)
    assert len(list(runs.iterdir())) == KEPT


def test_a_journal_is_lines_of_json_with_both_clocks(tmp_path: Path) -> None:
    """Output that is no UTF-8 is still text there."""
    journal = Journal(tmp_path / "journal.jsonl")
    journal.write("output", t=5, body=b"\xff!", host="cheerios")
    journal.close()
    line = json.loads((tmp_path / "journal.jsonl").read_text())
    assert (line["t"], line["event"], line["size"], line["text"]) == (5, "output", 2, "\\xff!")
    assert line["wall"] > 1.6e9
