"""`labctl completion`: bash, zsh and fish complete at Tab; each is started in a terminal, typed to, and read."""

from __future__ import annotations

import os
import pty
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl.cli.commands import cli
from tests.unit.cli.stand_in import write_scenario

TOP = Path(__file__).parents[3]
PATIENCE_S = 30.0
MUST_BE_THERE = bool(os.environ.get("LABCTL_TEST_ENGINES"))
SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(labctl completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'autoload -U compinit; compinit -u -D; eval "$(labctl completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "labctl completion fish | source"),
}


class Terminal:
    """A shell in a terminal of its own: what is typed there, and what comes on its screen."""

    def __init__(self, words: list[str], environment: dict[str, str], folder: Path) -> None:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment)
        self.screen = ""

    def type(self, text: str) -> None:
        os.write(self._terminal, text.encode())

    def wait_for(self, text: str) -> None:
        """Until it has come since the last match."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.screen:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                raise AssertionError(f"{text!r} never came; the screen shows {self.screen!r}")
            self.screen += os.read(self._terminal, 4096).decode(errors="replace")
        self.screen = self.screen.partition(text)[2]

    def close(self) -> None:
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)
        os.close(self._terminal)


@pytest.fixture(params=SHELLS)
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Terminal]:
    """A shell that has read what `labctl completion` prints, in a folder with one scenario."""
    words, setup = SHELLS[request.param]
    if shutil.which(words[0]) is None and not MUST_BE_THERE:
        pytest.skip(f"no {words[0]} here")
    tools = tmp_path / "bin"
    tools.mkdir()
    labctl = tools / "labctl"
    labctl.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m labctl "$@"\n')
    labctl.chmod(0o755)
    environment = {
        "PATH": f"{tools}:/usr/bin:/bin",
        "PYTHONPATH": str(TOP),
        "HOME": str(tmp_path),
        "TERM": "xterm",
        "LC_ALL": "C.UTF-8",
        "XDG_RUNTIME_DIR": str(tmp_path),
    }
    folder = tmp_path / "place"
    folder.mkdir()
    write_scenario(folder / "my-own.yaml")
    found = Terminal(words, environment, folder)
    try:
        found.type(f"{setup}; echo rea''dy\r")
        found.wait_for("ready")
        yield found
    finally:
        found.close()


def test_a_command_is_completed(terminal: Terminal) -> None:
    terminal.type("labctl vali\t--help\r")
    terminal.wait_for("Usage: labctl validate")


def test_an_option_is_completed(terminal: Terminal) -> None:
    terminal.type("labctl run --until-f\t--help\r")
    terminal.wait_for("--until-failure")
    terminal.wait_for("Usage: labctl run")


def test_a_choice_is_completed(terminal: Terminal) -> None:
    terminal.type("labctl completion fi\t| head -2\r")
    terminal.wait_for("function _labctl_completion;")


def test_a_file_and_a_shipped_name_are_completed(terminal: Terminal) -> None:
    terminal.type("labctl validate my-\tconnection-ref\t\r")
    terminal.wait_for("my-own.yaml: OK")
    terminal.wait_for("connection-refused.yaml: OK")


def completed(shell: str, *words: str) -> list[str]:
    """What labctl offers a shell for the last of these words."""
    environment = {
        "_LABCTL_COMPLETE": f"{shell}_complete",
        "COMP_WORDS": " ".join(words),
        "COMP_CWORD": str(len(words) - 1),
    }
    done = CliRunner().invoke(cli, prog_name="labctl", env=environment)
    return [line.partition(",")[2] for line in done.output.splitlines() if line]


def test_shipped_names_and_files_are_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_scenario(tmp_path / "basic-too.yaml")
    (tmp_path / "basic-notes.txt").write_text("")
    (tmp_path / "basics").mkdir()

    assert completed("bash", "labctl", "run", "basic") == ["basic-too.yaml", "basics", "basic"]
    assert completed("bash", "labctl", "explain", "unix/str") == ["unix/stream"]


def test_runs_are_offered_newest_first_and_by_their_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("20260101-000000-zz-a", "20260102-000000-zz-a", "20260102-000000-zz-b"):
        folder = tmp_path / ".labctl" / "runs" / name
        folder.mkdir(parents=True)
        (folder / "journal.jsonl").write_text("")

    assert completed("bash", "labctl", "show", "zz") == ["zz-a", "zz-b"]
    assert completed("bash", "labctl", "show", "202601") == [
        "20260102-000000-zz-b",
        "20260102-000000-zz-a",
        "20260101-000000-zz-a",
    ]


def test_where_no_lab_stands_no_host_is_offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))

    assert completed("bash", "labctl", "exec", "") == []
    assert completed("bash", "labctl", "exec", "--lab", "nobody", "c") == []
    assert completed("bash", "labctl", "down", "") == []
