"""A condition that comes by itself -> whether it came in time. The one place here where time is spent."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(holds: Callable[[], bool], *, within_s: float, every_s: float = 0.001) -> bool:
    """Look until it holds; whether it did within so many seconds."""
    deadline = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every_s)
    return True
