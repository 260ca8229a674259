"""Whatever the Docker SDK hands out for an attached stream -> a plain socket that selects and peeks."""

from __future__ import annotations

import os
import socket
import threading
from contextlib import suppress
from typing import Any, Protocol

_PIECE = 64 * 1024


class Stream(Protocol):
    """What a TLS socket and an SSH channel have in common with a socket."""

    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...
    def shutdown(self, how: int, /) -> None: ...
    def close(self) -> None: ...


def plain_socket(handed_out: Any) -> socket.socket:  # Any: the SDK says "socket-like", and means four types
    """The stream as a socket of our own. What the SDK read too far is not lost (docker-py issue 3332)."""
    inner = getattr(handed_out, "_sock", handed_out)
    if type(inner) is not socket.socket:
        return bridged(inner, b"")
    inner.settimeout(0)
    response = getattr(handed_out, "_response", None)
    reader = response.raw._fp.fp if response is not None else None
    read_too_far: bytes = (reader.peek() or b"") if reader is not None else b""
    own = socket.socket(fileno=os.dup(inner.fileno()))
    own.settimeout(None)
    return bridged(own, read_too_far) if read_too_far else own


def bridged(stream: Stream, first: bytes) -> socket.socket:
    """A socket whose bytes go to the stream and come from it, after `first`. Two threads carry them."""
    ours, theirs = socket.socketpair()

    def carry_in() -> None:
        with suppress(OSError):
            data = first
            while data or (data := stream.recv(_PIECE)):
                theirs.sendall(data)
                data = b""
        _end(theirs)

    def carry_out() -> None:
        with suppress(OSError):
            while data := theirs.recv(_PIECE):
                stream.sendall(data)
        _end(stream)

    for carry in (carry_in, carry_out):
        threading.Thread(target=carry, daemon=True).start()
    return ours


def _end(stream: Stream) -> None:
    """Close it, and wake the other thread, which may wait in it: closing alone would not."""
    with suppress(OSError):
        stream.shutdown(socket.SHUT_RDWR)
    stream.close()
