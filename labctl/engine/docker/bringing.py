"""Folders of this machine -> the same folders in a container, which nobody there can write to."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from labctl.engine.docker.daemon import Daemon
from labctl.plan.model import ProgramFolder

if TYPE_CHECKING:
    from tarfile import TarInfo


def bring(daemon: Daemon, container: str, folders: Sequence[ProgramFolder]) -> None:
    """Put them there. EngineError if that can't be done."""
    if folders:
        daemon.put(container, archive(tuple(folders)))


@lru_cache(maxsize=4)
def archive(folders: tuple[ProgramFolder, ...]) -> bytes:
    """A tar archive of them, with paths from the root on. What they hold belongs to root and stays as it is.

    Made once, and kept a while: a lab has many hosts, and a run many labs.
    """
    import tarfile  # takes 10 ms, and few need it

    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for folder in folders:
            tar.add(folder.source, folder.target.lstrip("/"), filter=_of_root)
    return content.getvalue()


def _of_root(entry: TarInfo) -> TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    entry.mode = 0o755 if entry.isdir() or entry.mode & 0o111 else 0o644
    return entry
