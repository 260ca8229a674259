"""Which scenarios did not pass when they were last run: written down beside their runs' records, and read again.

`.labctl/last-failed.json` in each place where runs are recorded. There a scenario is called by its path from that
place, with `[ipv6]` and the like for its family; in the user's state folder, which holds what can't be written beside
the scenarios, by its whole path.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from labctl.plan.find import real
from labctl.plan.shipped import is_installed
from labctl.runner.outcome import ScenarioOutcome, Verdict, worst
from labctl.runner.records import places_of_runs
from labctl.runner.select import Selected

NAME = "last-failed.json"
_FORMAT = 1
_MOST_BYTES = 1024 * 1024


class Unreadable(Exception):
    """What is written there can't be used. Says why."""


def known_failed(selected: Iterable[Selected], *, unreadable: list[Path]) -> set[str]:
    """The ids of those that did not pass when they were last run. Files that can't be used are added to a list."""
    found: set[str] = set()
    held: dict[Path, set[str]] = {}
    for one in selected:
        for folder in _folders(one.scenario.path):
            if folder not in held:
                held[folder] = _read_or_note(folder / NAME, unreadable)
            if _called(one.scenario.path, one.id, folder) in held[folder]:
                found.add(one.id)
    return found


def note(outcomes: Iterable[ScenarioOutcome]) -> bool:
    """Write down which of these passed and which didn't; what is known of others stays. False where it can't be.

    Of several rounds the worst counts. Who was skipped or not run is as before. A scenario whose file is no longer
    there is forgotten.
    """
    verdicts: dict[tuple[Path, str], list[Verdict]] = {}
    for outcome in outcomes:
        if outcome.verdict in (Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN):
            verdicts.setdefault((outcome.path, outcome.id), []).append(outcome.verdict)
    by_folder: dict[tuple[Path, ...], dict[tuple[Path, str], bool]] = {}
    for (path, its), came in verdicts.items():
        by_folder.setdefault(_folders(path), {})[path, its] = worst(came) is Verdict.PASS
    done = [_note_in_one_of(folders, passed) for folders, passed in by_folder.items()]  # all, whatever came of one
    return all(done)


def _note_in_one_of(folders: tuple[Path, ...], passed: Mapping[tuple[Path, str], bool]) -> bool:
    """In the first that can be written. What has passed is a failure in none of them any more."""
    is_written = False
    for folder in folders:
        failed = set() if is_written else {_called(*key, folder) for key, is_well in passed.items() if not is_well}
        gone = {_called(*key, folder) for key in passed} - failed
        with suppress(OSError):
            _change(folder, failed, gone)
            is_written = True
    return is_written


def _change(folder: Path, failed: set[str], gone: set[str]) -> None:
    """Two runs that end at the same time do it one after another. OSError if it can't be written."""
    path = folder / NAME
    if not failed and not path.exists():
        return
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError), (folder / ".gitignore").open("x") as file:
            file.write("*\n")
    with _alone(folder):
        before = _read_or_note(path, [])
        after = {name for name in (before - gone) | failed if _is_there(name, folder)}
        if after == before and path.exists() and _is_ours(path):
            return
        document = {"format": _FORMAT, "failed": sorted(after)}
        scratch = folder / f".{NAME}.{os.getpid()}"
        try:
            scratch.write_text(json.dumps(document, indent=1) + "\n")
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _read_or_note(path: Path, unreadable: list[Path]) -> set[str]:
    try:
        return _read(path)
    except Unreadable:
        unreadable.append(path)
        return set()


def _is_ours(path: Path) -> bool:
    try:
        _read(path)
    except Unreadable:
        return False
    return True


def _read(path: Path) -> set[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe would wait for a writer
    except FileNotFoundError:
        return set()
    except OSError as error:
        raise Unreadable(error.strerror) from error
    try:
        document = json.loads(os.read(descriptor, _MOST_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise Unreadable(str(error)) from error
    finally:
        os.close(descriptor)
    failed = document.get("failed") if isinstance(document, dict) and document.get("format") == _FORMAT else None
    if not isinstance(failed, list) or not all(isinstance(name, str) for name in failed):
        raise Unreadable("it is not labctl's")
    return set(failed)


def _folders(scenario: Path) -> tuple[Path, ...]:
    """Where it may be written down, the best place first. Nothing is written among what labctl brings along."""
    beside, of_user = (runs.parent for runs in places_of_runs(scenario))
    return (of_user,) if is_installed(scenario) else (beside, of_user)


def _called(scenario: Path, name: str, folder: Path) -> str:
    family = f"[{name.rpartition('[')[2]}" if name.endswith("]") and not scenario.stem.endswith("]") else ""
    path = real(scenario)
    home = folder.parent
    is_beside = folder.name == ".labctl" and path.is_relative_to(home)
    return (str(path.relative_to(home)) if is_beside else str(path)) + family


def _is_there(called: str, folder: Path) -> bool:
    path = called.rpartition("[")[0] if called.endswith(("[ipv4]", "[ipv6]", "[dual]")) else called
    return os.path.lexists(folder.parent / path)
