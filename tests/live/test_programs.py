"""`labctl run --programs`: other people's programs in the lab's scenarios, on both engines."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.engine.contract import Engine

SUBMISSIONS = Path(__file__).parent / "data" / "submissions"
Labctl = Callable[..., "subprocess.CompletedProcess[str]"]
PAIR = """\
hosts: {{cheerios: {{}}, client: {{}}}}
steps:
  - {{on: cheerios, start: {server} 51717, ready: tcp 51717}}
  - {{on: client, run: {client} cheerios 51717, stdin: hello, expect: {{stdout: hello}}}}
"""


@pytest.fixture
def labctl(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Labctl:
    """Runs labctl on this engine, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "labctl", "run", "--engine", engine.name, *map(str, words)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "XDG_STATE_HOME": str(tmp_path)}
        return subprocess.run(command, capture_output=True, text=True, timeout=300, env=environment, check=False)

    return run


def test_sources_are_built_and_run_in_place_of_ours(labctl: Labctl) -> None:
    """C as a tutorial has it. The scenarios in which it has no part are left out."""
    came = labctl("basic", "datagrams/typed", "unix/stream", "port-in-use", "--programs", SUBMISSIONS / "correct")

    assert came.returncode == 0, came.stdout + came.stderr
    assert f"labctl: server is {SUBMISSIONS}/correct/server\n" in came.stderr
    assert "labctl: 1 scenario in which no given program has a part: left out" in came.stderr
    assert came.stdout.splitlines()[-1].startswith("3 passed")


def test_status_0_after_an_error_is_noted_unless_strict(labctl: Labctl) -> None:
    """The tutorial's own client ends so."""
    correct = SUBMISSIONS / "correct"
    came = labctl("connection-refused", "--programs", correct)
    assert came.returncode == 0, came.stdout
    assert "note: client ended with status 0 after an error: a script would take that for success" in came.stdout

    strict = labctl("connection-refused", "--programs", correct, "--strict")
    assert strict.returncode == 1
    assert "exit: expected 1, came 0" in strict.stdout
    assert f"--programs {correct} --strict" in strict.stdout  # what runs it again


def test_a_makefile_is_run_where_nothing_can_be_reached(labctl: Labctl, tmp_path: Path) -> None:
    """It makes the program; what else it tries leads nowhere, and stays there."""
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(SUBMISSIONS / "correct" / "server.c", mine / "main.c")
    (tmp_path / "secret").write_text("secret")
    (mine / "Makefile").write_text(
        "server: main.c\n"
        "\tcc -o $@ main.c\n"
        f"\t! cat {tmp_path}/secret {mine}/main.c\n"
        "\t! ls /var/run/docker.sock\n"
        "\t! touch /usr/here /opt/lab/source/here\n"
        "\t! ip route get 192.0.2.1\n"
        "\ttouch beside\n"
    )
    came = labctl("basic", "--programs", mine)

    assert came.returncode == 0, came.stdout + came.stderr
    assert sorted(file.name for file in mine.iterdir()) == ["Makefile", "main.c"]


def test_a_source_that_does_not_compile_is_told_in_the_compilers_words(labctl: Labctl, tmp_path: Path) -> None:
    """With its place in the file. Nothing is run."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "server.c").write_text("int main(void)\n{\n    return sockfd;\n}\n")
    came = labctl("basic", "--programs", mine)

    assert came.returncode == 2
    assert "'server.c' in " in came.stderr
    assert "does not compile (exit 1)" in came.stderr
    assert "server.c:3:12: error: " in came.stderr
    assert came.stdout == ""


def test_a_command_takes_the_place_of_one_program(labctl: Labctl, tmp_path: Path) -> None:
    """netcat as a server, and a script of one's own as the client; the files of the command are brought."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "words.py").write_text('ANSWER = "hello"\n')
    (tmp_path / "mine" / "talk.py").write_text(
        "import socket, sys\nfrom words import ANSWER\n"
        "socket.create_connection((sys.argv[1], int(sys.argv[2]))).sendall(sys.stdin.buffer.read())\nprint(ANSWER)\n"
    )
    (tmp_path / "x.yaml").write_text(PAIR.format(server="server", client="client"))
    came = labctl("x.yaml", "--programs", "server=nc -l", "--programs", "client=python3 mine/talk.py")

    assert came.returncode == 0, came.stdout + came.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"print('hello')\n", "no program for Linux, and no script: its first line does not begin with '#!'"),
        (b"#!/usr/bin/python9\n", "a script that asks for '/usr/bin/python9'"),
        (b"#!/bin/sh\r\ntrue\r\n", "its lines end as on Windows"),
        (b"MZ\x90\0\3", "a program for Windows"),
    ],
)
def test_what_no_host_can_execute_is_told_what_it_is(
    labctl: Labctl, tmp_path: Path, content: bytes, words: str
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "server").write_bytes(content)
    (mine / "server").chmod(0o755)
    came = labctl("basic", "--programs", mine)

    assert came.returncode == 1
    assert "program can't be executed on cheerios" in came.stdout
    assert words in came.stdout


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda mine: shutil.rmtree(mine), "the folder 'mine' is not there"),
        (lambda mine: None, "no program is found in 'mine': it is empty"),
        (lambda mine: (mine / "server").symlink_to("/bin/cat"), "'server' is a link that leads out of its folder"),
        (lambda mine: (mine / "server").write_text("#!/bin/sh\n"), "'server' in 'mine' is not executable"),
        (lambda mine: os.mkfifo(mine / "server"), "'server' is neither a file nor a folder"),
        (
            lambda mine: [shutil.copy("/bin/true", mine / name) for name in ("server", "server.py")],
            "two files in 'mine' can be 'server': 'server', 'server.py'",
        ),
    ],
)
def test_bad_input_is_told_and_nothing_is_run(
    labctl: Labctl, tmp_path: Path, prepare: Callable[[Path], object], words: str
) -> None:
    """Exit code 2, one message, what to do about it."""
    (tmp_path / "mine").mkdir()
    prepare(tmp_path / "mine")
    came = labctl("basic", "--programs", "mine")

    assert came.returncode == 2
    assert words in came.stderr
    assert came.stdout == ""
    assert "Traceback" not in came.stderr


def test_a_folder_in_which_no_scenario_has_a_part_selects_nothing(labctl: Labctl, tmp_path: Path) -> None:
    """Only its own names are looked for in these scenarios."""
    came = labctl("unix/stream", "--programs", SUBMISSIONS / "zombies")

    assert came.returncode == 2
    assert "no program is found in " in came.stderr
    assert "server-unix" in came.stderr
