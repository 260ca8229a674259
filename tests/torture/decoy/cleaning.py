"""An engine and a folder -> everything that labctl does to clean up, done there once; and that it did clean up."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

from labctl.agent.processes import descendants, processes
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.owner import start_time
from labctl.observe.names import JOURNAL
from labctl.runner.records import KEPT
from tests.contract.waiting import until
from tests.torture.campaign import TOP

TAKES_AT_MOST_S = 180.0
HERE = (sys.executable, "-m", "labctl")
_PACKAGES = (str(TOP), sysconfig.get_path("purelib"))
EVERYBODYS = (
    "/usr/bin/python3",
    "-c",
    f"import sys; sys.path[:0] = {_PACKAGES!r}; from labctl.cli.main import main; main()",
)
"""labctl by a Python that every user may execute, with the packages of this one."""
_ENDED_RUNS = KEPT + 5
_HOSTS = "hosts: {cheerios: {}, client: {}}\nsteps:\n  - {on: cheerios, start: server 51717, ready: tcp 51717}\n"
_TALKS = "  - {on: client, run: client cheerios 51717, stdin: hello, expect: {stdout: %s}}\n"
SCENARIOS = {
    "passes": _HOSTS + _TALKS % "I got your message",
    "fails": _HOSTS + _TALKS % "something else",
    "loses": _HOSTS
    + "  - {link: client -> cheerios, only: tcp 51717, delay: 1ms}\n"
    + _TALKS % "I got your message"
    + "  - {heal: client -> cheerios}\n",
    "lasts": _HOSTS + "  - {wait: server, timeout: 10m}\n",
}
"""By their names. `lasts` waits for a client that never comes."""


class Ground:
    """A folder with scenarios in it, and labctl's own folders for somebody who uses it there."""

    def __init__(self, engine: str, folder: Path, *, command: Sequence[str] = HERE, **environment: str) -> None:
        """`command`: the words that run labctl, as another user or elsewhere."""
        self.engine, self.folder, self.command = engine, folder, tuple(command)
        for name, text in SCENARIOS.items():
            (folder / f"{name}.yaml").write_text(text)
        for name in ("run", "state"):
            (folder / name).mkdir(exist_ok=True)
            (folder / name).chmod(0o700)
        known = {"XDG_RUNTIME_DIR": str(folder / "run"), "XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
        self.environment = os.environ | known | environment

    def words(self, *words: str) -> list[str]:
        """The command."""
        return [*self.command, *words]

    def run(self, *scenarios: str) -> list[str]:
        """The words that run scenarios here."""
        return ["run", "--engine", self.engine, "-q", *(str(self.folder / f"{one}.yaml") for one in scenarios)]

    def labctl(self, *words: str, status: int = 0) -> str:
        """What it prints. It must end with that status."""
        done = subprocess.run(
            self.words(*words), env=self.environment, cwd=TOP, capture_output=True, text=True, timeout=TAKES_AT_MOST_S
        )
        assert done.returncode == status, f"labctl {words[0]}: {done.returncode}, {done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, *words: str) -> Lasting:
        """Run the scenario that lasts, and return when it waits."""
        return Lasting(self, words)

    def journals(self) -> set[Path]:
        """Of all runs here."""
        return set(self.folder.glob(f".labctl/runs/*/{JOURNAL}"))


class Lasting:
    """A run that goes on until it is ended."""

    def __init__(self, ground: Ground, words: Sequence[str]) -> None:
        before = ground.journals()
        command = ground.words(*ground.run("lasts"), *words)
        self._log = ground.folder / f"lasts-{random.getrandbits(32):08x}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                env=ground.environment,
                cwd=TOP,
                stdout=log,
                stderr=log,
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a background job ignores it
            )
        self.lab = ""

        def waits() -> bool:
            for journal in ground.journals() - before:
                self.journal = journal
                self.lab, is_waiting = _read(journal)
                return is_waiting
            return self.process.poll() is not None

        came = until(waits, within_s=TAKES_AT_MOST_S)
        if not came or self.process.poll() is not None:
            self.end(signal.SIGKILL)
            raise AssertionError(f"it did not come to its last step: {self._log.read_text(errors='replace')}")

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """End it by that signal; its exit status."""
        self.process.send_signal(number)
        return self.process.wait(TAKES_AT_MOST_S)


def _read(journal: Path) -> tuple[str, bool]:
    """The lab's id, and whether the last step has begun."""
    lab, begun = "", 0
    for line in journal.read_bytes().splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            break  # half written
        lab = event.get("lab", lab)
        begun += event["event"] == "step-began"
    return lab, begun == 2


def clean(ground: Ground, chance: random.Random) -> None:
    """All of it, in any order. AssertionError if something does not come out as it must, or was not cleaned up."""
    for number in range(_ENDED_RUNS):
        ended = ground.folder / ".labctl" / "runs" / f"20010101-0000{number:02}-passes"
        ended.mkdir(parents=True, exist_ok=True)
        (ended / JOURNAL).write_text("")
        os.utime(ended, (0, 0))
    parts: list[Callable[[], object]] = [
        lambda: ground.labctl(*ground.run("fails", "loses"), status=1),
        lambda: _kill_and_sweep(ground),
        lambda: _stand_and_take_down(ground),
    ]
    chance.shuffle(parts)
    for part in parts:
        part()
    left = [path.name for path in ground.folder.glob(".labctl/runs/20010101-*-passes")]
    assert len(left) < _ENDED_RUNS, "old runs were not forgotten"


def _kill_and_sweep(ground: Ground) -> None:
    killed = ground.begin()
    its, parts = family(killed.process.pid), parts_on_docker(ground, killed.lab)
    assert len(parts if ground.engine == "docker" else its) > 1, "there was no lab to clean up"
    killed.end(signal.SIGKILL)
    ground.labctl(*ground.run("passes"))
    ground.labctl("ps")
    ground.labctl("down", "--all")

    def is_gone() -> bool:
        return not parts_on_docker(ground, killed.lab) and not any(start_time(pid) == at for pid, at, _ in its)

    assert until(is_gone, within_s=TAKES_AT_MOST_S), "of a killed run's lab something is still there"


def _stand_and_take_down(ground: Ground) -> None:
    ground.labctl("up", "--engine", ground.engine, "--name", "lab", str(ground.folder / "passes.yaml"))
    assert _stands(ground)
    ground.labctl("down", "--all")
    assert not _stands(ground)


def _stands(ground: Ground) -> bool:
    return any(line.startswith("lab  ") for line in ground.labctl("ps").splitlines())


def family(pid: int) -> set[tuple[int, int, str]]:
    """A process and all that descend from it: pid, start time and command line of each."""
    pids = [pid, *(one.pid for one in descendants(pid, processes()))]
    return {(one, start, _command_line(one)) for one in pids if (start := start_time(one)) is not None}


def _command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def parts_on_docker(ground: Ground, lab: str) -> list[str]:
    """The ids of a lab's containers and networks."""
    if ground.engine != "docker":
        return []
    daemon = Daemon(find_endpoint(ground.environment))
    try:
        return sorted(one.id for one in (*daemon.containers(lab), *daemon.networks(lab)))
    finally:
        daemon.close()
