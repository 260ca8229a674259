"""A wait of the main thread -> one that no signal comes too late for.

Python runs a signal's handler between two instructions. A signal that comes after the last look for one and before the
wait's system call has begun doesn't end that call, and its handler would run when the wait is over.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Waking:
    """What becomes readable when a signal comes. Outside of the main thread nothing does: no handler runs there."""

    def __init__(self, awake: int | None) -> None:
        self._awake = awake

    def wait(self, descriptor: int) -> None:
        """Until it is readable, or a signal has come; its handler has run then."""
        poller = select.poll()  # select(2) knows no descriptor above 1023
        poller.register(descriptor, select.POLLIN)
        if self._awake is not None:
            poller.register(self._awake, select.POLLIN)
        ready = [number for number, _ in poller.poll()]
        if self._awake is not None and self._awake in ready:
            with suppress(BlockingIOError):
                os.read(self._awake, 4096)


@contextmanager
def waking() -> Iterator[Waking]:
    """Within, the main thread can wait so (signal.set_wakeup_fd)."""
    if threading.current_thread() is not threading.main_thread():
        yield Waking(None)
        return
    awake, wakes = os.pipe()
    try:
        os.set_blocking(awake, False)
        os.set_blocking(wakes, False)
        before = signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        try:
            yield Waking(awake)
        finally:
            signal.set_wakeup_fd(before)
    finally:
        os.close(awake)
        os.close(wakes)
