"""A call -> a child process that makes it and ends. Never executed anew; stdlib only."""

from __future__ import annotations

import os
from collections.abc import Callable


def forked(work: Callable[[], None], complain: Callable[[BaseException], object]) -> int:
    """Fork a child that makes this call and ends, whatever comes of it; its pid. OSError if it can't be had.

    What the call raises the child gives to `complain`, which tells whoever must know.
    """
    pid = os.fork()
    if pid != 0:
        return pid
    try:
        work()
    except BaseException as error:  # all: what got out of here would go on as a second one of the parent
        complain(error)
    finally:
        os._exit(0)
