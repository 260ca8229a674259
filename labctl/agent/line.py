"""The agent's end of the channel: frames out without ever waiting, frames in as they come."""

from __future__ import annotations

import os
from collections.abc import Callable

from labctl.agent.frames import Decoder, Header, encode
from labctl.agent.loop import Loop

_FULL = 1024 * 1024


class Line:
    """Reads from one descriptor and writes to another (they may be the same)."""

    def __init__(
        self,
        loop: Loop,
        come: int,
        go: int,
        *,
        on_frame: Callable[[Header, bytes], None],
        on_empty: Callable[[], None],
    ) -> None:
        self._loop, self._come, self._go = loop, come, go
        self._on_frame, self._on_empty = on_frame, on_empty
        self._out = bytearray()
        self._decoder = Decoder()
        os.set_blocking(come, False)
        os.set_blocking(go, False)
        loop.on_readable(come, self._read)

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be sent that nothing more should be read from programs."""
        return len(self._out) > _FULL

    def say(self, header: Header, body: bytes = b"") -> None:
        """Send a frame, now or as soon as the other end takes it."""
        self._out += encode(header, body)
        self._write()

    def flush(self) -> None:
        """Send what waits, however long the other end takes; for a last word."""
        os.set_blocking(self._go, True)
        while self._out:
            try:
                del self._out[: os.write(self._go, self._out[:65536])]
            except OSError:
                return

    def _write(self) -> None:
        while self._out:
            try:
                written = os.write(self._go, self._out[:65536])
            except BlockingIOError:
                self._loop.on_writable(self._go, self._write)
                return
            except OSError:  # labctl is gone: the read end says so too, and ends the agent
                self._out.clear()
                break
            del self._out[:written]
        self._loop.on_writable(self._go, None)
        self._on_empty()

    def _read(self) -> None:
        try:
            data = os.read(self._come, 65536)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._loop.stop()
            return
        for header, body in self._decoder.feed(data):
            self._on_frame(header, body)
