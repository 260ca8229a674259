"""Broken ground for labs on Docker: a daemon of our own is stopped, killed, starved, at a random moment of a run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, suppress
from functools import cache, partial
from pathlib import Path

from msgspec import Struct

from labctl.engine.docker.subnets import RANGES4
from tests.contract.waiting import until
from tests.torture.campaign import UNTIL_THE_END, Run
from tests.torture.ground.runs import Ground, after, complaint, kill, labctl, left_over, run_labctl, whole_again
from tests.torture.private_daemon import PrivateDaemon, private_daemon, why_not

WITHIN_S = 90.0
"""A daemon that hangs is asked twice, for 30 s and for 5 s; a step that waits for a host gives it 10 s and 30 s."""
_TAKES_S = 4.5
_DISK = "900m"
_RECOVERS_WITHIN_S = 20.0
_SILENT = (
    "does not answer",
    "doesn't answer",
    "no agent answers",
    "is gone",
    "could not make the lab",
    "did not start",
    "Docker",
)
_OF_LABCTL = ("--filter", "label=labctl.lab")


class Footing(Struct, frozen=True):
    """The daemon, and the disk that its data is on."""

    daemon: PrivateDaemon
    disk: Path


class Break(Struct, frozen=True):
    """How the ground is broken, and made whole again. `may_pass` as in tests.torture.ground.runs."""

    breaks: Callable[[Run, Footing], None]
    mends: Callable[[Footing], None]
    may_pass: str = "done"
    words: tuple[str, ...] = _SILENT
    before: bool = False


def breaks() -> dict[str, Callable[[Run], str]]:
    """Each way by name; none where there can be no daemon of our own."""
    return {} if why_not() else {name: partial(_broken, name, each) for name, each in _BREAKS.items()}


def _broken(name: str, way: Break, run: Run) -> str:
    ground = _ground()
    daemon = ground.daemon
    stands_on = Ground(
        engine="docker",
        folder=run.folder / "lab",
        environment=daemon.environment,
        options=("--see",) if run.chance.random() < 0.3 else (),
        known=lambda: daemon.children,
        case=name,
        has_watchdog=True,
    )

    def break_it(pid: int) -> None:
        after(run.chance.uniform(0.1, _TAKES_S))
        way.breaks(run, ground)

    try:
        if way.before:
            way.breaks(run, ground)
        ended = run_labctl(stands_on, within_s=WITHIN_S, break_it=None if way.before else break_it)
    finally:
        way.mends(ground)
    wrong = complaint(ended, words=way.words, may_pass=way.may_pass, within_s=WITHIN_S)
    left = left_over(stands_on, ended.others)
    wrong = wrong or (f"left when the daemon was back: {', '.join(left)}: {ended.said[-400:]}" if left else "")
    return wrong or whole_again(stands_on) or _left(stands_on, daemon)


def _left(ground: Ground, daemon: PrivateDaemon) -> str:
    """What `labctl down --all` leaves of labs on the daemon; nothing else makes any there."""
    down = labctl(ground, "down", "--all")
    listed = {"container": ("ps", "--all", "--quiet"), "network": ("network", "ls", "--quiet")}
    left = [f"{kind} {one}" for kind, words in listed.items() for one in daemon.docker(*words, *_OF_LABCTL).split()]
    return f"left: {', '.join(left)}: {down.stdout}{down.stderr}" if left or down.returncode else ""


@cache
def _ground() -> Footing:
    """Made when it is needed first, and until the torture ends: bringing the images takes seconds."""
    undo = ExitStack()
    UNTIL_THE_END.callback(undo.close)
    UNTIL_THE_END.callback(_ground.cache_clear)
    home = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="broken-")))
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "torture", str(home)], check=True)
    undo.callback(subprocess.run, ["umount", "--lazy", str(home)], check=True)
    daemon = undo.enter_context(private_daemon(data_root=str(home / "data")))
    daemon.load("labctl-host", "labctl-sidecar")
    return Footing(daemon, home)


def _ends_by(number: signal.Signals, run: Run, ground: Footing) -> None:
    if number == signal.SIGTERM:
        ground.daemon.send(number)  # it takes its time
    else:
        ground.daemon.stop(number)


def _starts(ground: Footing) -> None:
    ground.daemon.stop(signal.SIGKILL)
    ground.daemon.start()


def _kill_and_start(run: Run, ground: Footing) -> None:
    ground.daemon.stop(signal.SIGKILL)
    ground.daemon.start()


def _kill_containerd(run: Run, ground: Footing) -> None:
    if (pid := ground.daemon.containerd()) is not None:
        kill(pid)


def _fill(run: Run, ground: Footing) -> None:
    room = run.chance.choice([0, 0, 16, 64, 256]) * 1024
    with (ground.disk / "filling").open("wb", buffering=0) as file, suppress(OSError):
        while shutil.disk_usage(ground.disk).free > room:
            file.write(b"." * min(1 << 20, max(1, shutil.disk_usage(ground.disk).free - room)))


def _empty(ground: Footing) -> None:
    (ground.disk / "filling").unlink(missing_ok=True)
    _is_well(ground)


def _is_well(ground: Footing) -> None:
    """The daemon may have died of it, and finds a containerd that was started anew by itself, in its own time."""

    def runs_containers() -> bool:
        with suppress(subprocess.SubprocessError):
            ground.daemon.docker("run", "--rm", "--network", "none", "--entrypoint", "true", "labctl-host")
            return True
        return False

    if not ground.daemon.answers() or not until(runs_containers, within_s=_RECOVERS_WITHIN_S):
        _starts(ground)


def _starve(run: Run, ground: Footing) -> None:
    """It and its containerd get no process and no thread more, but for a few."""
    cgroup = _cgroup()
    cgroup.mkdir(exist_ok=True)
    for pid in (ground.daemon.pid, ground.daemon.containerd()):
        if pid is not None:
            (cgroup / "cgroup.procs").write_text(str(pid))
    now = int((cgroup / "pids.current").read_text())
    (cgroup / "pids.max").write_text(str(now + run.chance.randint(0, 10)))


def _feed(ground: Footing) -> None:
    (_cgroup() / "pids.max").write_text("max")
    _starts(ground)
    assert until(_is_without_cgroup, within_s=10.0), f"{_cgroup()} stays"


def _is_without_cgroup() -> bool:
    """Whether it is gone. What was started in it, and goes on by itself, is moved out."""
    for pid in (_cgroup() / "cgroup.procs").read_text().split():
        with suppress(OSError):  # it has ended
            (_cgroup().parent / "cgroup.procs").write_text(pid)
    with suppress(OSError):  # somebody is still in it
        _cgroup().rmdir()
    return not _cgroup().exists()


def _cgroup() -> Path:
    root = Path("/sys/fs/cgroup")
    top = root / "pids" if (root / "pids").is_dir() else root
    return top / f"labctl-torture-{os.getpid()}"


def _take_all_subnets(run: Run, ground: Footing) -> None:
    for number, subnet in enumerate(RANGES4):
        ground.daemon.docker("network", "create", "--subnet", str(subnet), f"everything-{number}")


def _give_subnets_back(ground: Footing) -> None:
    ground.daemon.docker("network", "rm", *[f"everything-{number}" for number in range(len(RANGES4))])


def _refuse_bridges(run: Run, ground: Footing) -> None:
    ground.daemon.inside("mount", "--bind", "/bin/false", _iptables())


def _allow_bridges(ground: Footing) -> None:
    ground.daemon.inside("umount", _iptables())


def _iptables() -> str:
    return os.path.realpath(shutil.which("iptables") or "/usr/sbin/iptables")


_BREAKS = {
    "dockerd hangs": Break(
        lambda run, ground: ground.daemon.send(signal.SIGSTOP), lambda ground: ground.daemon.send(signal.SIGCONT)
    ),
    "dockerd is ended": Break(partial(_ends_by, signal.SIGTERM), _starts),
    "dockerd is killed": Break(partial(_ends_by, signal.SIGKILL), _starts),
    "dockerd dies and is started": Break(_kill_and_start, _is_well),
    "containerd is killed": Break(_kill_containerd, _is_well, may_pass="always"),
    "the daemon's disk is full": Break(_fill, _empty, may_pass="always", words=(*_SILENT, "o space left")),
    "the daemon has no processes": Break(
        _starve,
        _feed,
        may_pass="always",
        words=(*_SILENT, "temporarily unavailable", "starting a container", "creating a sidecar"),
    ),
    "no subnet is free": Break(
        _take_all_subnets, _give_subnets_back, may_pass="never", words=("no free subnet", "overlaps"), before=True
    ),
    "no bridge can be made": Break(
        _refuse_bridges, _allow_bridges, may_pass="never", words=("could not make the lab",), before=True
    ),
}
