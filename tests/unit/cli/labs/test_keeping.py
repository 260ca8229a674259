"""Labs that stand, from the outside: up, ps, exec, run --lab, down; on the engine that has no network."""

from __future__ import annotations

import os
import pty
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are held by Linux's means")

ME = pwd.getpwuid(os.getuid()).pw_name
_ON_FAKE = """
import sys
import labctl.cli.labs.keeping as keeping
import labctl.cli.runs.running as running
import labctl.standing.visit as visit
from labctl.cli.commands import run_labctl
from labctl.engine.fake.engine import Fake
keeping.choose = running.choose = lambda name, plans, say: Fake()
keeping.maker_of = running.maker_of = lambda engine: Fake
keeping.docker = Fake
visit.choose = keeping.choose
sys.exit(run_labctl())
"""


def words_for(*words: str) -> list[str]:
    return [sys.executable, "-c", _ON_FAKE, *words]


def labctl(*words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(words_for(*words), input=given, capture_output=True, text=True, timeout=60)


@pytest.fixture
def places(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Folders of their own for sockets and records; in the end no lab stands."""
    with tempfile.TemporaryDirectory(prefix="lab") as place:  # short: a socket's path holds 107 bytes
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        monkeypatch.setenv("XDG_STATE_HOME", str(folder))
        yield folder
        labctl("down", "--all")
        assert not list(Path(place).rglob("*.sock")), "a lab still stands"


@pytest.fixture
def lab(places: Path) -> str:
    """The name of a lab that stands."""
    child = labctl("up", "--name", "one")
    assert (child.returncode, child.stderr.splitlines()[-1]) == (0, "when you are done: labctl down one")
    return "one"


def test_a_lab_that_stands_is_listed_until_it_is_taken_down(lab: str) -> None:
    assert labctl("ps").stdout == f"one  fake  cheerios 10.51.0.2, client 10.51.0.3  owner {ME}\n"
    assert labctl("down").stdout == "one is down\n"
    assert labctl("ps").stdout == ""


def test_exec_passes_input_output_and_status_on(lab: str) -> None:
    child = labctl("exec", "client", "sh", "-c", "cat; echo oops >&2; exit 7", given="hello\n")

    assert (child.returncode, child.stdout, child.stderr) == (7, "hello\n", "oops\n")


def test_a_program_that_a_signal_ended_is_128_and_its_number(lab: str) -> None:
    assert labctl("exec", "client", "sh", "-c", "kill -9 $$").returncode == 137


def test_a_program_that_is_not_there_is_127(lab: str) -> None:
    child = labctl("exec", "client", "no-such-program")

    assert child.returncode == 127
    assert child.stderr.startswith("labctl: program not found on client: no-such-program")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("exec", "clinet", "true"), "did you mean 'client'?"),
        (("exec", "-l", "ome", "client", "true"), "did you mean 'one'?"),
        (("down", "two"), "no lab is called 'two'"),
        (("link", "clinet -> cheerios", "--drop", "20%"), "did you mean 'client'?"),
        (("link", "client -> cheerios", "--drop", "120%"), "--drop: '120%' is more than all packets"),
        (("link", "--drop", "20%"), "--drop needs a link, like 'client -> cheerios'"),
        (("link", "-l", "ome"), "did you mean 'one'?"),
        (("heal", "clinet -> cheerios"), "did you mean 'client'?"),
    ],
)
def test_unknown_labs_and_hosts_are_answered_with_near_names(lab: str, words: tuple[str, ...], message: str) -> None:
    child = labctl(*words)

    assert child.returncode == 2
    assert message in child.stderr


def test_with_several_labs_one_must_be_named(lab: str) -> None:
    labctl("up", "-n", "two")

    assert "several labs stand: one, two" in labctl("exec", "client", "true").stderr
    assert labctl("exec", "-l", "two", "client", "true").returncode == 0


def test_without_a_lab_the_way_to_one_is_told(places: Path) -> None:
    child = labctl("exec", "client", "true")

    assert (child.returncode, child.stderr) == (2, "labctl: no lab stands\n  bring one up: labctl up\n")


def test_where_nothing_can_decide_on_packets_no_fault_is_there(lab: str) -> None:
    """It is said why; nothing is in force, and the lab goes on."""
    refused = labctl("link", "client -> cheerios", "--delay", "40ms")

    assert (refused.returncode, refused.stdout) == (3, "")
    assert "have no network" in refused.stderr
    assert labctl("link").stdout == "no link has a fault\n"
    assert labctl("heal", "all").stdout == "heal all: there was no fault\n"


def test_scenarios_run_in_a_lab_that_stands(lab: str, places: Path) -> None:
    (places / "quick.yaml").write_text("hosts: {client: {}}\nsteps:\n  - on: client\n    run: sh -c 'true'\n")
    child = labctl("run", "--lab", "one", "quick.yaml")

    assert (child.returncode, child.stdout.splitlines()[0][:14]) == (0, "PASS    quick ")
    assert labctl("ps").stdout.startswith("one ")


HALTING = """\
hosts: {cheerios: {}, client: {}}
steps:
  - on: cheerios
    start: tail -f /dev/null
  - halt: cheerios
  - on: client
    run: /bin/true
"""


@pytest.fixture
def halting(places: Path) -> Path:
    """A scenario that halts a host, and goes on with another."""
    file = places / "halting.yaml"
    file.write_text(HALTING)
    return file


def test_a_host_that_was_halted_stays_halted_in_a_lab_that_is_kept(halting: Path) -> None:
    """It is listed as such and can't be visited; the others can."""
    child = labctl("run", "--keep", str(halting))

    assert (child.returncode, child.stdout.splitlines()[1]) == (
        0,
        "lab halting stands: labctl shell client --lab halting",
    )
    assert labctl("ps").stdout == f"halting  fake  cheerios 10.51.0.2 (halted), client 10.51.0.3  owner {ME}\n"
    assert labctl("exec", "client", "echo", "here").stdout == "here\n"
    refused = labctl("exec", "cheerios", "true")
    assert (refused.returncode, refused.stderr) == (
        2,
        "labctl: host cheerios of the lab 'halting' was halted\n  those that are up: client\n",
    )
    for words in (("link", "client -> cheerios", "--delay", "1s"), ("heal", "cheerios -> client")):
        refused = labctl(*words)
        assert (refused.returncode, refused.stderr.splitlines()[0]) == (
            2,
            "labctl: host cheerios of the lab 'halting' was halted",
        )
    again = labctl("run", "--lab", "halting", str(halting))
    assert again.returncode == 3
    assert "lab halting has no host cheerios that is up; it has client" in again.stdout


def test_whoever_visits_a_host_that_is_halted_is_told_that_it_is_gone(halting: Path, places: Path) -> None:
    """The visitor's window ends; the lab goes on without the host."""
    os.mkfifo(places / "going")
    halting.write_text(HALTING.replace("  - halt", f"  - on: client\n    run: cat {places / 'going'}\n  - halt"))
    run = subprocess.Popen(words_for("run", "--keep", str(halting)), stdout=subprocess.PIPE, text=True)
    with (places / "going").open("w"):  # opened by cat: the lab stands
        visitor = subprocess.Popen(
            words_for("exec", "cheerios", "sh", "-c", "echo here; exec tail -f /dev/null"),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert visitor.stdout is not None
        assert visitor.stdout.readline() == "here\n"
    _, said = visitor.communicate(timeout=60)
    run.communicate(timeout=60)

    assert (visitor.returncode, run.returncode) == (3, 0)
    assert "host cheerios is gone" in said
    assert labctl("exec", "client", "echo", "here").stdout == "here\n"


@pytest.mark.parametrize("words", [("--keep",), ("--lab", "one")])
def test_all_labs_that_are_taken_down_are_those_where_no_run_goes_on(places: Path, words: tuple[str, ...]) -> None:
    """A run that goes on keeps the lab that it is to leave standing, and the one that it visits."""
    if "--lab" in words:
        labctl("up", "--name", "one")
    os.mkfifo(places / "going")
    (places / "one.yaml").write_text(f"hosts: {{client: {{}}}}\nsteps: [{{on: client, run: cat {places / 'going'}}}]\n")
    run = subprocess.Popen(words_for("run", *words, "one.yaml"), stdout=subprocess.PIPE, text=True)
    with (places / "going").open("w"):  # opened by cat: the lab stands
        assert labctl("down", "--all").stdout == "one stays: a run goes on there\n"
    run.communicate(timeout=60)

    assert run.returncode == 0
    assert labctl("down", "--all").stdout == "one is down\n"


def test_a_lab_of_the_same_name_elsewhere_keeps_its_folder(
    lab: str, places: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another XDG_RUNTIME_DIR names are other labs' names, but the state folder is the same."""
    with tempfile.TemporaryDirectory(prefix="lab") as other, monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_RUNTIME_DIR", other)
        assert labctl("up", "--name", "one").returncode == 0
        assert sorted(folder.name for folder in places.glob("labctl/labs/*")) == ["one", "one-2"]
        labctl("down", "--all")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("down", "--older-than", "2d"), "--older-than goes with --all"),
        (
            ("down", "--all", "--older-than", "soon"),
            "'soon' is no age: write a whole number and s, m, h or d, like 12h",
        ),
    ],
)
def test_an_age_is_a_number_and_a_unit_and_goes_with_all(words: tuple[str, ...], message: str) -> None:
    child = labctl(*words)

    assert child.returncode == 2
    assert message in child.stderr


def test_a_visitor_may_not_halt_a_host(lab: str, halting: Path) -> None:
    """It would be gone for everybody: the run can't be judged, and the lab is as it was."""
    child = labctl("run", "--lab", lab, str(halting))

    assert child.returncode == 3
    assert "lab one stays as it is: who visits it can't halt its host cheerios" in child.stdout
    assert labctl("exec", "cheerios", "echo", "here").stdout == "here\n"


def test_a_window_hands_keys_and_its_size_on(lab: str) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        words = words_for("exec", "client", "sh", "-c", "stty size; echo ready; read line; echo got $line; exit 5")
        os.execv(words[0], words)
    os.set_blocking(terminal, True)
    shown = until(terminal, b"ready")
    os.write(terminal, b"hello\r")
    shown += until(terminal, b"got hello")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert os.waitstatus_to_exitcode(status) == 5


def until(terminal: int, wanted: bytes) -> bytes:
    """What the terminal shows, up to what is wanted."""
    shown = b""
    while wanted not in shown:
        shown += os.read(terminal, 4096)
    return shown
