"""What `client HOST PORT` promises to whoever runs it, and to the server."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import socket
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.images.conftest import PROGRAMS
from tests.unit.images.running import DEADLINE_S, Launch, Program, said

PROMPT = b"Please enter the message: "


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A server's listening socket, on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.settimeout(DEADLINE_S)
        yield opened


def port_of(listening: socket.socket) -> list[str]:
    """Where to connect to, as arguments."""
    host, port = listening.getsockname()
    return [host, str(port)]


@pytest.fixture
def client(launch: Launch, listening: socket.socket) -> Program:
    """A client of that server."""
    return launch("client", *port_of(listening))


@pytest.fixture
def accepted(client: Program, listening: socket.socket) -> Iterator[socket.socket]:
    """The server's end of the client's connection."""
    connection, _ = listening.accept()
    connection.settimeout(DEADLINE_S)
    with connection:
        yield connection


def typed(client: Program, text: bytes) -> None:
    assert client.stdin is not None
    client.stdin.write(text)
    client.stdin.flush()


def wait_until_it_has_read(client: Program) -> None:
    """Until the pipe that is its input holds nothing that it could still read."""
    assert client.stdin is not None
    deadline = time.monotonic() + DEADLINE_S
    while struct.unpack("i", fcntl.ioctl(client.stdin, termios.FIONREAD, bytes(4)))[0]:
        assert time.monotonic() < deadline, "the client does not read its input"
        with contextlib.suppress(subprocess.TimeoutExpired):
            client.wait(timeout=0.01)


def sent(client: Program, accepted: socket.socket) -> bytes:
    """All that the client has sent when it ends, after it was answered."""
    first = accepted.recv(4096)
    accepted.sendall(b"thank you")
    said(client)
    with accepted.makefile("rb") as stream:
        return first + stream.read()


def test_it_asks_before_it_reads(client: Program, accepted: socket.socket) -> None:
    """The question is there while the client waits for a line, though no newline ends it."""
    assert client.stdout is not None
    assert os.read(client.stdout.fileno(), 4096) == PROMPT


def test_it_sends_one_line_without_its_newline(client: Program, accepted: socket.socket) -> None:
    """The server gets the same bytes from a keyboard as from a pipe without a newline; later lines stay here."""
    typed(client, b"hello\nand more\n")
    assert sent(client, accepted) == b"hello"


def test_it_shows_the_answer_and_ends_well(client: Program, accepted: socket.socket) -> None:
    """The answer ends its line, after the question."""
    accepted.sendall(b"I got your message")
    assert said(client, b"hello") == (PROMPT + b"I got your message\n", b"", 0)


def test_at_most_255_bytes_are_sent(client: Program, accepted: socket.socket) -> None:
    """A longer line is cut."""
    typed(client, b"x" * 300 + b"\n")
    assert sent(client, accepted) == b"x" * 255


def test_a_line_may_come_in_pieces(client: Program, accepted: socket.socket) -> None:
    """It is sent when it is whole, not when its first bytes are there."""
    typed(client, b"hel")
    wait_until_it_has_read(client)
    typed(client, b"lo\n")
    assert sent(client, accepted) == b"hello"


def test_a_message_is_bytes(client: Program, accepted: socket.socket) -> None:
    """What is no text in any encoding is sent as it is."""
    typed(client, b"\xff\x00\xfe\n")
    assert sent(client, accepted) == b"\xff\x00\xfe"


def test_an_answer_is_bytes(client: Program, accepted: socket.socket) -> None:
    """What is no text in any encoding is shown as it came."""
    accepted.sendall(b"\xff\x00\xfe")
    assert said(client, b"hello")[0] == PROMPT + b"\xff\x00\xfe\n"


def test_the_zero_that_ends_a_text_in_c_is_not_shown(client: Program, accepted: socket.socket) -> None:
    """A server that writes one byte more than its text, as the tutorial's does, is shown like ours."""
    accepted.sendall(b"I got your message\0")
    assert said(client, b"hello")[0] == PROMPT + b"I got your message\n"


def test_a_line_can_be_typed_in_a_terminal(launch: Launch, listening: socket.socket) -> None:
    """With a terminal for input and output, Enter sends the line and the answer comes on the next one."""
    keyboard, terminal = pty.openpty()
    try:
        client = launch("client", *port_of(listening), stdin=terminal, stdout=terminal)
        with listening.accept()[0] as accepted:
            assert os.read(keyboard, 4096) == PROMPT
            os.write(keyboard, b"hello\n")
            assert sent(client, accepted) == b"hello"
        assert os.read(keyboard, 4096) == b"hello\r\nthank you\r\n"
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize("nothing", [b"", b"\n", b"\nand more\n"])
def test_without_a_message_it_gives_up(client: Program, accepted: socket.socket, nothing: bytes) -> None:
    """A stream can't carry an empty message; it says so rather than wait with the server for ever."""
    assert said(client, nothing) == (PROMPT, b"ERROR, no message\n", 1)
    assert accepted.recv(255) == b""


def test_a_server_that_leaves_without_an_answer_is_an_error(client: Program, accepted: socket.socket) -> None:
    """An end of the stream where an answer should be is said in one line."""
    accepted.shutdown(socket.SHUT_WR)
    assert said(client, b"hello") == (
        PROMPT,
        b"ERROR reading from socket: Connection closed by the server\n",
        1,
    )


def test_a_reset_by_the_server_is_an_error(client: Program, accepted: socket.socket) -> None:
    """The system's reason is given, and no traceback."""
    typed(client, b"hello\n")
    assert accepted.recv(255)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
    accepted.close()
    assert said(client) == (PROMPT, b"ERROR reading from socket: Connection reset by peer\n", 1)


def test_a_connection_that_is_gone_before_the_message_is_an_error(client: Program, accepted: socket.socket) -> None:
    """Whoever comes too late for a server with one connection is told when writing."""
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close() resets
    accepted.close()
    assert said(client, b"hello") == (
        PROMPT,
        b"ERROR writing to socket: Connection reset by peer\n",
        1,
    )


@pytest.fixture
def connect(launch: Launch, listening: socket.socket) -> Iterator[Callable[..., tuple[Program, socket.socket]]]:
    """Start a client with options; it, and the server's end of its connection."""
    with contextlib.ExitStack() as undo:

        def start(*options: str) -> tuple[Program, socket.socket]:
            client = launch("client", *options, *port_of(listening))
            connection = undo.enter_context(listening.accept()[0])
            connection.settimeout(DEADLINE_S)
            return client, connection

        yield start


Connect = Callable[..., tuple[Program, socket.socket]]


@pytest.mark.parametrize(
    ("option", "message"), [("--size=12", b"123456789012"), ("--size=1", b"1"), ("--count=3", b"123")]
)
def test_with_size_or_count_it_does_not_ask(connect: Connect, option: str, message: bytes) -> None:
    """So many bytes by which one sees where they were cut, or numbers."""
    client, accepted = connect(option)
    assert sent(client, accepted) == message
    assert said(client, None) == (b"thank you\n", b"", 0)


def test_with_half_close_the_server_has_the_end_before_it_answers(connect: Connect) -> None:
    """And its answer is read all the same."""
    client, accepted = connect("--half-close", "--size", "5")
    with accepted.makefile("rb") as stream:
        assert stream.read() == b"12345"
    accepted.sendall(b"thank you")
    assert said(client) == (b"thank you\n", b"", 0)


def test_with_linger_it_shows_all_and_closes_after_the_server(connect: Connect) -> None:
    """Not before it has read the end of the stream."""
    client, accepted = connect("--linger", "--size", "5")
    assert accepted.recv(255) == b"12345"
    accepted.sendall(b"thank you")
    assert client.stdout is not None
    assert client.stdout.readline() == b"thank you\n"
    accepted.sendall(b"and good bye")
    assert client.stdout.readline() == b"and good bye\n"
    assert client.poll() is None
    accepted.shutdown(socket.SHUT_WR)
    assert accepted.recv(255) == b""
    assert client.wait(DEADLINE_S) == 0


@pytest.mark.parametrize("options", [["--size", "0"], ["--count", "no"], ["--size", "1", "--count", "1"]])
def test_options_that_make_no_sense_are_refused(launch: Launch, options: list[str]) -> None:
    """Before anybody is called."""
    stdout, stderr, status = said(launch("client", *options, "nosuchhost.invalid", "51717"))
    assert (stdout, status) == (b"", 2)
    assert stderr.startswith(b"usage: client")


NAMESPACE = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
NO_NAMESPACE = subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode != 0


@pytest.mark.skipif(NO_NAMESPACE, reason="this machine lets nobody make a network namespace")
def test_of_several_addresses_it_says_which_it_took_or_why_none(launch: Launch, tmp_path: Path, free_port: int) -> None:
    """Where nobody listens each address has its reason; then one after the other is tried."""
    (tmp_path / "hosts").write_text("127.0.0.1 both\n127.0.0.2 both\n")
    up = f"ip link set lo up && mount --bind {tmp_path}/hosts /etc/hosts"
    server = f"{PROGRAMS}/server --address 127.0.0.2 {free_port}"
    client = f"{PROGRAMS}/client --size 1 both {free_port}"
    listens = f"until ss -Hltn | grep -q {free_port}; do :; done"
    whole = f"{up} && {{ {client}; {server} & {listens}; {client}; wait; }}"
    stdout, stderr, status = said(launch("client", within=[*NAMESPACE, "sh", "-c", whole]))
    assert sorted(stdout.splitlines()) == [
        b"Connected to 127.0.0.2",
        b"Here is the message: 1",
        b"I got your message",
    ]
    assert sorted(stderr.removeprefix(b"ERROR connecting: ").strip().split(b", ")) == [
        b"127.0.0.1: Connection refused",
        b"127.0.0.2: Connection refused",
    ]
    assert status == 0


def test_an_interrupt_ends_it_in_silence(client: Program, accepted: socket.socket) -> None:
    """Ctrl-C ends it by the signal, as it ends a program in C: no traceback."""
    assert client.stdout is not None
    assert os.read(client.stdout.fileno(), 4096) == PROMPT  # it now waits for a line
    client.send_signal(signal.SIGINT)
    assert said(client) == (b"", b"", -signal.SIGINT)


def test_nobody_listening_is_said_in_the_systems_words(launch: Launch, free_port: int) -> None:
    """It does not even ask for a message."""
    refused = launch("client", "127.0.0.1", str(free_port))
    assert said(refused) == (b"", b"ERROR connecting: Connection refused\n", 1)


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "", "no..such", "x" * 64 + ".invalid", b"\xff"])
def test_a_host_that_cannot_be_found_is_said_so(launch: Launch, host: str | bytes) -> None:
    """The tutorial's words, for a name that nobody knows and for one that nobody could have."""
    assert said(launch("client", host, "51717")) == (b"", b"ERROR, no such host\n", 1)


@pytest.mark.parametrize("arguments", [[], ["cheerios"]])
def test_too_few_arguments_get_a_usage_line(launch: Launch, arguments: list[str]) -> None:
    """One line on stderr, and status 1."""
    assert said(launch("client", *arguments)) == (b"", b"usage: client HOST PORT\n", 1)


@pytest.mark.parametrize("port", ["http", "", "-1", "0", "65536", "5_1717", " 51717", "9" * 5000, b"\xff"])
def test_a_port_that_cannot_be_is_refused_with_a_reason(launch: Launch, port: str | bytes) -> None:
    """One line that names what was given and what is expected; nothing is looked up."""
    stdout, stderr, status = said(launch("client", "nosuchhost.invalid", port))
    assert (stdout, status) == (b"", 1)
    assert stderr.startswith(b"ERROR, no such port: ")
    assert stderr.endswith(b" is not a number from 1 to 65535\n")
