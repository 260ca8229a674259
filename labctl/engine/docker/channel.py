"""An attached container's stream -> the bytes its agent writes, and the other way.

Docker puts a header of 8 bytes before each piece of output: the stream's number, three zeros, the length
(Engine API, "Attach to a container", stream format).
"""

from __future__ import annotations

import select
import socket
import struct
from contextlib import suppress

STDOUT, STDERR = 1, 2
STALLED_AFTER_S = 30.0
"""A daemon that lets a piece hang half-way, or takes nothing, for so long is taken for gone."""

_HEADER = struct.Struct("!BxxxI")
_PIECE = 256 * 1024
_KEPT = 4096


class BadStream(ConnectionError):
    """What comes from the daemon is no stream of Docker's."""


class Demultiplexer:
    """Pieces of an attached stream in, in any cut; what is the agent's out. Keeps the tail of its stderr."""

    def __init__(self) -> None:
        self._header = b""
        self._kind = 0
        self.missing = 0  # bytes until the next header
        self.stderr = b""

    @property
    def is_between_pieces(self) -> bool:
        """Whether the stream may end here without anything being lost."""
        return not self._header and not self.missing

    def feed(self, data: bytes) -> bytes:
        """Take more bytes and return what the agent wrote. BadStream if this is none of Docker's streams."""
        written = []
        at = 0
        while at < len(data):
            if not self.missing:
                take = _HEADER.size - len(self._header)
                self._header += data[at : at + take]
                at += take
                if len(self._header) == _HEADER.size:
                    self._kind, self.missing = _parsed(self._header)
                    self._header = b""
                continue
            piece = data[at : at + self.missing]
            at += len(piece)
            self.missing -= len(piece)
            if self._kind == STDOUT:
                written.append(piece)
            else:
                self.stderr = (self.stderr + piece)[-_KEPT:]
        return b"".join(written)


class DockerChannel:
    """A channel (labctl.engine.contract) to the first process of a container."""

    def __init__(self, stream: socket.socket) -> None:
        stream.settimeout(STALLED_AFTER_S)
        self._stream = stream
        self._demultiplexer = Demultiplexer()
        self.broken = ""

    def fileno(self) -> int:
        return self._stream.fileno()

    def receive(self) -> bytes:
        """What the agent wrote; b"" at the end, however it came: an agent ends only with its lab.

        `broken` says of an end that Docker did not make cleanly what was wrong with it.
        """
        try:
            while data := self._stream.recv(_PIECE):
                if written := self._demultiplexer.feed(data):
                    return written
            if not self._demultiplexer.is_between_pieces:
                self.broken = "the daemon broke off in the middle of what the host said"
        except OSError as error:
            self.broken = str(error)
        return b""

    def send(self, data: bytes) -> None:
        try:
            self._stream.sendall(data)
        except OSError as error:
            raise BrokenPipeError("the host is gone") from error

    def close(self) -> None:
        """The daemon is told at once: whatever of the SDK's still has the stream open doesn't keep it."""
        with suppress(OSError):  # it is closed, or broken
            self._stream.shutdown(socket.SHUT_RDWR)
        self._stream.close()

    @property
    def stderr(self) -> str:
        """The tail of what the agent wrote to its standard error, as text."""
        return self._demultiplexer.stderr.decode("utf-8", "replace").strip()

    def has_spoken(self) -> bool:
        """Whether something of the agent's can be received now; takes nothing of it away, but reads stderr.

        EOFError when the stream ended before.
        """
        readable = select.poll()  # select() ends at descriptor 1023
        readable.register(self._stream, select.POLLIN)
        while readable.poll(0):
            if self._demultiplexer.missing:
                self._read_stderr(self._demultiplexer.missing)
                continue
            head = self._stream.recv(_HEADER.size, socket.MSG_PEEK)
            if not head:
                raise EOFError
            if len(head) < _HEADER.size:
                return False
            kind, size = _parsed(head)
            if kind == STDOUT:
                return True
            self._read_stderr(_HEADER.size + size)
        return False

    def _read_stderr(self, most: int) -> None:
        data = self._stream.recv(most)
        if not data:
            raise EOFError
        self._demultiplexer.feed(data)


def _parsed(header: bytes) -> tuple[int, int]:
    kind, size = _HEADER.unpack(header)
    if kind not in (STDOUT, STDERR) or header[1:4] != b"\0\0\0":
        raise BadStream(f"{header!r} begins no piece of a container's output")
    return kind, size
