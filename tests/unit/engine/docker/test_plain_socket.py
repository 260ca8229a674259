"""What the SDK hands out -> a plain socket."""

from __future__ import annotations

import io
import socket
from types import SimpleNamespace

from labctl.engine.docker.plain_socket import plain_socket


class Tunnel:
    """A stream that is no socket, like one of TLS or SSH."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream

    def recv(self, size: int, /) -> bytes:
        return self._stream.recv(size)

    def sendall(self, data: bytes, /) -> None:
        self._stream.sendall(data)

    def shutdown(self, how: int, /) -> None:
        self._stream.shutdown(how)

    def close(self) -> None:
        self._stream.close()


def handed_out(stream: socket.socket, reader: io.BufferedReader) -> SimpleNamespace:
    """As the SDK does for a Unix socket: a file over it, whose HTTP response has a reader of its own."""
    response = SimpleNamespace(raw=SimpleNamespace(_fp=SimpleNamespace(fp=reader)))
    return SimpleNamespace(_sock=stream, _response=response)


def test_a_socket_stays_open_when_the_sdk_lets_go_of_it() -> None:
    theirs, daemons = socket.socketpair()
    ours = plain_socket(handed_out(theirs, theirs.makefile("rb")))
    theirs.close()

    ours.sendall(b"in")
    daemons.sendall(b"out")

    assert (daemons.recv(10), ours.recv(10)) == (b"in", b"out")


def test_what_was_read_with_the_http_answer_is_not_lost() -> None:
    theirs, daemons = socket.socketpair()
    reader = theirs.makefile("rb")
    daemons.sendall(b"HTTP\r\nfirst ")
    assert reader.readline() == b"HTTP\r\n"

    ours = plain_socket(handed_out(theirs, reader))
    daemons.sendall(b"second")

    got = b""
    while len(got) < len(b"first second"):
        got += ours.recv(100)
    assert got == b"first second"


def test_another_kind_of_stream_is_carried_both_ways_to_its_end() -> None:
    tunnel, daemons = socket.socketpair()
    ours = plain_socket(Tunnel(tunnel))

    ours.sendall(b"in")
    assert daemons.recv(10) == b"in"
    daemons.sendall(b"out")
    assert ours.recv(10) == b"out"
    daemons.close()
    assert ours.recv(10) == b""
