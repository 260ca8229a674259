"""What somebody calls a run -> the folder of its records."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from labctl.observe.names import JOURNAL, PLAN
from labctl.plan.shipped import shipped
from labctl.runner.records import label, places_of_runs
from labctl.scenario.problems import did_you_mean, quoted

_NAME = re.compile(r"(\d{8}-\d{6})-(.*?)(?:-(\d+))?")
_FOLDER = Path(".labctl") / "runs"
_RECORD_ONE = "record one with `labctl run --see NAME`"


class NoRun(Exception):
    """There is no such run, in words; `hint` says what to do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def find_run(name: str | None, here: Path, scenario: Path | None = None) -> Path:
    """The folder of a run: the one of that path or that name, else the newest run of the scenario called so.

    None: the newest of all. Looked at are `.labctl/runs` in `here` and in the folders above it, those of `scenario`
    (the file that the name stands for, where it stands for one) and of what labctl brings along. NoRun if none is it,
    and if it is a folder in which no run was recorded.
    """
    if name is not None and (here / name / JOURNAL).is_file():
        return here / name
    runs = list(_runs(here, scenario))
    fitting = runs if name is None else [run for run in runs if run.name == name]
    if name is not None and not fitting:
        fitting = [run for run in runs if _is_of(run, name)]
    if fitting:
        return max(fitting, key=_age)
    if name is not None and (here / name).is_dir():
        raise NoRun(f"there is no record of a run in {quoted(name)}", _RECORD_ONE)
    if not runs:
        raise NoRun(f"no run has been recorded in {here.resolve()} or above", _RECORD_ONE)
    known = {_parts(run.name)[1] for run in runs}
    hint = did_you_mean(Path(name or "").name, known, kinds="scenarios that were run")
    raise NoRun(f"no run is called {quoted(name or '')}", hint or _RECORD_ONE)


def known_runs(here: Path) -> list[tuple[str, str]]:
    """The names of all runs that `find_run` finds from there, each with its scenario's."""
    return [(run.name, _parts(run.name)[1]) for run in _runs(here, None)]


def _runs(here: Path, scenario: Path | None) -> Iterator[Path]:
    """Every run's folder in the places where runs are written down."""
    absolute = here.resolve()
    places = [folder / _FOLDER for folder in (absolute, *absolute.parents)]
    for file in filter(None, (scenario, shipped("compose.yaml"))):
        places += places_of_runs(file)
    for place in dict.fromkeys(places):
        try:
            names = os.listdir(place)
        except OSError:  # there are none
            continue
        yield from (place / name for name in names if (place / name / JOURNAL).is_file())


def _is_of(run: Path, name: str) -> bool:
    """Whether it is one of that scenario, called by its id or its file: the last part of either counts."""
    called = label(Path(name.removesuffix(".yaml")).name)
    stamp, its, _ = _parts(run.name)
    return called in (its, run.name.removeprefix(f"{stamp}-"))


def _age(run: Path) -> tuple[str, int, int]:
    """The newest has the greatest: by its second, then by when its plan was written, then by its number."""
    stamp, _, number = _parts(run.name)
    try:
        planned_ns = (run / PLAN).stat().st_mtime_ns
    except OSError:  # it has none yet
        planned_ns = 0
    return stamp, planned_ns, number


def _parts(folder: str) -> tuple[str, str, int]:
    """When it began, its scenario, and its number among those of that second."""
    found = _NAME.fullmatch(folder)
    return ("", folder, 1) if found is None else (found[1], found[2], int(found[3] or 1))
