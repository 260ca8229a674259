"""What is being done, in words, again and again -> a live line on a terminal; elsewhere a line for each, and a sign of
life when one lasts.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from types import TracebackType
from typing import Protocol

from labctl.cli.terminal.device import Device, is_terminal, write
from labctl.cli.terminal.live import size_of
from labctl.report.frame import cells, cut
from labctl.report.measures import seconds_in_words
from labctl.scenario.problems import printable

SIGN_OF_LIFE_EVERY_S = 15.0
"""Where nobody draws: CI ends what is silent for long."""
_DRAWN_EVERY_S = 0.1
_LAST_WORDS = 15


class Progress(Protocol):
    """Use as a context, and say within what is being done: `labctl.engine.contract.Say`."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __call__(self, words: str) -> None: ...


def progress_on(device: Device) -> Progress:
    """The one that suits where progress goes."""
    return LiveLine(device) if is_terminal(device.doings, os.environ) else Lines(device)


class _Ticking:
    """Does something again and again, on a thread, while it is a context. Errors of the context go through."""

    def __init__(self, every_s: float) -> None:
        self.lock = threading.RLock()
        self._every_s = every_s
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick_again_and_again, name="progress", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Returns when nothing is done any more."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def tick(self) -> None:
        raise NotImplementedError

    def _tick_again_and_again(self) -> None:
        while not self._over.wait(self._every_s):
            with self.lock:
                self.tick()


class Lines(_Ticking):
    """Each thing once, without control characters; when one lasts, that it does, every SIGN_OF_LIFE_EVERY_S."""

    def __init__(self, device: Device, *, every_s: float = SIGN_OF_LIFE_EVERY_S) -> None:
        super().__init__(every_s / 4)
        self._device, self._silence_s = device, every_s * 3 / 4  # looked at in quarters: never later than every_s
        self._doing = ""
        self._since_s = self._told_s = time.monotonic()
        self._said: set[str] = set()

    def __enter__(self) -> Lines:
        self.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def __call__(self, words: str) -> None:
        """It does this now; said again, nothing happens."""
        with self.lock:
            if words not in self._said:
                self._said.add(words)
                self._device.progress(f"labctl: {printable(words)}")
                self._told_s = time.monotonic()
            self.turn_to(words)

    def turn_to(self, words: str) -> None:
        """It does this now, which is told only if it lasts. Nothing lasts where there are no words."""
        with self.lock:
            if words != self._doing:
                self._doing, self._since_s = words, time.monotonic()

    def told(self) -> None:
        """Somebody else has given a sign of life."""
        self._told_s = time.monotonic()

    def tick(self) -> None:
        """Give one if there was none for long."""
        now_s = time.monotonic()
        if self._doing and now_s - self._told_s >= self._silence_s:
            self._told_s = now_s
            lasts = seconds_in_words(now_s - self._since_s)
            self._device.progress(f"labctl: still at it after {lasts}: {printable(self._doing)}")


class LiveLine(_Ticking):
    """The last thing said and how long it lasts, on one line that is drawn over. On an error, the last things said."""

    def __init__(self, device: Device) -> None:
        super().__init__(_DRAWN_EVERY_S)
        self._device = device
        self._doing = ""
        self._began_s = time.monotonic()
        self._said: deque[str] = deque(maxlen=_LAST_WORDS)

    def __enter__(self) -> LiveLine:
        self.begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        write(self._device.doings, "\r\x1b[K")
        if isinstance(error, Exception):
            for words in self._said:
                self._device.progress(f"labctl: {printable(words)}")

    def __call__(self, words: str) -> None:
        """It does this now."""
        with self.lock:
            if words != self._doing:
                self._doing = words
                self._said.append(words)
            self.tick()

    def tick(self) -> None:
        """Draw it."""
        if not self._doing:
            return
        lasts = f"  {time.monotonic() - self._began_s:.1f} s"
        look = self._device.progress_look
        width = size_of(self._device)[0] - 1
        text = cut(printable(self._doing).replace("\t", " "), max(8, width - len(lasts)), look.mark("cut"))
        shown = text + lasts if cells(text + lasts) <= width else text
        write(self._device.doings, f"\r{shown}\x1b[K")
