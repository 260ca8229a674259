"""What `client-udp HOST PORT` promises to whoever runs it, and to the server."""

from __future__ import annotations

import os
import pty
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program, said

PROMPT = b"Please enter the message: "


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """A server's socket, on a port of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(DEADLINE_S)
        yield opened


def place(server: socket.socket) -> list[str]:
    """Where to send to, as arguments."""
    host, port = server.getsockname()
    return [host, str(port)]


@pytest.fixture
def client(launch: Launch, server: socket.socket) -> Program:
    """A client of that server."""
    return launch("client-udp", *place(server))


def typed(client: Program, text: bytes) -> None:
    """With the end of the input after it."""
    assert client.stdin is not None
    client.stdin.write(text)
    client.stdin.close()
    client.stdin = None


def test_it_asks_before_it_reads(client: Program) -> None:
    """The question is there while the client waits for a line, though no newline ends it."""
    assert client.stdout is not None
    assert os.read(client.stdout.fileno(), 4096) == PROMPT


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"hello\n", b"hello"),
        (b"hello", b"hello"),
        (b"hello\nand more\n", b"hello"),
        (b"\xff\x00\xfe\n", b"\xff\x00\xfe"),
        (b"x" * 300 + b"\n", b"x" * 255),
        (b"\n", b""),
        (b"", b""),
    ],
)
def test_a_line_is_a_datagram(client: Program, server: socket.socket, line: bytes, message: bytes) -> None:
    """Without its newline, as bytes, at most 255 of them; an empty line is an empty datagram."""
    typed(client, line)
    assert server.recv(4096) == message


def test_it_shows_the_answer_and_ends_well(client: Program, server: socket.socket) -> None:
    """The answer ends its line, after the question."""
    typed(client, b"hello\n")
    _, sender = server.recvfrom(4096)
    server.sendto(b"Got your message", sender)
    assert said(client) == (PROMPT + b"Got an ack: Got your message\n", b"", 0)


@pytest.mark.parametrize("answer", [b"thanks\0", b"thanks\r\n", b"thanks"])
def test_the_end_of_a_text_is_not_shown(client: Program, server: socket.socket, answer: bytes) -> None:
    """Neither the zero byte that ends one in C, nor that of a line."""
    typed(client, b"hello\n")
    server.sendto(answer, server.recvfrom(4096)[1])
    assert said(client)[0] == PROMPT + b"Got an ack: thanks\n"


def test_an_empty_answer_is_an_answer(client: Program, server: socket.socket) -> None:
    """A datagram without bytes is not an end."""
    typed(client, b"hello\n")
    server.sendto(b"", server.recvfrom(4096)[1])
    assert said(client) == (PROMPT + b"Got an ack: \n", b"", 0)


def test_a_line_can_be_typed_in_a_terminal(launch: Launch, server: socket.socket) -> None:
    """With a terminal for input and output, Enter sends the line and the answer comes on the next one."""
    keyboard, terminal = pty.openpty()
    try:
        client = launch("client-udp", *place(server), stdin=terminal, stdout=terminal)
        assert os.read(keyboard, 4096) == PROMPT
        os.write(keyboard, b"hello\n")
        message, sender = server.recvfrom(4096)
        assert message == b"hello"
        server.sendto(b"thank you", sender)
        assert client.wait(timeout=DEADLINE_S) == 0
        assert os.read(keyboard, 4096) == b"hello\r\nGot an ack: thank you\r\n"
    finally:
        os.close(keyboard)
        os.close(terminal)


@pytest.mark.parametrize("connect", [[], ["--connect"]])
def test_without_an_answer_it_says_what_it_did_not_get(
    launch: Launch, server: socket.socket, connect: list[str]
) -> None:
    """After the time that was given, on stderr, with status 1."""
    began = time.monotonic()
    client = launch("client-udp", *place(server), "--timeout", "0.2", *connect)
    stdout, stderr, status = said(client, b"hello")
    assert time.monotonic() - began >= 0.2
    assert (stdout, status) == (PROMPT, 1)
    assert stderr.startswith(b"ERROR, no answer within 0.2 seconds: ")
    assert stderr.endswith(b"\n")


def test_a_time_shorter_than_the_kernel_counts_is_not_for_ever(launch: Launch, server: socket.socket) -> None:
    """Rounded to none, it would mean that there is no limit."""
    client = launch("client-udp", *place(server), "--timeout", "0.0000001", "--size", "1")
    assert said(client)[1:] != (b"", 0)


def test_a_connected_socket_is_told_that_nobody_is_there(launch: Launch, free_udp_port: int) -> None:
    """The system's reason is given, and no traceback."""
    client = launch("client-udp", "127.0.0.1", str(free_udp_port), "--connect")
    assert said(client, b"hello") == (PROMPT, b"ERROR reading from socket: Connection refused\n", 1)


def test_a_connected_socket_takes_no_datagram_of_others(launch: Launch, server: socket.socket) -> None:
    """Only the server's answer is shown, though another's came first."""
    client = launch("client-udp", *place(server), "--connect")
    typed(client, b"hello\n")
    _, sender = server.recvfrom(4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"from another", sender)
    server.sendto(b"from the server", sender)
    assert said(client) == (PROMPT + b"Got an ack: from the server\n", b"", 0)


def test_a_socket_that_is_not_connected_takes_anybodys(client: Program, server: socket.socket) -> None:
    """What comes first is taken for the answer."""
    typed(client, b"hello\n")
    _, sender = server.recvfrom(4096)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.sendto(b"from another", sender)
    server.sendto(b"from the server", sender)
    assert said(client)[0] == PROMPT + b"Got an ack: from another\n"


@pytest.mark.parametrize(("size", "message"), [("0", b""), ("1", b"1"), ("12", b"123456789012")])
def test_a_size_is_sent_without_asking(launch: Launch, server: socket.socket, size: str, message: bytes) -> None:
    """So many bytes, in one datagram, whose answer is shown."""
    client = launch("client-udp", *place(server), "--size", size)
    received, sender = server.recvfrom(4096)
    assert received == message
    server.sendto(b"ok", sender)
    assert said(client) == (b"Got an ack: ok\n", b"", 0)


def test_what_is_too_long_for_a_datagram_is_said_so(launch: Launch, server: socket.socket) -> None:
    """65507 bytes are the most that IPv4 can carry. Nothing is sent."""
    client = launch("client-udp", *place(server), "--size", "65508")
    assert said(client) == (b"", b"ERROR writing to socket: Message too long\n", 1)


@pytest.mark.parametrize("connect", [[], ["--connect"]])
def test_a_count_is_sent_without_asking_or_waiting(launch: Launch, server: socket.socket, connect: list[str]) -> None:
    """Numbered from 1, a datagram each; it ends well though nobody answers."""
    client = launch("client-udp", *place(server), "--count", "3", *connect)
    assert said(client) == (b"", b"", 0)
    assert [server.recv(4096) for _ in range(3)] == [b"1", b"2", b"3"]


def test_of_several_addresses_it_says_which_it_took(launch: Launch, free_udp_port: int) -> None:
    """The first. A name with one address is sent to in silence."""
    found = socket.getaddrinfo("localhost", free_udp_port, type=socket.SOCK_DGRAM)
    client = launch("client-udp", "localhost", str(free_udp_port), "--count", "1")
    choice = f"Sending to {found[0][4][0]}\n" if len(found) > 1 else ""
    assert said(client) == (choice.encode(), b"", 0)


def test_an_interrupt_ends_it_in_silence(client: Program) -> None:
    """Ctrl-C ends it by the signal, as it ends a program in C: no traceback."""
    assert client.stdout is not None
    assert os.read(client.stdout.fileno(), 4096) == PROMPT  # it now waits for a line
    client.send_signal(signal.SIGINT)
    assert said(client) == (b"", b"", -signal.SIGINT)


@pytest.mark.parametrize("host", ["nosuchhost.invalid", "", "no..such", "x" * 64 + ".invalid", b"\xff"])
def test_a_host_that_cannot_be_found_is_said_so(launch: Launch, host: str | bytes) -> None:
    """The tutorial's words, for a name that nobody knows and for one that nobody could have."""
    assert said(launch("client-udp", host, "51717")) == (b"", b"ERROR, no such host\n", 1)


@pytest.mark.parametrize("arguments", [[], ["cheerios"]])
def test_too_few_arguments_get_a_usage_line(launch: Launch, arguments: list[str]) -> None:
    """One line on stderr, and status 1."""
    assert said(launch("client-udp", *arguments)) == (b"", b"usage: client-udp HOST PORT\n", 1)


@pytest.mark.parametrize("port", ["http", "", "0", "65536", "5_1717", " 51717", "9" * 5000, b"\xff"])
def test_a_port_that_cannot_be_is_refused_with_a_reason(launch: Launch, port: str | bytes) -> None:
    """One line that names what was given and what is expected; nothing is looked up."""
    stdout, stderr, status = said(launch("client-udp", "nosuchhost.invalid", port))
    assert (stdout, status) == (b"", 1)
    assert stderr.startswith(b"ERROR, no such port: ")
    assert stderr.endswith(b" is not a number from 1 to 65535\n")


@pytest.mark.parametrize(
    "option",
    ["--size=-1", "--size=many", "--size=99999999", "--count=", "--timeout=0", "--timeout=nan", "--timeout=1e999"],
)
def test_a_number_that_cannot_be_is_refused_with_a_reason(launch: Launch, option: str) -> None:
    """No traceback, whatever it is."""
    stdout, stderr, status = said(launch("client-udp", "127.0.0.1", "51717", option))
    name, _, value = option.partition("=")
    assert (stdout, status) == (b"", 2)
    assert f"error: argument {name}: {value!r} is not a number ".encode() in stderr
