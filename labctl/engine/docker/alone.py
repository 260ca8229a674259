"""Work that two processes of one user must not do at the same time -> done by one after the other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from labctl.engine.contract import EngineError
from labctl.engine.docker.removal import pause


@contextmanager
def alone(what: str, waits: Callable[[], None]) -> Iterator[None]:
    """Wait until no other process of this user is at it; a dead one is at nothing (flock(2)).

    `waits` is called again and again while that lasts, and ends it by raising.
    """
    path = os.path.join(tempfile.gettempdir(), f"labctl-{os.getuid()}-{what}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EngineError(f"no lock can be had at {path}: {error.strerror}", hint=f"remove '{path}'") from error
    try:
        while not _is_taken(lock):
            waits()
            pause()
        yield
    finally:
        os.close(lock)


def _is_taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
