"""Bytes and a path -> a file that is whole or not there; and, before a run, whether it could be written."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from labctl.cli.refusals import BadOptions


def demand_writable(wished: Mapping[str, Path | None]) -> None:
    """By option, where it writes. BadOptions with all that can't be written, and with files that two would write."""
    problems: list[tuple[str, str]] = []
    taken: dict[Path, str] = {}
    for option, path in wished.items():
        if path is None:
            continue
        if why := _hindrance(path):
            problems.append((f"{option} can't write '{path}': {why}", ""))
        other = taken.setdefault(_target(path), option)
        if other != option and not _is_special(_target(path)):
            problems.append(
                (f"{other} and {option} would write the same file '{path}'", "give one of them another name")
            )
    if problems:
        raise BadOptions(problems)


def write_whole(path: Path, data: bytes) -> None:
    """Put it there at once: whoever reads meanwhile finds what was there before. OSError if it can't be.

    What is no regular file (/dev/stdout, a pipe), and one in a folder where nothing can be made, is written as it is.
    """
    target = _target(path)
    if _is_special(target) or not _can_make(target.parent):
        target.write_bytes(data)
        return
    scratch = _scratch_beside(target)
    try:
        with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666), "wb") as file:
            file.write(data)
        with suppress(OSError):  # there was none before
            shutil.copymode(target, scratch)
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)


def _hindrance(path: Path) -> str:
    """Why it can't be written, empty if it seems that it can."""
    target = _target(path)
    try:
        if target.is_dir():
            return "it is a folder"
        if not target.parent.is_dir():
            return f"there is no folder '{path.parent}'"
        if os.path.lexists(target):
            return "" if os.access(target, os.W_OK) else "permission denied"
        scratch = _scratch_beside(target)
        os.close(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666))
        scratch.unlink()  # by doing: rights, a full disk, a read-only file system
    except OSError as error:
        return (error.strerror or str(error)).lower()
    except ValueError as error:  # a NUL in it
        return str(error)
    return ""


def _scratch_beside(target: Path) -> Path:
    """A name that nobody else can foresee: others may make files in that folder."""
    return target.with_name(f".{secrets.token_hex(8)}.labctl")


def _target(path: Path) -> Path:
    """Where a link leads: the link stays."""
    return Path(os.path.realpath(path))


def _is_special(path: Path) -> bool:
    try:
        return not stat.S_ISREG(path.stat().st_mode)
    except OSError:
        return False


def _can_make(folder: Path) -> bool:
    return os.access(folder, os.W_OK | os.X_OK)
