"""Work that two processes of one user must not do at the same time -> done by one after the other."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from labctl.engine.contract import EngineError


@contextmanager
def alone(what: str) -> Iterator[None]:
    """Wait until no other process of this user is at it. The kernel ends what a dead one has begun (flock(2))."""
    path = os.path.join(tempfile.gettempdir(), f"labctl-{os.getuid()}-{what}.lock")
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise EngineError(f"no lock can be had at {path}: {error.strerror}", hint=f"remove '{path}'") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
