"""A place for a lab of one's own -> its files there, all or none: compose.yaml, an image, a scenario, a test, CI."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

_TEMPLATE = Path(__file__).parent / "lab"
_PLACE = "LAB-NAME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}")
_LEFT_OUT = ("__pycache__",)


class CannotBegin(Exception):
    """No lab can be written there, in words; `hint` says what to do. Nothing was written."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def write_lab(place: Path) -> list[str]:
    """Write the lab into a new folder, or into one that is empty; its files, as seen from there. CannotBegin.

    It is written beside its place and then moved there, so that nobody ever sees half of it.
    """
    name = place.name
    if _NAME.fullmatch(name) is None:
        hint = "take letters, digits, `_` and `-`, at most 50, a letter or digit first"
        raise CannotBegin(f"'{name or place}' can't be the name of a lab", hint)
    _demand_free(place)
    try:
        with ExitStack() as undo:
            made = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=place.parent))
            undo.callback(shutil.rmtree, made, ignore_errors=True)
            for source, target in _files():
                _write(source, made / target, name)
            made.chmod(0o777 & ~_umask())
            made.rename(place)
            undo.pop_all()
    except OSError as error:
        raise CannotBegin(f"'{place}' can't be written: {error.strerror}", "name another place") from error
    return [str(target) for _, target in _files()]


def _demand_free(place: Path) -> None:
    if not os.path.lexists(place):
        if not place.parent.is_dir():
            raise CannotBegin(f"there is no folder '{place.parent}' to make '{place.name}' in", "make it first")
        return
    hint = "name a folder that is not there yet"
    try:
        is_free = place.is_dir() and not place.is_symlink() and not any(place.iterdir())
    except OSError as error:
        raise CannotBegin(f"'{place}' can't be looked at: {error.strerror}", hint) from error
    if not is_free:
        raise CannotBegin(f"'{place}' is there already, and not empty", hint)
    if place.resolve() == Path.cwd():
        raise CannotBegin(f"'{place}' is the current folder, and a new one would take its place", hint)


def _files() -> Iterator[tuple[Path, Path]]:
    """Each file of the template, and where it goes. Hidden ones are not hidden here, where tools would heed them."""
    for source in sorted(_TEMPLATE.rglob("*")):
        inside = source.relative_to(_TEMPLATE)
        if source.is_file() and not set(_LEFT_OUT) & set(inside.parts):
            yield source, Path(*(re.sub("^dot-", ".", part) for part in inside.parts))


def _write(source: Path, target: Path, name: str) -> None:
    text = source.read_text(encoding="utf-8").replace(_PLACE, name).replace(_PLACE.lower(), name.lower())
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    if text.startswith("#!"):
        target.chmod(0o777 & ~_umask())


def _umask() -> int:
    """What new files don't get. It can only be read by being set (umask(2))."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
