"""What happened in a run -> its folder: a journal of JSON lines, the plan, the outcome."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from labctl.engine.contract import EngineError
from labctl.engine.shortage import hint_for
from labctl.observe.names import JOURNAL
from labctl.plan.find import find_compose, real
from labctl.plan.model import Plan
from labctl.plan.shipped import is_installed

KEPT = 20
"""So many runs' folders are kept in one place; older ones are removed."""
HOLDERS_LOG = "holder.log"
"""In the folder of a lab that stands (labctl.standing)."""
_NAME = re.compile(r"\d{8}-\d{6}-")
_BEGAN = time.time()
_SHOWN = 64 * 1024


def open_folder(scenario: Path, name: str, records: Path | None) -> Path:
    """A new folder for a run: `.labctl/runs/DATE-NAME` beside the scenario's compose.yaml.

    Beside the scenario itself where it uses the compose.yaml that labctl brings along; in the user's state folder
    where nothing can be written there. EngineError when neither can be.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S")
    beside = (records or _home_of(scenario)) / ".labctl" / "runs"
    for runs in (state_folder() / "runs",) if is_installed(scenario) else (beside, state_folder() / "runs"):
        try:
            return _make(runs, f"{stamp}-{label(name)}")
        except OSError:
            continue
    message = f"there is no place for a run's records: neither in {beside.parent.parent} nor in {state_folder()}"
    raise EngineError(message, hint="set XDG_STATE_HOME to a folder that can be written")


def label(name: str) -> str:
    """What a scenario is called in the names of its runs' folders."""
    return re.sub(r"[^\w.\[\]-]+", "-", name).strip("-")


def places_of_runs(scenario: Path) -> tuple[Path, ...]:
    """Where the folders of a scenario's runs can be, wherever it was run from; the likeliest first."""
    return _home_of(scenario) / ".labctl" / "runs", state_folder() / "runs"


def _home_of(scenario: Path) -> Path:
    compose, here = find_compose(scenario), real(scenario).parent
    return compose.parent if here.is_relative_to(compose.parent) else here


def state_folder() -> Path:
    """Where a user's programs keep their state (XDG Base Directory Specification)."""
    home = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return Path(home) / "labctl"


def _make(runs: Path, name: str) -> Path:
    if not os.path.isdir(runs):
        runs.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), (runs.parent / ".gitignore").open("x") as file:
            file.write("*\n")
    for number in range(1, 10000):
        folder = runs / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise OSError(f"too many runs at the same second in {runs}")


def forget_old(folder: Path) -> None:
    """Remove all but the newest runs beside this one.

    This process's own stay, those that still go on, those whose lab still stands, and what is no run's.
    """
    runs: list[str] = []
    with suppress(OSError):  # no descriptor is left: the next run forgets them
        runs = sorted(entry.name for entry in os.scandir(folder.parent) if _is_named_as_a_run(entry))
    for name in set(runs[:-KEPT]) - {folder.name}:  # the clock may have been set back since older ones were named
        old = folder.parent / name
        with suppress(OSError):  # another run forgets them too, and was there first; or it is another user's
            if old.stat().st_mtime < _BEGAN and not (old / HOLDERS_LOG).exists() and not is_written(old / JOURNAL):
                shutil.rmtree(old, ignore_errors=True)


def _is_named_as_a_run(entry: os.DirEntry[str]) -> bool:
    return entry.is_dir(follow_symlinks=False) and _NAME.match(entry.name) is not None


def is_written(file: Path) -> bool:
    """Whether a journal or a holder's log still has its writer. OSError if it isn't there, or may not be looked at."""
    descriptor = os.open(file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def keep_written(descriptor: int) -> None:
    """Let others see that a file has its writer, wherever they are, until the last copy of the descriptor is closed.

    It must be open for reading and writing, or a network file system has no locks for it (flock(2)).
    """
    with suppress(OSError):  # a file system without locks: there nobody takes it for over
        fcntl.flock(descriptor, fcntl.LOCK_SH)


class Journal:
    """What happened, a JSON object a line: `t` (CLOCK_MONOTONIC, ns), `wall` (seconds since 1970), `event`.

    `lost` says why not all of it could be written; from then on nothing is.
    """

    def __init__(self, path: Path) -> None:
        """EngineError if it can't be begun."""
        self.lost = ""
        try:
            self._file = path.open("w+b", buffering=0)
        except OSError as error:
            raise EngineError(
                f"no record can be begun at {path}: {error.strerror}", hint=hint_for(str(error))
            ) from error
        keep_written(self._file.fileno())

    def write(self, event: str, *, t: int | None = None, body: bytes | None = None, **words: Any) -> None:
        """Write a line. Any: JSON's own types. `t` is the event's own time where it has one."""
        line = {"t": time.monotonic_ns() if t is None else t, "wall": time.time(), "event": event, **words}
        if body is not None:
            line["size"] = len(body)
            line["text"] = body[:_SHOWN].decode("utf-8", "backslashreplace")
        if not self.lost:
            self._put(json.dumps(line, separators=(",", ":")).encode() + b"\n")

    def _put(self, line: bytes) -> None:
        try:
            if self._file.write(line) != len(line):  # a disk that is full takes what fits
                self.lost = os.strerror(errno.ENOSPC)
        except OSError as error:
            self.lost = error.strerror or str(error)

    def close(self) -> None:
        """Nothing more happens."""
        self._file.close()


def placed(plan: Plan) -> dict[str, dict[str, Any]]:
    """Where each host of a lab is and what was set there, for the journal. Any: JSON's own types.

    `pinned` are the kernel settings that every lab makes, `declared` those that this one was asked for.
    """
    hosts = {
        host.name: {"addresses": host.addresses, "pinned": host.pinned, "declared": host.declared}
        for host in plan.hosts
    }
    return hosts | {host.name: {"addresses": host.addresses, "absent": True} for host in plan.absent}


def plan_json(plan: Plan) -> bytes:
    """A plan as JSON, the same for the same plan to the byte."""
    return msgspec.json.format(msgspec.json.encode(plan, enc_hook=str, order="sorted"), indent=2) + b"\n"
