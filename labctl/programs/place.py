"""A run -> a folder of this machine for programs that are on their way to hosts, and gone after it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from labctl.engine.owner import is_alive, myself, parse

_PREFIX = "labctl-programs-"
_OWNER = "owner"


@contextmanager
def place(*, may_stay: bool = False, stays: Callable[[], bool] = lambda: False) -> Iterator[Path]:
    """A new folder, which hosts can be shown. What killed runs of this user's have left is removed first.

    It stays where `stays` says so at the end, because labs stay that show it; `may_stay`: that may be so, should this
    process be killed. OSError if there can be none.
    """
    _sweep()
    made = Path(tempfile.mkdtemp(prefix=_PREFIX))
    try:
        os.chmod(made, 0o711)  # its name can't be guessed, and the hosts' uid need not be ours
        if not may_stay:
            (made / _OWNER).write_text(str(myself()))
        yield made
    finally:
        if not stays():
            shutil.rmtree(made, ignore_errors=True)


def _sweep() -> None:
    """Remove the folders whose owner is dead. Another user's can't be, and one without an owner is kept."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            if folder.lstat().st_uid != os.geteuid():
                continue
            owner = parse((folder / _OWNER).read_text())
            if owner is not None and is_alive(owner) is False:
                shutil.rmtree(folder, ignore_errors=True)
