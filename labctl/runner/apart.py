"""Work that holds something -> the same on a thread of its own: an interrupt can not come into its middle."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from labctl.hosts.conversation import Cancel, Cancelled

T = TypeVar("T")


def apart(work: Callable[[Cancel], T]) -> T:
    """Do it, and wait for it; what it raises is raised here.

    What interrupts the waiting makes the Cancel readable, and goes through when the work is over.
    """
    task = _Task(work)
    failure: BaseException | None = None
    while not task.is_over:
        try:
            task.begin()
            select.select([task.over], [], [])
        except BaseException as error:  # an interrupt, or no thread could be had
            failure = failure or error
            if not task.has_begun:
                break
            task.cancel()
    task.close()
    if failure is not None:
        raise failure
    return task.result()


def is_readable(cancel: Cancel) -> bool:
    """Whether the run is cancelled. Not by select(2), which knows no descriptor above 1023."""
    poller = select.poll()
    poller.register(cancel, select.POLLIN)
    return bool(poller.poll(0))


class _Task(Generic[T]):
    """Work, and the pipes by which it is cancelled and says that it is over."""

    def __init__(self, work: Callable[[Cancel], T]) -> None:
        self._work = work
        self._cancelled, self._cancels = os.pipe()
        self.over, self._ends = os.pipe()
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._guard = threading.Lock()
        self.has_begun = self.is_over = False

    def begin(self) -> None:
        """On a thread. Whoever isn't sure that this has begun may begin it again."""
        if not self.has_begun:
            threading.Thread(target=self._do).start()
            self.has_begun = True

    def fileno(self) -> int:
        """Readable once it is cancelled."""
        return self._cancelled

    def cancel(self) -> None:
        """May be called again."""
        os.write(self._cancels, b"!")

    def result(self) -> T:
        """What came of it, raised if it is an error."""
        if self._error is not None:
            raise self._error
        return self._results[0]

    def close(self) -> None:
        """When it is over."""
        for descriptor in (self._cancelled, self._cancels, self.over, self._ends):
            os.close(descriptor)

    def _do(self) -> None:
        if not self._guard.acquire(blocking=False):
            return
        try:
            self._results.append(self._work(self))
        except BaseException as error:  # all: whoever waits raises it
            self._error = error
        self.is_over = True
        os.write(self._ends, b"!")


__all__ = ["Cancel", "Cancelled", "apart"]
