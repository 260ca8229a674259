"""Attached stream -> what the agent wrote."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labctl.engine.docker.channel import STDERR, STDOUT, BadStream, Demultiplexer, DockerChannel


def piece(kind: int, data: bytes) -> bytes:
    return struct.pack("!BxxxI", kind, len(data)) + data


@pytest.fixture
def ends() -> Iterator[tuple[DockerChannel, socket.socket]]:
    ours, daemons = socket.socketpair()
    channel = DockerChannel(ours)
    yield channel, daemons
    channel.close()
    daemons.close()


@given(
    pieces=st.lists(st.tuples(st.sampled_from([STDOUT, STDERR]), st.binary(max_size=40))),
    cuts=st.lists(st.integers(min_value=1, max_value=30)),
)
def test_however_the_stream_is_cut_the_same_comes_out(pieces: list[tuple[int, bytes]], cuts: list[int]) -> None:
    stream = b"".join(piece(kind, data) for kind, data in pieces)
    demultiplexer, out = Demultiplexer(), b""

    for cut in [*cuts, len(stream)]:
        out += demultiplexer.feed(stream[:cut])
        stream = stream[cut:]

    assert out == b"".join(data for kind, data in pieces if kind == STDOUT)
    assert demultiplexer.stderr == b"".join(data for kind, data in pieces if kind == STDERR)
    assert demultiplexer.is_between_pieces


def test_a_stream_that_is_none_of_dockers_is_refused() -> None:
    with pytest.raises(BadStream):
        Demultiplexer().feed(b"HTTP/1.1 200 OK")


def test_only_the_tail_of_a_long_stderr_is_kept() -> None:
    demultiplexer = Demultiplexer()

    demultiplexer.feed(piece(STDERR, b"x" * 100_000) + piece(STDERR, b"end"))

    assert len(demultiplexer.stderr) == 4096
    assert demultiplexer.stderr.endswith(b"xend")


def test_what_the_agent_writes_is_received(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.sendall(piece(STDERR, b"noise") + piece(STDOUT, b"hello"))

    assert channel.receive() == b"hello"
    assert channel.stderr == "noise"


def test_what_is_sent_arrives_as_it_is(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends

    channel.send(b"frames")

    assert daemon.recv(100) == b"frames"


def test_an_end_between_pieces_is_an_end_and_nothing_more(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.close()

    assert channel.receive() == b""
    assert channel.broken == ""


def test_an_end_within_a_piece_says_so(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.sendall(piece(STDOUT, b"hello")[:-1])
    daemon.close()

    assert channel.receive() == b"hell"
    assert channel.receive() == b""
    assert "broke off" in channel.broken


def test_sending_to_a_host_that_is_gone_is_a_broken_pipe(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.close()

    with pytest.raises(BrokenPipeError):
        channel.send(b"x")


def test_a_silent_host_has_not_spoken(ends: tuple[DockerChannel, socket.socket]) -> None:
    assert not ends[0].has_spoken()


def test_looking_whether_a_host_has_spoken_takes_nothing_away(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.sendall(piece(STDOUT, b"hello"))

    assert channel.has_spoken()
    assert channel.has_spoken()
    assert channel.receive() == b"hello"


def test_complaints_are_no_speech(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.sendall(piece(STDERR, b"no module") + piece(STDERR, b" named labctl")[:-3])

    assert not channel.has_spoken()
    assert channel.stderr == "no module named lab"

    daemon.sendall(b"ctl" + piece(STDOUT, b"hello"))
    assert channel.has_spoken()
    assert channel.stderr == "no module named labctl"


def test_a_host_that_ended_before_it_spoke_is_an_end_of_file(ends: tuple[DockerChannel, socket.socket]) -> None:
    channel, daemon = ends
    daemon.sendall(piece(STDERR, b"killed"))
    daemon.close()

    with pytest.raises(EOFError):
        channel.has_spoken()
    assert channel.stderr == "killed"
