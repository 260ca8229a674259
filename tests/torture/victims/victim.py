"""labctl running scenarios in a process of its own -> something to kill or to signal, and what is left of it then.

Only what is its own is looked at: processes that descend from this one, namespaces that those were in, containers and
networks with its owner's label, its folder for temporary files. Others may have labs on the same machine meanwhile.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import msgspec

from labctl.agent import kernel
from labctl.agent.processes import descendants, processes
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.owner import Owner, myself, parse, start_time
from tests.contract.waiting import until
from tests.torture.victims.apart import IS_POSSIBLE, Apart, set_apart

TOP = Path(__file__).parents[3]
OWN = Path(__file__).parent / "killed.yaml"
SHIPPED = (
    "basic.yaml",
    "multiple-clients.yaml",
    "faults/udp-packet-loss.yaml",
    "faults/reset-mid-conversation.yaml",
    "faults/tcp-delay.yaml",
)
KINDS = ("net", "mnt", "pid", "user", "uts", "ipc", "cgroup")
LONGEST_S = 120.0


Start = Callable[[list[str]], "subprocess.Popen[bytes]"]
"""What starts a process with these words."""


class Victim:
    """One `labctl run` with faults, capture and tracing on. `seen` are names of what has been there so far."""

    def __init__(
        self,
        engine: str,
        folder: Path,
        words: list[str],
        start: Start,
        *,
        length_s: float,
    ) -> None:
        """`length_s` is how long such a run takes."""
        self.engine, self.folder = engine, folder
        self.length_s = length_s
        self._before = Before()
        self._daemon = daemon() if engine == "docker" else None
        self.namespaces: set[str] = set()
        self.made: set[str] = set()
        (folder / "tmp").mkdir()
        self.began_s = time.monotonic()
        self.process = start([sys.executable, "-m", "labctl", "run", "--engine", engine, "--see", *words])
        self._apart = Apart(self.process.pid) if IS_POSSIBLE else None
        self.owner = self._owner()

    def _owner(self) -> Owner:
        pid = self.process.pid
        return msgspec.structs.replace(myself(), pid=pid, start=start_time(pid) or 0)

    @property
    def has_ended(self) -> bool:
        return self.process.poll() is not None

    def look(self) -> None:
        """See what is there now."""
        for process in descendants(os.getpid(), processes()):
            self.namespaces |= namespaces_of(process.pid) - self._before.namespaces
        self.made |= self._on_docker()

    def namespaces_held(self) -> set[str]:
        """Those that a process of its family is in, whatever that came from.

        Nobody else can be: who descends from here stays a descendant, and a number that is seen elsewhere is another
        namespace's by now. One that is kept by a mount shows as a mount.
        """
        family = descendants(os.getpid(), processes())
        return self.namespaces & set().union(*(namespaces_of(one.pid) for one in family))

    def labs_seen(self) -> bool:
        """Whether something of a lab was there."""
        return bool(self.made if self.engine == "docker" else self.namespaces)

    def journals(self) -> list[str]:
        """The lines of all journals of its runs so far."""
        lines: list[str] = []
        for journal in sorted(self.folder.glob(".labctl/runs/*/journal.jsonl")):
            lines += journal.read_text(errors="replace").splitlines()
        return lines

    def stands(self) -> bool:
        """Whether a lab is up and hasn't begun to come down."""
        text = "\n".join(self.journals())
        return text.count('"event":"lab-up"') > text.count('"event":"scenario-ended"')

    def __enter__(self) -> Victim:
        return self

    def __exit__(self, *_: object) -> None:
        """End it if it still runs, and let go of where it was."""
        self.process.kill()
        with self.process:
            pass
        if self._apart is not None:
            self._apart.close()

    def wait(self) -> int:
        """Its exit code. One that doesn't end is made to say on standard error what it does."""
        try:
            return self.process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGABRT)
            return self.process.wait(LONGEST_S)

    def left(self) -> list[str]:
        """All that is left of it, in words."""
        bury_adopted(self.process.pid)
        found = [f"process {one}" for one in self._before.new_processes()]
        found += [f"namespace {one}" for one in self.namespaces_held()]
        found += [f"cgroup {one}" for one in cgroups_of(self.made)]
        found += [f"temporary {one.name}" for one in (self.folder / "tmp").iterdir()]
        return found + sorted(self._on_docker())

    def _on_docker(self) -> set[str]:
        if self._daemon is None:
            return set()
        containers = [("container", one) for one in self._daemon.containers()]
        both = [*containers, *(("network", one) for one in self._daemon.networks())]
        return {f"{kind} {one.id}" for kind, one in both if parse(one.owner) == self.owner}

    def is_gone(self, *, within_s: float) -> str:
        """Empty if nothing is left within so many seconds; else what is."""
        found: list[str] = []

        def is_nothing_left() -> bool:
            found[:] = self.left()
            return not found

        if until(is_nothing_left, within_s=within_s, every_s=0.05) and self._apart is not None:
            found = self._apart.left()
        return f"left: {', '.join(found)}" if found else ""

    def watchdogs(self) -> list[int]:
        """Its children that look after its labs on Docker."""
        children = [one.pid for one in processes().values() if one.parent == self.process.pid]
        return [pid for pid in children if b"docker.watchdog" in command_of(pid)]


class Before:
    """The machine before the victim came."""

    def __init__(self) -> None:
        self.processes = set(_family())
        self.namespaces = namespaces_of(os.getpid())

    def new_processes(self) -> list[str]:
        """Descendants that have come since, and what they are."""
        return sorted(f"{pid} {name}" for pid, name in _family().items() if pid not in self.processes)


def _family() -> dict[int, str]:
    return {one.pid: f"{one.name} {one.state}" for one in descendants(os.getpid(), processes())}


def command_of(pid: int) -> bytes:
    """A process's words."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def namespaces_of(pid: int) -> set[str]:
    """Those that a process is in, as the kernel calls them: `net:[4026531840]`."""
    found = set()
    for kind in (*KINDS, "pid_for_children"):
        with suppress(OSError):
            found.add(os.readlink(f"/proc/{pid}/ns/{kind}"))
    return found


def cgroups_of(made: set[str]) -> list[str]:
    """Control groups, and bridges, of containers and networks that were seen."""
    found = []
    for kind, _, identity in (one.partition(" ") for one in made):
        if kind == "network":
            bridge = f"/sys/class/net/br-{identity[:12]}"
            found += [bridge] if os.path.exists(bridge) else []
            continue
        for top in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory"):
            places = (f"{top}/docker/{identity}", f"{top}/system.slice/docker-{identity}.scope")
            found += [place for place in places if os.path.exists(place)]
    return found


def bury_adopted(other_than: int) -> None:
    """Reap what a dead process has left to this one."""
    for one in processes().values():
        if one.parent == os.getpid() and one.state == "Z" and one.pid != other_than:
            with suppress(ChildProcessError):
                os.waitpid(one.pid, os.WNOHANG)


@cache
def daemon() -> Daemon:
    """The daemon that labctl talks to, too."""
    return Daemon(find_endpoint())


@contextmanager
def adopting() -> Iterator[None]:
    """Within, what a victim leaves behind comes to this process, and so is found."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 0)


def scenarios(chance: random.Random, folder: Path) -> list[str]:
    """Scenarios for a run, copied to where its records are to lie: our own, and sometimes shipped ones beside it."""
    chosen = [OWN, *(TOP / "scenarios" / name for name in chance.sample(SHIPPED, chance.choice([0, 0, 1, 2])))]
    chance.shuffle(chosen)
    for number, path in enumerate(chosen):
        shutil.copy(path, folder / f"{number}-{path.name}")
    names = [f"{number}-{path.name}" for number, path in enumerate(chosen)]
    return names if len(names) == 1 else [*names, "-j", str(chance.choice([1, 2]))]


def environment(folder: Path) -> dict[str, str]:
    """A run's own: this tree's labctl, and a place of its own for temporary files."""
    return os.environ | {"PYTHONPATH": str(TOP), "TMPDIR": str(folder / "tmp"), "PYTHONFAULTHANDLER": "1"}


def plainly(folder: Path) -> Start:
    """Start it with its output in files."""

    def start(words: list[str]) -> subprocess.Popen[bytes]:
        with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            return subprocess.Popen(
                words,
                cwd=folder,
                env=environment(folder),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                preexec_fn=set_apart,
            )

    return start


@cache
def length_s(engine: str) -> float:
    """How long a whole run of our own scenario takes here, in seconds; it passes, and leaves nothing."""
    with tempfile.TemporaryDirectory(prefix="torture-") as name:
        folder = Path(name)
        shutil.copy(OWN, folder)
        with Victim(engine, folder, [OWN.name], plainly(folder), length_s=LONGEST_S) as victim:
            while not victim.has_ended:
                victim.look()
            took_s = time.monotonic() - victim.began_s
            said = (folder / "stdout").read_text() + (folder / "stderr").read_text()
            assert victim.wait() == 0, said
            assert victim.labs_seen(), "nothing of a lab was seen while it stood"
            assert not (left := victim.is_gone(within_s=0)), left
            return took_s
