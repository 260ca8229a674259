"""A connected socket -> a channel."""

from __future__ import annotations

import socket


class SocketChannel:
    """A channel over one stream socket."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    def fileno(self) -> int:
        return self._stream.fileno()

    def receive(self) -> bytes:
        try:
            return self._stream.recv(1 << 18)
        except ConnectionError:
            return b""

    def send(self, data: bytes) -> None:
        self._stream.sendall(data)

    def close(self) -> None:
        self._stream.close()
