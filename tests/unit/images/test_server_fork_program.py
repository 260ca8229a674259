"""What `server-fork PORT` promises: it serves many at the same time, each by a process of its own, and never ends."""

from __future__ import annotations

import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program

MANY = 12


def until(is_so: Callable[[], bool], what: str) -> None:
    """Look again and again until something is so."""
    deadline = time.monotonic() + DEADLINE_S
    while not is_so():
        assert time.monotonic() < deadline, what


def listens(port: int) -> bool:
    """Whether somebody listens at a TCP port of this machine, of either family."""
    tables = [Path(f"/proc/self/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    return any(row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port for row in rows)


def children(server: Program) -> list[str]:
    """The states of its children, as proc(5) writes them: S sleeps, Z is a zombie."""
    states = []
    for pid in Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split():
        with suppress(FileNotFoundError, ProcessLookupError):  # waited for meanwhile
            states.append(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0])
    return states


@pytest.fixture
def serve(launch: Launch, free_port: int) -> Callable[..., Program]:
    """Start the server with options; it listens on `free_port` then."""

    def start(*options: str) -> Program:
        server = launch("server-fork", *options, str(free_port))
        until(lambda: listens(free_port), "nobody listens")
        return server

    return start


def call(port: int) -> socket.socket:
    """A client's end of a new connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE_S)


def test_many_are_served_at_the_same_time_and_no_zombie_stays(serve: Callable[..., Program], free_port: int) -> None:
    """Each by a child of its own; all get their answer; all children are waited for."""
    server = serve()
    with ExitStack() as undo:
        connections = [undo.enter_context(call(free_port)) for _ in range(MANY)]
        until(lambda: len(children(server)) == MANY, "not each has a child")
        for connection in connections:
            connection.sendall(b"hello")
        for connection in connections:
            with connection.makefile("rb") as stream:
                assert stream.read() == b"I got your message"
    until(lambda: children(server) == [], "a child is left")
    assert server.poll() is None
    server.send_signal(signal.SIGTERM)
    stdout, stderr = server.communicate(timeout=DEADLINE_S)
    assert (stdout, stderr) == (b"Here is the message: hello\n" * MANY, b"")


def test_a_client_that_leaves_without_a_message_disturbs_nobody(serve: Callable[..., Program], free_port: int) -> None:
    """Its child says so and ends; the next client is served."""
    server = serve()
    call(free_port).close()
    with call(free_port) as connection:
        connection.sendall(b"hello")
        assert connection.recv(255) == b"I got your message"
    until(lambda: children(server) == [], "a child is left")
    server.send_signal(signal.SIGTERM)
    stderr = server.communicate(timeout=DEADLINE_S)[1]
    assert stderr == b"ERROR reading from socket: Connection closed by the client\n"


@pytest.mark.parametrize(("reap", "zombies"), [("all", 0), ("one", MANY - 1), ("none", MANY)])
def test_how_many_zombies_stay_is_a_matter_of_how_they_are_waited_for(
    serve: Callable[..., Program], free_port: int, reap: str, zombies: int
) -> None:
    """While it is stopped all its children end: one signal for all of them."""
    server = serve("--reap", reap)
    with ExitStack() as undo:
        connections = [undo.enter_context(call(free_port)) for _ in range(MANY)]
        until(lambda: len(children(server)) == MANY, "not each has a child")
        server.send_signal(signal.SIGSTOP)
        for connection in connections:
            connection.sendall(b"hello")
        until(lambda: children(server) == ["Z"] * MANY, "not all have ended")
    server.send_signal(signal.SIGCONT)
    until(lambda: len(children(server)) == zombies, f"not {zombies} zombies")
    with call(free_port) as connection:  # it goes on; what it has not waited for, it has not
        until(lambda: len(children(server)) == zombies + 1, "the next client has no child")


def test_with_keep_open_the_client_never_sees_the_end(serve: Callable[..., Program], free_port: int) -> None:
    """The child has closed and ended, and the parent holds the connection."""
    server = serve("--keep-open")
    with call(free_port) as connection:
        connection.sendall(b"hello")
        assert connection.recv(255) == b"I got your message"
        until(lambda: children(server) == [], "the child is left")
        connection.setblocking(False)
        with pytest.raises(BlockingIOError):
            connection.recv(255)


def test_without_a_port_it_says_so(launch: Launch) -> None:
    """The tutorial's words, on stderr, and status 1."""
    without = launch("server-fork")
    assert without.communicate(timeout=DEADLINE_S) == (b"", b"ERROR, no port provided\n")
    assert without.returncode == 1


def test_a_second_one_on_its_port_is_told(launch: Launch, serve: Callable[..., Program], free_port: int) -> None:
    """And the first goes on."""
    first = serve()
    second = launch("server-fork", str(free_port))
    assert second.communicate(timeout=DEADLINE_S)[1] == b"ERROR on binding: Address already in use\n"
    assert (second.returncode, first.poll()) == (1, None)


def test_an_interrupt_ends_it_in_silence(serve: Callable[..., Program]) -> None:
    """Ctrl-C ends it by the signal, as it ends a program in C: no traceback."""
    server = serve()
    server.send_signal(signal.SIGINT)
    assert server.communicate(timeout=DEADLINE_S) == (b"", b"")
    assert server.returncode == -signal.SIGINT
