"""A scenario's path -> the compose.yaml that it belongs to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from labctl.plan.shipped import shipped

NAME = "compose.yaml"


def find_compose(scenario: Path) -> Path:
    """The nearest compose.yaml: in its folder, in those above it, else the one that labctl brings along.

    Looks no higher than the repository or the home folder, and not in folders above that belong to somebody
    else or to everybody, like /tmp. What has the name and is no file counts too: reading it will say what it is.
    """
    for folder in upwards(real(scenario).parent):
        if os.path.lexists(folder / NAME):
            return folder / NAME
    return shipped(NAME)


def real(path: Path) -> Path:
    """The path without links, as far as that can be told: links may lead in a circle."""
    return Path(os.path.realpath(path))


def upwards(folder: Path) -> Iterator[Path]:
    """The folder and those above it, as far as they are the same project's: see find_compose()."""
    try:
        owner = folder.stat().st_uid
        for place in (folder, *folder.parents):
            seen = place.stat()
            if place != folder and (seen.st_uid != owner or seen.st_mode & stat.S_ISVTX):
                return
            yield place
            if (place / ".git").exists() or place == Path.home():
                return
    except (OSError, RuntimeError):  # a folder that can't be looked at, or no home
        return
