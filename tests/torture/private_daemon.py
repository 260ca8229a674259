"""A Docker daemon of one's own: nobody else's labs are on it, and it may be stopped, killed and starved.

    with private_daemon(folder) as daemon:
        daemon.load("labctl-host", "labctl-sidecar")
        subprocess.run([...], env=os.environ | daemon.environment)

It runs in namespaces of its own (network, mounts, processes), so that neither its bridges and packet filter nor its
mounts meet the machine's; and whatever happens to this process, the kernel ends the daemon, its containerd and every
container with it. Only root can start one: ask `why_not()`.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.contract.waiting import until

ANSWERS_WITHIN_S = 60.0
ENDS_WITHIN_S = 30.0
_HOLD = "ip link set lo up && cat"  # a shell that waits for a command buries all orphans that come to it meanwhile
_NAMESPACES = ("--net", "--mount", "--pid")


def why_not() -> str:
    """Why no daemon can be started here, empty if one can."""
    if os.geteuid() != 0:
        return "only root can start a Docker daemon"
    missing = [program for program in ("dockerd", "docker", "unshare", "nsenter") if shutil.which(program) is None]
    return f"{missing[0]} is not installed" if missing else ""


@contextmanager
def private_daemon(folder: Path | None = None, **settings: object) -> Iterator[PrivateDaemon]:
    """A daemon that answers. Its files are in a new folder, below `folder` if one is given, and go with it.

    `settings` are those of dockerd's daemon.json, with `_` for `-`.
    """
    with tempfile.TemporaryDirectory(prefix="daemon-", dir=folder) as home:
        daemon = PrivateDaemon(Path(home), {name.replace("_", "-"): value for name, value in settings.items()})
        try:
            daemon.start()
            yield daemon
        finally:
            daemon.end()


class PrivateDaemon:
    """One daemon. `host` is its address as DOCKER_HOST spells it."""

    def __init__(self, home: Path, settings: Mapping[str, object]) -> None:
        self.socket = home / "docker.sock"
        self.host = f"unix://{self.socket}"
        self._log = home / "dockerd.log"
        own = {
            "data-root": str(home / "data"),
            "exec-root": str(home / "run"),
            "pidfile": str(home / "pid"),
            "hosts": [self.host],
            "bridge": "none",
            "storage-driver": _storage_driver(),
        }
        self._config = home / "daemon.json"
        self._config.write_text(json.dumps(own | dict(settings)))
        hold = ["unshare", *_NAMESPACES, "--fork", "--kill-child", "--mount-proc", "sh", "-c", _HOLD]
        self._holder = subprocess.Popen(hold, stdin=subprocess.PIPE)  # the pipe ends with this process
        self._entered: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """What programs must find in theirs to talk to this daemon."""
        return {"DOCKER_HOST": self.host}

    @property
    def pid(self) -> int | None:
        """dockerd's, as this process sees it; None while it doesn't run."""
        return _only_child(self._entered.pid) if self._entered is not None else None

    @property
    def log(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it, once more if it was stopped or killed, and wait until it answers."""
        assert until(lambda: _only_child(self._holder.pid) is not None, within_s=ANSWERS_WITHIN_S)
        inside = ["nsenter", "--target", str(_only_child(self._holder.pid)), *_NAMESPACES]
        with self._log.open("ab") as log:
            self._entered = subprocess.Popen(
                [*inside, "dockerd", "--config-file", str(self._config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        assert until(lambda: self._entered_ended() or self.answers(), within_s=ANSWERS_WITHIN_S), self.log[-1000:]
        assert not self._entered_ended(), self.log[-1000:]

    def answers(self) -> bool:
        """Whether it can be talked to."""
        return self._docker("version").returncode == 0

    def send(self, number: signal.Signals) -> None:
        """Send dockerd a signal: KILL it, STOP it. Its containers run on."""
        pid = self.pid
        assert pid is not None, "it doesn't run"
        os.kill(pid, number)
        if number == signal.SIGCONT:
            self._go_on()

    @property
    def children(self) -> set[int]:
        """Those of this process that are the daemon's."""
        return {self._holder.pid} | ({self._entered.pid} if self._entered is not None else set())

    def containerd(self) -> int | None:
        """Its containerd's pid, as this process sees it."""
        for child in _children(self.pid) if self.pid is not None else []:
            with suppress(OSError):
                if Path(f"/proc/{child}/comm").read_text().strip() == "containerd":
                    return child
        return None

    def inside(self, *words: str) -> None:
        """Run a command in its namespaces. CalledProcessError if it fails."""
        target = ["nsenter", "--target", str(_only_child(self._holder.pid)), *_NAMESPACES]
        subprocess.run([*target, *words], check=True, capture_output=True)

    def _go_on(self) -> None:
        """What entered the namespaces for it stops with it (nsenter(1)), and has to bury it in the end."""
        if self._entered is not None and self._entered.poll() is None:
            self._entered.send_signal(signal.SIGCONT)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End dockerd by that signal and wait for its end. SIGTERM takes its containers down, SIGKILL doesn't."""
        entered = self._entered
        if entered is None:
            return
        with suppress(AssertionError, ProcessLookupError):
            self.send(number)
        self._go_on()
        entered.wait(ENDS_WITHIN_S)
        self._entered = None

    def load(self, *images: str) -> None:
        """Bring images here from the machine's daemon."""
        give = subprocess.Popen(["docker", "save", *images], stdout=subprocess.PIPE)
        with give:
            subprocess.run(["docker", "--host", self.host, "load"], stdin=give.stdout, check=True, capture_output=True)
        assert give.returncode == 0, f"the machine's daemon gave no {', '.join(images)}"

    def docker(self, *words: str) -> str:
        """What `docker` prints here. CalledProcessError if it fails."""
        done = self._docker(*words)
        done.check_returncode()
        return done.stdout.strip()

    def end(self) -> None:
        """End it with everything that runs in it. May be called twice."""
        if self._entered is not None and not self._entered_ended():
            with suppress(subprocess.SubprocessError):
                if containers := self.docker("ps", "--all", "--quiet").split():
                    self.docker("rm", "--force", "--volumes", *containers)
            with suppress(subprocess.TimeoutExpired):
                self.stop()
        assert self._holder.stdin is not None
        self._holder.stdin.close()  # and the kernel kills all that are left in its namespace of processes
        self._go_on()
        self._holder.wait(ENDS_WITHIN_S)
        if self._entered is not None:
            self._entered.wait(ENDS_WITHIN_S)
            self._entered = None

    def _entered_ended(self) -> bool:
        return self._entered is None or self._entered.poll() is not None

    def _docker(self, *words: str) -> subprocess.CompletedProcess[str]:
        command = ["docker", "--host", self.host, *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=ANSWERS_WITHIN_S)


def _only_child(pid: int) -> int | None:
    return next(iter(_children(pid)), None)


def _children(pid: int) -> list[int]:
    """Of all its threads."""
    found: list[int] = []
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with suppress(FileNotFoundError, ProcessLookupError):
                found += map(int, Path(f"/proc/{pid}/task/{task}/children").read_text().split())
    return found


def _storage_driver() -> str:
    """That of the machine's daemon: it works here."""
    asked = subprocess.run(["docker", "info", "--format", "{{.Driver}}"], capture_output=True, text=True)
    return asked.stdout.strip() or "vfs"
