"""On each engine: a lab that stands is seen by its label and owner, its hosts are completed, its programs are heard."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from labctl.plan.shipped import shipped

PATIENCE_S = 60
HEARD = ["visitor on client  stdout | to be \\x1b[2Jheard", "visitor on client  stderr | an error"]


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "labctl", *words]


def labctl(*words: str, **more: str) -> str:
    """What it prints; it must work."""
    environment = os.environ | more
    done = subprocess.run(command(*words), capture_output=True, text=True, timeout=PATIENCE_S, env=environment)
    assert done.returncode == 0, done
    return done.stdout


@pytest.fixture
def lab(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a lab that stands, marked `course=net`, in a place of its own."""
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (tmp_path / "compose.yaml").write_text(compose)
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory(prefix="lab") as place:  # short: a socket's path holds 107 bytes
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        labctl("up", "--engine", engine.name, "--name", "seen", "--label", "course=net")
        yield "seen"
        subprocess.run(command("down", "seen"), capture_output=True, timeout=PATIENCE_S)


def test_its_label_and_owner_are_listed_and_take_it_down(lab: str, engine: Engine) -> None:
    (seen,) = json.loads(labctl("ps", "--json"))["labs"]

    assert (seen["name"], seen["engine"], seen["owner"]) == (lab, engine.name, getpass.getuser())
    assert seen["labels"] == {"course": "net"}
    assert labctl("down", "--all", "--label", "course=other") == ""
    assert labctl("down", "--all", "--label", "course=net") == "seen is down\n"
    assert json.loads(labctl("ps", "--json"))["labs"] == []


def test_its_hosts_and_name_are_completed(lab: str) -> None:
    asked = {"_LABCTL_COMPLETE": "bash_complete", "COMP_CWORD": "2"}
    program = "import sys; sys.argv = ['labctl']; from labctl.cli.main import main; main()"

    def completed(words: str) -> str:
        environment = os.environ | asked | {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split()))}
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
        return done.stdout

    assert completed("labctl shell") == "plain,cheerios\nplain,client\n"
    assert completed("labctl down") == "plain,seen\n"
    assert completed("labctl exec --lab seen") == "plain,cheerios\nplain,client\n"


def test_what_its_programs_print_is_heard_until_it_is_down(lab: str) -> None:
    with subprocess.Popen(command("logs", "--lab", lab), stdout=-1, stderr=-1, text=True) as listening:
        assert listening.stderr is not None
        assert listening.stdout is not None
        assert listening.stderr.readline().startswith("labctl: waiting for what programs on seen print")
        labctl("exec", "client", "sh", "-c", r"printf 'to be \033[2Jheard\n'; echo an error >&2")
        came = sorted(listening.stdout.readline().strip().partition("  ")[2] for _ in HEARD)
        labctl("down", lab)
        assert listening.wait(PATIENCE_S) == 0

    assert came == sorted(HEARD)
