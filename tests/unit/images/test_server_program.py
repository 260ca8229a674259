"""What `server PORT` promises to whoever runs it, and to whoever connects."""

from __future__ import annotations

import select
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program, said


def listeners(of: int | None = None) -> set[tuple[str, int]]:
    """(address as the kernel writes it, port) of each TCP socket that listens where process `of` lives."""
    tables = [Path(f"/proc/{of or 'self'}/net/{name}") for name in ("tcp", "tcp6")]
    rows = [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]
    places = [row[1].rsplit(":", 1) for row in rows if row[3] == "0A"]
    return {(address, int(port, 16)) for address, port in places}


def wait_until_it_listens(server: Program, port: int) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while port not in {listening for _, listening in listeners(server.pid)}:
        assert time.monotonic() < deadline, f"nothing listens on {port}"
        try:
            server.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the server has ended: {server.communicate()}")


@pytest.fixture
def server(launch: Launch, free_port: int) -> Program:
    """A server that listens on `free_port`."""
    started = launch("server", str(free_port))
    wait_until_it_listens(started, free_port)
    return started


@pytest.fixture
def connection(server: Program, free_port: int) -> Iterator[socket.socket]:
    """A client's end of a connection to `server`."""
    with socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE_S) as connected:
        yield connected


def test_the_client_gets_an_answer_and_then_the_end(connection: socket.socket) -> None:
    """The answer is `I got your message`, to the letter, and the server closes after it."""
    connection.sendall(b"hello")
    with connection.makefile("rb") as stream:
        assert stream.read() == b"I got your message"


def test_it_shows_the_message_and_ends_well(server: Program, connection: socket.socket) -> None:
    """The message is on a line of its own, and is all that is printed."""
    connection.sendall(b"hello")
    assert said(server) == (b"Here is the message: hello\n", b"", 0)


def test_the_message_is_shown_before_it_is_answered(server: Program, connection: socket.socket) -> None:
    """Whoever has the answer can rely on finding the message in the server's output."""
    connection.sendall(b"hello")
    assert connection.recv(255)
    assert server.stdout is not None
    readable, _, _ = select.select([server.stdout], [], [], 0)
    assert readable == [server.stdout]


def test_it_serves_one_connection(server: Program, connection: socket.socket, free_port: int) -> None:
    """After the first client nobody listens any more."""
    connection.sendall(b"hello")
    said(server)
    assert free_port not in {port for _, port in listeners()}


def test_a_newline_at_the_end_of_the_message_is_not_shown_twice(server: Program, connection: socket.socket) -> None:
    """Clients that send their line with its end, as nc and telnet do, are shown like the others."""
    connection.sendall(b"hello\r\n")
    assert said(server)[0] == b"Here is the message: hello\n"


def test_at_most_255_bytes_are_read(server: Program, connection: socket.socket) -> None:
    """What a client writes beyond the buffer is not read, and harms nobody."""
    connection.sendall(b"x" * 300)
    assert said(server) == (b"Here is the message: " + b"x" * 255 + b"\n", b"", 0)


def test_a_message_is_bytes(server: Program, connection: socket.socket) -> None:
    """What is no text in any encoding is shown as it came."""
    connection.sendall(b"\xff\x00\xfe")
    assert said(server)[0] == b"Here is the message: \xff\x00\xfe\n"


def test_a_client_that_leaves_without_a_message_is_an_error(server: Program, connection: socket.socket) -> None:
    """An end of the stream where a message should be is said in one line."""
    connection.close()
    assert said(server) == (b"", b"ERROR reading from socket: Connection closed by the client\n", 1)


def test_a_reset_by_the_client_is_an_error(server: Program, connection: socket.socket) -> None:
    """The system's reason is given, and no traceback."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
    connection.close()
    assert said(server) == (b"", b"ERROR reading from socket: Connection reset by peer\n", 1)


def test_an_interrupt_ends_it_in_silence(server: Program) -> None:
    """Ctrl-C ends it by the signal, as it ends a program in C: no traceback."""
    server.send_signal(signal.SIGINT)
    assert said(server) == (b"", b"", -signal.SIGINT)


def test_without_a_port_it_says_so(launch: Launch) -> None:
    """The tutorial's words, on stderr, and status 1."""
    assert said(launch("server")) == (b"", b"ERROR, no port provided\n", 1)


@pytest.mark.parametrize("port", ["http", "", "-1", "65536", "5_1717", " 51717", "9" * 5000, b"\xff"])
def test_a_port_that_cannot_be_is_refused_with_a_reason(launch: Launch, port: str | bytes) -> None:
    """One line that names what was given and what is expected."""
    stdout, stderr, status = said(launch("server", port))
    assert (stdout, status) == (b"", 1)
    assert stderr.startswith(b"ERROR, no such port: ")
    assert stderr.endswith(b" is not a number from 1 to 65535\n")


def test_a_port_that_somebody_else_has_is_refused(launch: Launch, server: Program, free_port: int) -> None:
    """A second server on the same port ends with the system's reason; the first is not disturbed."""
    second = launch("server", str(free_port))
    assert said(second) == (b"", b"ERROR on binding: Address already in use\n", 1)
    assert server.poll() is None


def test_port_0_is_any_that_is_free_and_said(launch: Launch) -> None:
    """Nobody else could know which."""
    server = launch("server", "0")
    assert server.stdout is not None
    words = server.stdout.readline().split()
    assert words[:-1] == [b"Listening", b"on", b"port"]
    assert int(words[-1]) in {port for _, port in listeners(server.pid)}


def test_with_address_it_listens_there_alone(launch: Launch, free_port: int) -> None:
    """Others may have the same port at other addresses."""
    server = launch("server", "--address", "127.0.0.2", str(free_port))
    wait_until_it_listens(server, free_port)
    assert listeners(server.pid) >= {("0200007F", free_port)}
    wait_until_it_listens(launch("server", "--address", "127.0.0.3", str(free_port)), free_port)


def test_an_address_that_is_nobodys_is_said_so(launch: Launch, free_port: int) -> None:
    """A name that can't be found, and an address that is another host's."""
    assert said(launch("server", "--address", "nosuchhost.invalid", str(free_port)))[1:] == (
        b"ERROR, no such host\n",
        1,
    )
    elsewhere = launch("server", "--address", "192.0.2.1", str(free_port))
    assert said(elsewhere)[1:] == (b"ERROR on binding: Cannot assign requested address\n", 1)


@pytest.mark.parametrize(("options", "reuses"), [([], 0), (["--reuse"], 1)])
def test_only_with_reuse_it_sets_so_reuseaddr(launch: Launch, free_port: int, options: list[str], reuses: int) -> None:
    """Seen from inside: whoever binds beside it while it doesn't listen may do so only if both have set it."""
    server = launch("server", *options, str(free_port))
    wait_until_it_listens(server, free_port)
    with socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE_S) as connection:
        connection.sendall(b"hello")
        assert connection.recv(255)
        assert connection.recv(255) == b""  # it has closed first: TIME_WAIT, once we have closed as well
    said(server)
    again = launch("server", *options, str(free_port))
    if reuses:
        wait_until_it_listens(again, free_port)
    else:
        assert said(again)[1:] == (b"ERROR on binding: Address already in use\n", 1)


def test_with_buffer_and_linger_it_shows_every_read_until_the_client_closes(launch: Launch, free_port: int) -> None:
    """Answered is the first."""
    server = launch("server", "--linger", "--buffer", "4", str(free_port))
    wait_until_it_listens(server, free_port)
    with socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE_S) as connection:
        connection.sendall(b"one")
        assert connection.recv(255) == b"I got your message"
        connection.sendall(b"123456")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(255) == b""
    pieces, _, status = said(server)
    assert pieces.replace(b"\nHere is the message: ", b"|") == b"Here is the message: one|1234|56\n"
    assert status == 0


@pytest.mark.parametrize("size", ["0", "-1", "many"])
def test_a_buffer_that_holds_nothing_is_refused(launch: Launch, size: str) -> None:
    """As an option's value that makes no sense: usage, and status 2."""
    stdout, stderr, status = said(launch("server", f"--buffer={size}", "51717"))
    assert (stdout, status) == (b"", 2)
    assert stderr.endswith(f"{size!r} is not a number of bytes\n".encode())


def test_with_zero_the_answer_has_one_byte_more(launch: Launch, free_port: int) -> None:
    """The one that ends a text in C."""
    wait_until_it_listens(launch("server", "--zero", str(free_port)), free_port)
    with socket.create_connection(("127.0.0.1", free_port), timeout=DEADLINE_S) as connection:
        connection.sendall(b"hello")
        with connection.makefile("rb") as stream:
            assert stream.read() == b"I got your message\0"


def test_without_htons_the_ports_bytes_are_taken_as_they_lie(launch: Launch, free_port: int) -> None:
    """On a machine that puts the low byte first they are swapped."""
    port = socket.htons(free_port)
    if port < 1024:
        pytest.skip("that port takes a privilege")
    wait_until_it_listens(launch("server", "--no-htons", str(free_port)), port)


NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]
NO_NAMESPACE = subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode != 0


@pytest.mark.skipif(NO_NAMESPACE, reason="this machine lets nobody make a network namespace")
@pytest.mark.parametrize(
    ("addresses", "any_address"),
    [
        (["192.0.2.1/24"], "0" * 8),
        (["192.0.2.1/24", "fe80::1/64"], "0" * 8),
        (["2001:db8::1/64"], "0" * 32),
        (["192.0.2.1/24", "2001:db8::1/64"], "0" * 32),
    ],
)
def test_it_listens_where_its_host_can_be_reached(
    launch: Launch, free_port: int, addresses: list[str], any_address: str
) -> None:
    """On any IPv4 address; on any address at all where the host has an IPv6 address that others can reach."""
    lines = ["ip link set lo up", *(f"ip address add {address} dev lo" for address in addresses)]
    set_up = " && ".join([*lines, 'exec "$@"'])
    server = launch("server", str(free_port), within=[*NAMESPACE, "sh", "-c", set_up, "sh"])
    wait_until_it_listens(server, free_port)
    assert listeners(server.pid) == {(any_address, free_port)}
