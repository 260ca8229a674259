"""Code of somebody else's that may never end -> interrupted when its time is up."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Overdue(BaseException):
    """Time is up. Not an Exception: code that catches those must not catch this."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise Overdue in this thread when its body takes longer, between two of its byte codes.

    A call that blocks in C is interrupted when it returns.
    """
    thread = threading.get_ident()
    guard = threading.Lock()
    is_over = False

    def interrupt() -> None:
        with guard:
            if not is_over:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(Overdue))

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with guard:
            is_over = True
        timer.cancel()
