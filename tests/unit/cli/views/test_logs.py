"""`labctl logs`: the run and the programs that are meant, as they come or all at once; nothing steers a terminal."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from labctl.cli.commands import run_labctl
from labctl.cli.views.logging import _followed
from labctl.runner.records import Journal
from tests.contract.waiting import until
from tests.unit.cli.conftest import Run


@pytest.fixture(autouse=True)
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of a scenario `basic`, the newest one from here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = tmp_path / ".labctl" / "runs" / "29990101-000000-basic"
    folder.mkdir(parents=True)
    journal = Journal(folder / "journal.jsonl")
    journal.write("scenario-began", id="basic")
    for program, host in (("server#1", "cheerios"), ("client#2", "client")):
        journal.write("started", program=program, host=host)
        journal.write("output", body=b"from \x1b[1m" + program.encode(), program=program, host=host, stream="stdout")
    journal.close()
    return folder


def test_the_newest_run_is_shown(labctl: Run) -> None:
    code, out, _ = labctl("logs")

    assert code == 0
    assert [line.partition("  ")[2].lstrip(" .0123456789") for line in out.splitlines()] == [
        r"server on cheerios  stdout | from \x1b[1mserver#1",
        r"client on client  stdout | from \x1b[1mclient#2",
    ]


@pytest.mark.parametrize(
    "words", [["basic", "client"], ["client"], ["--host", "client"], ["basic", "--host", "client"]]
)
def test_a_run_a_program_and_a_host_are_chosen(words: list[str], labctl: Run) -> None:
    code, out, _ = labctl("logs", *words)

    assert (code, out.count("\n"), "client on client" in out) == (0, 1, True)


def test_raw_is_what_was_printed_and_nothing_else(labctl: Run) -> None:
    assert labctl("logs", "--raw", "server")[:2] == (0, "from \x1b[1mserver#1")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["basic", "sevrer"], "no program of this run is called 'sevrer'"),
        (["--host", "cheerio"], "did you mean 'cheerios'?"),
        (["basci"], "no run is called 'basci'"),
    ],
)
def test_an_unknown_name_is_told(words: list[str], complaint: str, labctl: Run) -> None:
    code, _, err = labctl("logs", *words)

    assert code == 2
    assert complaint in err


def test_a_run_that_goes_on_is_followed_to_its_end(tmp_path: Path) -> None:
    """A line that is half written is waited for."""
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write("scenario-began")
    came: list[str] = []
    reading = threading.Thread(target=lambda: came.extend(line["event"] for line in _followed(path)))
    reading.start()
    journal.write("output")
    line = json.dumps({"event": "ended"}).encode() + b"\n"
    with path.open("ab") as half:
        half.write(line[:5])
        half.flush()
        assert until(lambda: came == ["scenario-began", "output"], within_s=5)
        half.write(line[5:])
    assert reading.is_alive()
    journal.close()
    reading.join(10)

    assert came == ["scenario-began", "output", "ended"]


def test_raw_output_goes_to_no_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    primary, terminal = os.openpty()
    try:
        with open(terminal, "w", closefd=False) as stream:
            monkeypatch.setattr("sys.stdout", stream)
            code = run_labctl(["logs", "--raw"])
    finally:
        os.close(terminal)
        os.close(primary)

    assert code == 3
    assert "raw output can steer this terminal" in capsys.readouterr().err
