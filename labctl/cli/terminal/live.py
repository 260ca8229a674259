"""The live view: a thread that draws what goes on below what was already said, on a terminal."""

from __future__ import annotations

import os
import threading
import time

from labctl.cli.terminal.device import Device, write
from labctl.report.frame import View, cells
from labctl.runner.events import Event

_AT_LEAST_S = 0.03
_AT_MOST_S = 0.1
"""Between one drawing and the next."""


class Live(Device):
    """A device whose last lines change. Use as a context; at the end the view is wiped away."""

    def __init__(self, scenarios: int | None) -> None:
        super().__init__()
        self.view = View(scenarios, self.progress_look)
        self._drawn: list[str] = []
        self._changed = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw_again_and_again, name="live view", daemon=True)

    def __enter__(self) -> Live:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._changed.set()
        self._thread.join()
        with self.lock:
            self._wipe()

    def take(self, event: Event) -> None:
        """Show it soon."""
        with self.lock:
            self.view.take(event, time.monotonic())
        self._changed.set()

    def result(self, text: str) -> None:
        with self.lock:
            self._wipe()
            super().result(text)
        self._changed.set()

    def progress(self, text: str) -> None:
        with self.lock:
            self._wipe()
            super().progress(text)
        self._changed.set()

    def _draw_again_and_again(self) -> None:
        while not self._over.wait(_AT_LEAST_S):
            self._changed.clear()
            with self.lock:
                self._draw()
            self._changed.wait(_AT_MOST_S)

    def _draw(self) -> None:
        width, height = self._size()
        lines = self.view.lines(time.monotonic(), width=width - 1, height=height - 1)
        text = self._way_back(width) + "".join(f"{line}\x1b[K\n" for line in lines) + "\x1b[J"
        if lines or self._drawn:
            write(self.doings, text)
        self._drawn = lines

    def _wipe(self) -> None:
        if self._drawn:
            write(self.doings, self._way_back(self._size()[0]) + "\x1b[J")
            self._drawn = []

    def _way_back(self, width: int) -> str:
        """To the view's first line. Where the terminal got narrower since, its lines take several rows each."""
        rows = sum(max(1, -(-_cells(line) // width)) for line in self._drawn)
        return f"\r\x1b[{rows}A" if rows else ""

    def _size(self) -> tuple[int, int]:
        return size_of(self)


def size_of(device: Device) -> tuple[int, int]:
    """Columns and lines of the terminal that progress goes to."""
    try:
        size = os.get_terminal_size(device.doings.fileno())
    except (OSError, ValueError):
        return 80, 24
    return max(size.columns or 80, 2), max(size.lines or 24, 2)


def _cells(line: str) -> int:
    """The cells of a line with colours in it."""
    visible = "".join(piece.partition("m")[2] if number else piece for number, piece in enumerate(line.split("\x1b[")))
    return cells(visible)
