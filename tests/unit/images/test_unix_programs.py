"""What `server-unix PATH` and `client-unix PATH` promise to whoever runs them, and to each other."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program, said

LONGEST_PATH = 107  # bytes (unix(7))
PROMPT = b"Please enter the message: "


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's socket is to be."""
    return tmp_path / "socket"


def wait_until_it_listens(server: Program, path: Path | str) -> None:
    """Until a socket that listens has this path, or this abstract name with its @."""
    deadline = time.monotonic() + DEADLINE_S
    while str(path) not in listening_paths():
        assert time.monotonic() < deadline, f"nothing listens at {path}"
        try:
            server.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the server has ended: {server.communicate()}")


def listening_paths() -> set[str]:
    """The paths in the kernel's table of sockets that accept connections (__SO_ACCEPTCON)."""
    rows = [line.split(None, 7) for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return {row[7] for row in rows if len(row) > 7 and row[3] == "00010000"}


@pytest.fixture
def server(launch: Launch, path: Path) -> Program:
    """A server that listens at `path`."""
    started = launch("server-unix", str(path))
    wait_until_it_listens(started, path)
    return started


@pytest.fixture
def connection(server: Program, path: Path) -> Iterator[socket.socket]:
    """A client's end of a connection to `server`."""
    with socket.socket(socket.AF_UNIX) as connected:
        connected.settimeout(DEADLINE_S)
        connected.connect(str(path))
        yield connected


def test_the_pair_exchanges_a_message_and_an_answer(launch: Launch, server: Program, path: Path) -> None:
    """In the same words as the pair of the Internet domain."""
    client = launch("client-unix", str(path))
    assert said(client, b"hello\n") == (PROMPT + b"I got your message\n", b"", 0)
    assert said(server) == (b"Here is the message: hello\n", b"", 0)


def test_the_server_removes_its_file_when_it_ends(server: Program, connection: socket.socket, path: Path) -> None:
    """So that the next one can bind there."""
    connection.sendall(b"hello")
    said(server)
    assert not path.exists()


def test_the_server_removes_its_file_after_an_error_too(server: Program, connection: socket.socket, path: Path) -> None:
    """A client that leaves without a message is an error, which is said in one line."""
    connection.close()
    assert said(server) == (b"", b"ERROR reading from socket: Connection closed by the client\n", 1)
    assert not path.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_killed_server_leaves_its_file(server: Program, path: Path, number: signal.Signals) -> None:
    """Any signal ends it at once and in silence, as a program in C."""
    server.send_signal(number)
    assert said(server) == (b"", b"", -number)
    assert path.is_socket()


def test_a_stale_file_is_in_the_way(launch: Launch, server: Program, path: Path) -> None:
    """The server doesn't remove what it has not made; a client finds nobody there."""
    server.kill()
    said(server)
    assert said(launch("server-unix", str(path))) == (b"", b"ERROR on binding: Address already in use\n", 1)
    assert path.is_socket()
    assert said(launch("client-unix", str(path))) == (b"", b"ERROR connecting: Connection refused\n", 1)


def test_a_file_that_took_the_place_of_the_servers_stays(
    server: Program, connection: socket.socket, path: Path
) -> None:
    """Somebody has removed the server's file and put something else there."""
    path.unlink()
    path.write_text("mine")
    connection.sendall(b"hello")
    assert said(server)[2] == 0
    assert path.read_text() == "mine"


def test_a_server_whose_file_was_removed_ends_well(server: Program, connection: socket.socket, path: Path) -> None:
    """There is nothing left to remove."""
    path.unlink()
    connection.sendall(b"hello")
    assert said(server) == (b"Here is the message: hello\n", b"", 0)


def test_a_file_that_cannot_be_removed_is_told(server: Program, connection: socket.socket, path: Path) -> None:
    """The system's reason, and no traceback."""
    path.unlink()
    path.parent.rmdir()
    path.parent.write_text("no folder any more")
    connection.sendall(b"hello")
    assert said(server)[1:] == (f"ERROR removing {path}: Not a directory\n".encode(), 1)


def test_an_abstract_name_is_no_file(launch: Launch, tmp_path: Path) -> None:
    """It is written with an @, and gone with its socket."""
    name = f"@labctl-test-{os.getpid()}"
    server = launch("server-unix", name)
    wait_until_it_listens(server, name)
    client = launch("client-unix", name)
    assert said(client, b"hello\n") == (PROMPT + b"I got your message\n", b"", 0)
    assert said(server)[2] == 0
    assert not Path(name).exists()


@pytest.mark.parametrize(("program", "doing"), [("server-unix", b"on binding"), ("client-unix", b"connecting")])
def test_a_path_that_is_too_long_is_refused_with_the_limit(
    launch: Launch, tmp_path: Path, program: str, doing: bytes
) -> None:
    """It isn't cut off, as strncpy in a program in C would."""
    path = tmp_path / ("x" * LONGEST_PATH)
    assert said(launch(program, str(path))) == (
        b"",
        b"ERROR %s: AF_UNIX path too long: at most %d bytes\n" % (doing, LONGEST_PATH),
        1,
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["server-unix", "client-unix"])
@pytest.mark.parametrize("arguments", [[], [""]])
def test_without_a_path_it_shows_its_usage(launch: Launch, program: str, arguments: list[str]) -> None:
    """An empty path is none."""
    assert said(launch(program, *arguments)) == (b"", f"usage: {program} PATH\n".encode(), 1)


def test_a_client_without_a_server_says_so(launch: Launch, path: Path) -> None:
    """Before it asks for a message."""
    assert said(launch("client-unix", str(path))) == (b"", b"ERROR connecting: No such file or directory\n", 1)


def test_a_client_has_nothing_to_say_to_a_socket_of_another_kind(launch: Launch, path: Path) -> None:
    """A stream and datagrams don't fit together."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams:
        datagrams.bind(str(path))
        client = launch("client-unix", str(path))
        assert said(client) == (b"", b"ERROR connecting: Protocol wrong type for socket\n", 1)


def test_a_client_without_a_message_says_so(launch: Launch, server: Program, path: Path) -> None:
    """An end of its input before any byte, and an empty line."""
    assert said(launch("client-unix", str(path)), b"\n") == (PROMPT, b"ERROR, no message\n", 1)
