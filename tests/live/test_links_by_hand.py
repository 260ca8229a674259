"""On each engine: `labctl link` and `heal` on a lab that stands, with programs, runs and sidecars that come and go."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.agent.processes import descendants, processes
from labctl.engine.contract import Engine
from labctl.engine.owner import parse
from labctl.plan.shipped import shipped
from labctl.standing.visit import attend, faults, standing
from tests.contract.sidecars import Attendant
from tests.contract.waiting import until

LAB = "by-hand"
PATIENCE_S = 20.0
LOSS = ("link", "client -> cheerios", "--only", "udp 51717", "--drop", "2,4")
SHOWN = "client -> cheerios, udp 51717: drop [2, 4]"
WAITING = """\
about: It cuts a link, and waits.
hosts: {cheerios: {}, client: {}}
steps:
  - link: any -> client
    only: tcp 4000
    cut: silent
  - on: client
    run: sleep SECONDS
    timeout: 60s
"""


def labctl(*words: str) -> subprocess.CompletedProcess[str]:
    """What comes of it; it must work."""
    done = asked(*words)
    assert done.returncode == 0, done
    return done


def asked(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "labctl", *words]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project of its own, and sockets and records too; in the end no lab stands."""
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (tmp_path / "compose.yaml").write_text(compose)
    monkeypatch.chdir(tmp_path)
    with tempfile.TemporaryDirectory(prefix="lab") as place:  # short: a socket's path holds 107 bytes
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
        yield tmp_path
        asked("down", LAB)


@pytest.fixture
def lab(folder: Path, engine: Engine) -> str:
    """The name of a lab with cheerios and client."""
    labctl("up", waiting(folder, seconds=0), "--name", LAB, "--engine", engine.name)
    return LAB


def waiting(folder: Path, *, seconds: int) -> str:
    """The file of a scenario that puts a fault on a link, and then takes so long."""
    file = folder / f"waits-{seconds}.yaml"
    file.write_text(WAITING.replace("SECONDS", str(seconds)))
    return str(file)


def shown() -> list[str]:
    return labctl("link").stdout.splitlines()


def of_a_run() -> bool:
    """Whether a run's rule is in force."""
    return bool(faults(LAB).others)


def test_exactly_the_chosen_datagrams_are_lost_until_the_link_is_healed(lab: str) -> None:
    """It is shown what is in force and what was counted, and `ps` says that there is something."""
    labctl(*LOSS)
    words = command("exec", "cheerios", "server-udp", "51717")
    with subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        labctl("exec", "cheerios", "sh", "-c", "until grep -q :CA05 /proc/net/udp; do :; done")
        labctl("exec", "client", "client-udp", "--count", "5", "cheerios", "51717")
        received = [server.stdout.readline() for _ in range(3)]
        assert shown() == [SHOWN, "  sent 5, arrived 3, dropped 2 (client: 2, 4)"]
        assert "(1 fault on links; labctl link shows them)" in labctl("ps").stdout

        assert labctl("heal", "client -> cheerios").stdout == "heal client -> cheerios: 1 fault ended\n"
        labctl("exec", "client", "client-udp", "--count", "2", "cheerios", "51717")
        received += [server.stdout.readline() for _ in range(2)]
        server.send_signal(signal.SIGTERM)
    assert received == [f"Received a datagram: {number}\n" for number in (1, 3, 5, 1, 2)]
    assert shown() == ["no link has a fault"]
    assert labctl("heal", "all").stdout == "heal all: there was no fault\n"


def test_what_never_came_is_said_when_a_fault_ends(lab: str) -> None:
    """A loss that did not happen is not passed over."""
    labctl(*LOSS)
    assert "drop client -> cheerios: packet 4 never came: there were 0" in labctl("heal", "all").stderr


def test_a_run_takes_its_faults_along_and_leaves_those_of_others(lab: str, folder: Path) -> None:
    """The run says UNKNOWN or PASS by what it did itself."""
    labctl(*LOSS)
    labctl("run", waiting(folder, seconds=0), "--lab", lab)
    assert (shown()[0], of_a_run()) == (SHOWN, False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_takes_its_faults_along(lab: str, folder: Path, number: signal.Signals) -> None:
    """However it was ended. While it goes on nobody else heals them."""
    labctl(*LOSS)
    words = command("run", waiting(folder, seconds=50), "--lab", lab)
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
        assert until(of_a_run, within_s=PATIENCE_S)
        assert "stays: a run that goes on has put it there" in labctl("heal", "any -> client").stderr
        assert of_a_run()
        run.send_signal(number)
    assert until(lambda: not of_a_run(), within_s=PATIENCE_S if number == signal.SIGKILL else 0)
    assert shown()[0] == SHOWN


def test_a_lab_that_is_kept_is_kept_with_its_faults(folder: Path, engine: Engine) -> None:
    """They are shown, and healed like one's own."""
    (folder / f"{LAB}.yaml").write_text(f"name: {LAB}\n" + WAITING.replace("SECONDS", "0"))
    labctl("run", str(folder / f"{LAB}.yaml"), "--keep", "--engine", engine.name)
    assert shown() == ["cut any -> client, where client receives: put there by a run that left its lab standing"]
    assert labctl("heal", "all").stdout == "heal all: 1 fault ended\n"
    assert shown() == ["no link has a fault"]


def test_a_sidecar_that_was_killed_is_said_and_mended(lab: str, engine: Engine) -> None:
    """Nothing that was chosen passes until `heal` has put things in order."""
    labctl(*LOSS)
    kill_sidecar(engine)
    assert until(lambda: bool(standing(lab).gone), within_s=PATIENCE_S)
    assert "what looks after the links of cheerios has ended" in labctl("ps").stdout
    assert shown()[:3] == [SHOWN, "  nothing is counted", "what looks after the links of cheerios has ended"]

    assert labctl("heal", "all").stdout == "heal all: 1 fault ended\n"
    assert shown() == ["no link has a fault"]
    labctl(*LOSS)
    labctl("exec", "client", "client-udp", "--count", "5", "cheerios", "51717")
    assert shown() == [SHOWN, "  sent 5, arrived 3, dropped 2 (client: 2, 4)"]


def kill_sidecar(engine: Engine) -> None:
    """Kill the one beside cheerios, as a machine that is short of memory might."""
    holder = standing(LAB).holder
    if engine.name == "docker":
        words = ["docker", "ps", "--filter", "ancestor=labctl-sidecar:latest", "--format"]
        lines = subprocess.check_output([*words, '{{.ID}} {{.Label "labctl.owner"}}'], text=True, timeout=60)
        owners = {container: parse(owner) for container, owner in map(str.split, lines.splitlines())}
        [container] = [one for one, owner in owners.items() if owner is not None and owner.pid == holder]
        subprocess.run(["docker", "kill", container], check=True, capture_output=True, timeout=60)
        return
    channel = attend(LAB, ["cheerios"])["cheerios"]
    number = Attendant(channel).first()["pid"]
    channel.leave()
    [pid] = [one.pid for one in descendants(holder, processes()) if numbers_of(one.pid)[1:] == [str(number)]]
    os.kill(pid, signal.SIGKILL)


def numbers_of(pid: int) -> list[str]:
    """A process's number here, then in each namespace that it is in (proc(5), NSpid)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
