"""Folders of the command line -> submissions: a folder with programs is one, else each folder in it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from labctl.programs.finding import MAKEFILES, can_be_program, plain
from labctl.programs.unusable import Unusable
from labctl.scenario.problems import quoted


class Submission(Struct, frozen=True):
    """Somebody's folder. `name` is unique among those that are graded together.

    `trouble`: why it is not looked into; empty if it is.
    """

    name: str
    folder: Path
    trouble: str = ""


def submissions(folders: Sequence[Path], names: Iterable[str]) -> tuple[Submission, ...]:
    """All of them, in the order of the line, those of one folder in the order of their names; each folder once.

    Unusable with a folder that isn't one, or that holds no submission.
    """
    known = set(names)
    found: dict[str, Path] = {}
    for folder in folders:
        if not folder.is_dir():
            what = "is not a folder" if os.path.lexists(folder) else "is not there"
            raise Unusable(f"the folder {quoted(str(folder))} {what}", hint="name a folder of submissions")
        below = [folder] if _has_programs(folder, known) else list(_folders(folder))
        if not below:
            raise Unusable(
                f"{quoted(str(folder))} holds neither a program nor a folder",
                hint="name a folder with programs, or one with a folder for each submission",
            )
        for one in below:
            found.setdefault(os.path.abspath(one), one)
    return tuple(_named(list(found.values())))


def _has_programs(folder: Path, known: set[str]) -> bool:
    """Whether something at its top is called as programs or their sources are; or is to be built, without folders
    that could each be a submission: then it is the teacher's."""
    files = [name for name in os.listdir(folder) if not os.path.isdir(folder / name)]
    return any(can_be_program(name) and plain(name) in known for name in files) or (
        any(name in MAKEFILES for name in files) and not any(_folders(folder))
    )


def _folders(folder: Path) -> Iterator[Path]:
    for name in sorted(os.listdir(folder)):
        if not name.startswith(".") and (os.path.isdir(folder / name) or os.path.islink(folder / name)):
            yield folder / name


def _named(folders: Sequence[Path]) -> Iterator[Submission]:
    """By the folder's own name, or by its path where two are called the same."""
    names = [Path(os.path.abspath(folder)).name for folder in folders]
    for folder, name in zip(folders, names, strict=True):
        trouble = f"{quoted(str(folder))} is a link, which may lead anywhere" if folder.is_symlink() else ""
        yield Submission(name if names.count(name) == 1 else str(folder), folder, trouble)
