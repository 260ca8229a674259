"""Work that holds something -> the same on a thread of its own: an interrupt can not come into its middle."""

from __future__ import annotations

import _thread
import os
import select
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from labctl.hosts.conversation import Cancel, Cancelled
from labctl.runner.waking import Waking, waking

T = TypeVar("T")


def apart(work: Callable[[Cancel], T]) -> T:
    """Do it, and wait for it; what it raises is raised here.

    What interrupts the waiting makes the Cancel readable, and goes through when the work is over.
    """
    with waking() as awake:
        return _apart(work, awake)


def _apart(work: Callable[[Cancel], T], awake: Waking) -> T:
    task = _Task(work)
    failure: BaseException | None = None
    while not task.is_over:
        try:
            if failure is not None:
                task.cancel()
            task.begin()
            awake.wait(task.over)
        except BaseException as error:  # an interrupt, or no thread could be had: it is raised when all is over
            failure = failure or error
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
        self._has_begun = self.is_over = False

    def begin(self) -> None:
        """On a thread. Whoever isn't sure that this has begun may begin it again."""
        if self._has_begun:
            return
        try:
            _thread.start_new_thread(self._do, ())
        except RuntimeError:
            self.is_over = True
            raise
        self._has_begun = True

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
        os.write(self._ends, b"!")
        self.is_over = True


__all__ = ["Cancel", "Cancelled", "apart"]
