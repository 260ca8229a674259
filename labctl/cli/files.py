"""Folders -> the scenario files below them, told apart from other YAML without reading it as such."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

COMPOSE = "compose.yaml"

_STEPS = re.compile(rb"""^(?:\{.*?)?["']?steps["']?[ \t]*:""", re.MULTILINE)
_READ = 64 * 1024  # no scenario is larger


def scenario_files(folder: Path) -> Iterator[Path]:
    """Every *.yaml below a folder but compose.yaml, hidden folders left out, in the order of their names."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place, name) for name in sorted(names) if name.endswith(".yaml") and name != COMPOSE)


def is_scenario(file: Path) -> bool:
    """Whether a file has `steps` at its top, as far as can be told without reading it as YAML."""
    try:
        if not stat.S_ISREG(file.stat().st_mode):
            return False  # a pipe would wait for a writer
        with file.open("rb") as opened:
            return _STEPS.search(opened.read(_READ)) is not None
    except OSError:
        return True  # reading it will say what is wrong


def near(path: Path) -> Path:
    """The path as seen from the current folder, where it lies below it."""
    try:
        return path.relative_to(Path.cwd())
    except (ValueError, OSError):  # it doesn't, or there is no current folder any more
        return path
