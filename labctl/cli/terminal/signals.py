"""SIGINT, SIGTERM and SIGHUP -> one exception in the main thread; what is lent is given back on its way up."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(SystemExit):
    """A signal asked labctl to end. Its code is 128 + the signal's number, as shells reckon."""

    def __init__(self, number: int) -> None:
        self.status = 128 + number
        self.signal = signal.Signals(number).name
        super().__init__(self.status)

    @classmethod
    def by_keyboard(cls) -> Interrupted:
        """What a KeyboardInterrupt means."""
        return cls(signal.SIGINT)


@contextmanager
def ending_on_signals(notice: Callable[[str], None]) -> Iterator[None]:
    """Within, the first of these signals raises Interrupted (SIGINT: KeyboardInterrupt); further ones change nothing.

    `notice` is told the signal's name at once, in the signal's handler. A signal that was ignored when labctl
    began (nohup, a shell's background job) stays so.
    """
    came: list[int] = []

    def take(number: int, frame: FrameType | None) -> None:
        came.append(number)
        if len(came) > 1:
            return
        notice(signal.Signals(number).name)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise Interrupted(number)

    before = {number: signal.getsignal(number) for number in _ENDING}
    try:
        for number in _ENDING:
            if before[number] != signal.SIG_IGN:
                signal.signal(number, take)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
