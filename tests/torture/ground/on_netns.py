"""Broken ground for labs on namespaces, and for labctl itself: nothing left to open, no process, no room, no memory."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from tests.contract.waiting import until
from tests.torture.campaign import Run
from tests.torture.ground.runs import (
    Ended,
    Ground,
    after,
    complaint,
    descendants,
    has_ended,
    kill,
    run_labctl,
    scenario_in,
    whole_again,
)

WITHIN_S = 60.0
_TAKES_S = 1.2
_SOMEBODY = 47117
"""The id of a user who is nobody here, and under whom nothing else runs."""
_MIB = 1024 * 1024
_BROKEN = ("gone", "broke", "died", "ended before its time", "could not", "could be", "lost its", "can't", "lost")


class Break(Struct, frozen=True):
    """How the ground is broken: `lay` gives what labctl is started on, `meanwhile` is called when it runs."""

    words: tuple[str, ...]
    may_pass: str
    lay: Callable[[Run, Ground], Ground] = lambda run, ground: ground
    meanwhile: Callable[[Run, Ground, int], None] | None = None


def breaks() -> dict[str, Callable[[Run], str]]:
    """Each way by name, as far as this machine and this user have it."""
    found: dict[str, Callable[[Run], str]] = {name: partial(_broken, name, each) for name, each in _BREAKS.items()}
    if os.geteuid() == 0:
        found["the disk is full"] = partial(_full, fills_later=False)
        found["the disk fills up"] = partial(_full, fills_later=True)
    return found


def _broken(name: str, way: Break, run: Run) -> str:
    whole = Ground(engine="netns", folder=run.folder / "lab", options=_options(run), case=name)
    scenario_in(whole.folder)
    ground = way.lay(run, whole)
    meanwhile = way.meanwhile
    break_it = None if meanwhile is None else lambda pid: meanwhile(run, ground, pid)
    ended = run_labctl(ground, within_s=WITHIN_S, break_it=break_it)
    return judged(ended, way, whole)


def judged(ended: Ended, way: Break, whole: Ground) -> str:
    """What is wrong, with how it ended or with what came after it."""
    wrong = complaint(ended, words=way.words, may_pass=way.may_pass, within_s=WITHIN_S)
    return wrong or whole_again(replace(whole, options=()))


def _options(run: Run) -> tuple[str, ...]:
    return ("--see",) if run.chance.random() < 0.5 else ()


def _without_files(run: Run, ground: Ground) -> Ground:
    most = run.chance.choice([8, 9, 10, 11, 12, 13, 14, 16, 18, 20, 22, 24, 32, 64, 128])
    return replace(ground, before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))


def _without_processes(run: Run, ground: Ground) -> Ground:
    """Root has no limit of processes, hence somebody else, who may read what is root's."""
    more = run.chance.randint(1, 16)
    if os.geteuid() != 0:
        most = _processes_of(os.getuid()) + more
        return replace(ground, before=lambda: resource.setrlimit(resource.RLIMIT_NPROC, (most, most)))
    for folder in (*list(ground.folder.parents)[:2], ground.folder):
        folder.chmod(0o777)
    rights = ("--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search")
    somebody = ("setpriv", "--reuid", str(_SOMEBODY), "--regid", str(_SOMEBODY), "--clear-groups", *rights)
    environment = {"HOME": str(ground.folder), "XDG_STATE_HOME": ""}
    return replace(ground, prefix=(*somebody, "prlimit", f"--nproc={more}"), environment=environment)


def _processes_of(uid: int) -> int:
    count = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit() and os.path.exists(f"/proc/{entry}/task"):
            try:
                count += len(os.listdir(f"/proc/{entry}/task")) if os.stat(f"/proc/{entry}").st_uid == uid else 0
            except OSError:
                continue
    return count


def _without_memory(run: Run, ground: Ground) -> Ground:
    """labctl's own: its programs have limits of their own."""
    most = run.chance.randint(30, 160) * _MIB
    return replace(ground, before=lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most)))


def _without_namespaces(run: Run, ground: Ground) -> Ground:
    forbidden = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    user = ("unshare", "--user", "--map-user=1000", "--keep-caps")
    return replace(ground, prefix=(*user, "sh", "-c", forbidden, "sh"))


def _without_output(run: Run, ground: Ground) -> Ground:
    return replace(ground, prefix=("sh", "-c", 'exec "$@" > /dev/full', "sh"))


def _without_home(run: Run, ground: Ground) -> Ground:
    return replace(ground, environment={"HOME": "", "XDG_STATE_HOME": "", "TMPDIR": "/nonexistent"})


def _without_a_place(run: Run, ground: Ground) -> Ground:
    """Neither beside the scenario nor in the user's state folder: files stand where folders would be made."""
    (ground.folder / ".labctl").write_text("")
    (ground.folder / "state").write_text("")
    return replace(ground, environment={"XDG_STATE_HOME": str(ground.folder / "state" / "deep")})


def _kill_below(depths: tuple[int, ...], run: Run, ground: Ground, pid: int) -> None:
    """Kill one of those so deep below labctl: 1 its launcher, 2 the lab's supervisor, 3 hosts and sidecars."""

    def below() -> list[int]:
        return [one for one, depth in descendants(pid) if depth in depths]

    until(lambda: bool(below()) or has_ended(pid), within_s=WITHIN_S)
    after(run.chance.uniform(0.0, _TAKES_S))
    if found := below():
        kill(run.chance.choice(found))


def _full(run: Run, *, fills_later: bool) -> str:
    """The folder of the run's records, and that of temporary files, on a small disk that is full, or gets it."""
    with _small_disk(run.folder / "disk") as disk:
        ground = Ground(engine="netns", folder=disk / "lab", options=_options(run), case="the disk")
        ground = replace(ground, environment={"TMPDIR": str(disk), "XDG_STATE_HOME": str(disk / "state")})
        scenario_in(ground.folder)
        room = run.chance.choice([0, 0, 4, 8, 12, 16, 24, 32, 48]) * 1024

        def fill(pid: int) -> None:
            if fills_later:
                after(run.chance.uniform(0.1, _TAKES_S))
            _fill(disk, room)

        if not fills_later:
            _fill(disk, room)
        ended = run_labctl(ground, within_s=WITHIN_S, break_it=fill if fills_later else None)
        wrong = complaint(ended, words=("o space left", "no place"), may_pass="always", within_s=WITHIN_S)
        if not wrong and room == 0 and not fills_later and ended.code == 0:
            wrong = f"it passed without room for a record: {ended.said}"
        (disk / "filling").unlink()
        return wrong or whole_again(replace(ground, options=()))


@contextmanager
def _small_disk(place: Path) -> Iterator[Path]:
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "torture", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def _fill(disk: Path, room: int) -> None:
    """Fill it, but for some room."""
    free = shutil.disk_usage(disk).free
    with (disk / "filling").open("wb", buffering=0) as file:
        written = 0
        while written < free - room:
            try:
                written += file.write(b"." * min(4096, free - room - written))
            except OSError:
                break


_BREAKS = {
    "no descriptors": Break(("oo many open files",), "always", _without_files),
    "no processes": Break(
        ("temporarily unavailable", "no process or thread", "could not be started", "died", "is gone"),
        "always",
        _without_processes,
    ),
    "no memory": Break(
        ("memory", "no process or thread", "died", "is gone", "could not be started"), "always", _without_memory
    ),
    "no namespaces": Break(("could not be built on namespaces",), "never", _without_namespaces),
    "no output": Break(("results can't be written",), "never", _without_output),
    "no home and no folder for temporary files": Break(("no place",), "always", _without_home),
    "no place for records": Break(("no place for a run's records",), "never", _without_a_place),
    "the launcher is killed": Break(_BROKEN, "done", meanwhile=partial(_kill_below, (1,))),
    "the supervisor is killed": Break(_BROKEN, "done", meanwhile=partial(_kill_below, (2,))),
    "a host or a sidecar is killed": Break(_BROKEN, "always", meanwhile=partial(_kill_below, (3,))),
}
