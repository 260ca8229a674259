"""What `server-udp PORT` promises to whoever runs it, and to whoever sends to it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program, said

SHOWN = b"Received a datagram: "


def rows(of: int) -> list[list[str]]:
    """What the kernel tells of each UDP socket that has a port, where process `of` lives."""
    tables = [Path(f"/proc/{of}/net/{name}") for name in ("udp", "udp6")]
    return [line.split() for table in tables if table.exists() for line in table.read_text().splitlines()[1:]]


def bound(of: int) -> list[tuple[str, int]]:
    """(address as the kernel writes it, port) of each of them."""
    places = [row[1].rsplit(":", 1) for row in rows(of)]
    return [(address, int(port, 16)) for address, port in places]


def wait_until_it_has_read(server: Program, port: int) -> None:
    """Until nothing is left in the queue of its socket."""
    deadline = time.monotonic() + DEADLINE_S
    while [row for row in rows(server.pid) if row[1].endswith(f":{port:04X}") and not row[4].endswith(":00000000")]:
        assert time.monotonic() < deadline, "the server does not read"
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.01)


def wait_until_it_receives(server: Program, port: int, *, sockets: int = 1) -> None:
    """Until so many sockets have the port where the server lives."""
    deadline = time.monotonic() + DEADLINE_S
    while [taken for _, taken in bound(server.pid)].count(port) < sockets:
        assert time.monotonic() < deadline, f"nobody receives on {port}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(timeout=0.01)
            pytest.fail(f"the server has ended: {server.communicate()}")


@pytest.fixture
def server(launch: Launch, free_udp_port: int) -> Program:
    """A server that receives on `free_udp_port`."""
    started = launch("server-udp", str(free_udp_port))
    wait_until_it_receives(started, free_udp_port)
    return started


@pytest.fixture
def client() -> Iterator[socket.socket]:
    """A client's socket, which is not connected."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.settimeout(DEADLINE_S)
        yield opened


def ask(client: socket.socket, port: int, message: bytes) -> bytes:
    """The answer to one datagram. On loopback none is lost."""
    client.sendto(message, ("127.0.0.1", port))
    return client.recv(4096)


def shown(server: Program) -> bytes:
    """All that it has printed, once it was told to end."""
    server.terminate()
    stdout, stderr = server.communicate(timeout=DEADLINE_S)
    assert (stderr, server.returncode) == (b"", -signal.SIGTERM)
    return stdout


def test_a_datagram_is_answered_with_one(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """The answer is `Got your message`, to the letter, and goes to whoever has sent."""
    assert ask(client, free_udp_port, b"hello") == b"Got your message"


def test_each_datagram_is_shown_on_a_line(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """It never ends by itself, and all are shown in the order in which they came."""
    for message in (b"one", b"two", b"three"):
        ask(client, free_udp_port, message)
    assert shown(server) == SHOWN + b"one\n" + SHOWN + b"two\n" + SHOWN + b"three\n"


def test_a_datagram_is_shown_before_it_is_answered(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """Whoever has the answer can rely on finding the datagram in the server's output."""
    ask(client, free_udp_port, b"hello")
    assert server.stdout is not None
    assert select.select([server.stdout], [], [], 0)[0] == [server.stdout]


def test_an_empty_datagram_is_a_message(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """It is shown and answered, and the server goes on."""
    assert ask(client, free_udp_port, b"") == b"Got your message"
    ask(client, free_udp_port, b"more")
    assert shown(server) == SHOWN + b"\n" + SHOWN + b"more\n"


def test_a_datagram_is_bytes(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """What is no text in any encoding is shown as it came."""
    ask(client, free_udp_port, b"\xff\x00\xfe")
    assert shown(server) == SHOWN + b"\xff\x00\xfe\n"


def test_a_newline_at_the_end_is_not_shown_twice(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """Clients that send their line with its end, as nc does, are shown like the others."""
    ask(client, free_udp_port, b"hello\r\n")
    assert shown(server) == SHOWN + b"hello\n"


def test_what_is_longer_than_the_buffer_is_cut_off(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """255 bytes are read, the rest is gone, and the next datagram is whole."""
    ask(client, free_udp_port, b"x" * 256)
    ask(client, free_udp_port, b"next")
    assert shown(server) == SHOWN + b"x" * 255 + b"\n" + SHOWN + b"next\n"


def test_a_larger_buffer_takes_the_longest_datagram(launch: Launch, client: socket.socket, free_udp_port: int) -> None:
    """65507 bytes are the most that IPv4 can carry."""
    server = launch("server-udp", "--buffer", "65535", str(free_udp_port), stdout=subprocess.DEVNULL)
    wait_until_it_receives(server, free_udp_port)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
    assert ask(client, free_udp_port, b"x" * 65507) == b"Got your message"


def test_a_smaller_buffer_reads_less(launch: Launch, client: socket.socket, free_udp_port: int) -> None:
    """Of each datagram, and not of all together."""
    server = launch("server-udp", str(free_udp_port), "--buffer", "2")
    wait_until_it_receives(server, free_udp_port)
    ask(client, free_udp_port, b"abc")
    ask(client, free_udp_port, b"def")
    assert shown(server) == SHOWN + b"ab\n" + SHOWN + b"de\n"


def test_a_client_that_has_gone_harms_nobody(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """The error that comes back for an answer that nobody takes doesn't reach the server."""
    for _ in range(20):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hasty:
            hasty.sendto(b"bye", ("127.0.0.1", free_udp_port))
    ask(client, free_udp_port, b"hello")
    assert shown(server) == 20 * (SHOWN + b"bye\n") + SHOWN + b"hello\n"


def test_a_small_receive_buffer_loses_what_it_cannot_hold(
    launch: Launch, client: socket.socket, free_udp_port: int
) -> None:
    """A thousand datagrams come while the server is stopped. The first ones wait for it; most are lost."""
    server = launch("server-udp", str(free_udp_port), "--receive-buffer", "4096")
    wait_until_it_receives(server, free_udp_port)
    server.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, server.pid, os.WSTOPPED)
    for number in range(1000):
        client.sendto(b"%d" % number, ("127.0.0.1", free_udp_port))
    server.send_signal(signal.SIGCONT)
    wait_until_it_has_read(server, free_udp_port)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another:
        another.settimeout(DEADLINE_S)
        ask(another, free_udp_port, b"last")
    *kept, last = shown(server).splitlines()
    assert last == SHOWN + b"last"
    assert kept == [SHOWN + b"%d" % number for number in range(len(kept))]
    assert 1 <= len(kept) < 100


def test_a_port_that_somebody_else_has_is_refused(launch: Launch, server: Program, free_udp_port: int) -> None:
    """A second server on the same port ends with the system's reason; the first is not disturbed."""
    assert said(launch("server-udp", str(free_udp_port))) == (b"", b"ERROR on binding: Address already in use\n", 1)
    assert server.poll() is None


def test_to_share_a_port_both_must_want_it(launch: Launch, server: Program, free_udp_port: int) -> None:
    """A port can't be taken from a server that didn't set --reuse."""
    assert said(launch("server-udp", str(free_udp_port), "--reuse"))[2] == 1


def test_two_that_want_it_share_a_port(launch: Launch, client: socket.socket, free_udp_port: int) -> None:
    """Neither is told of the other."""
    first = launch("server-udp", str(free_udp_port), "--reuse")
    wait_until_it_receives(first, free_udp_port)
    second = launch("server-udp", str(free_udp_port), "--reuse")
    wait_until_it_receives(second, free_udp_port, sockets=2)
    ask(client, free_udp_port, b"hello")
    assert sorted([shown(first), shown(second)]) == [b"", SHOWN + b"hello\n"]


def test_port_0_is_any_that_is_free(launch: Launch, client: socket.socket) -> None:
    """It says which it was given, and can be reached there."""
    server = launch("server-udp", "0")
    assert server.stdout is not None
    words = server.stdout.readline().rsplit(maxsplit=1)
    assert words[0] == b"Receiving on port"
    assert ask(client, int(words[1]), b"hello") == b"Got your message"


def test_an_interrupt_ends_it_in_silence(server: Program) -> None:
    """Ctrl-C ends it by the signal, as it ends a program in C: no traceback."""
    server.send_signal(signal.SIGINT)
    assert said(server) == (b"", b"", -signal.SIGINT)


def test_nobody_to_show_to_is_an_error(server: Program, client: socket.socket, free_udp_port: int) -> None:
    """What can't be shown isn't answered."""
    assert server.stdout is not None
    server.stdout.close()
    client.sendto(b"hello", ("127.0.0.1", free_udp_port))
    assert server.wait(timeout=DEADLINE_S) == 1
    assert server.stderr is not None
    assert server.stderr.read() == b"ERROR writing to standard output: Broken pipe\n"


def test_without_a_port_it_says_so(launch: Launch) -> None:
    """The tutorial's words, on stderr, and status 1."""
    assert said(launch("server-udp")) == (b"", b"ERROR, no port provided\n", 1)


@pytest.mark.parametrize("port", ["http", "", "65536", "5_1717", " 51717", "9" * 5000, b"\xff"])
def test_a_port_that_cannot_be_is_refused_with_a_reason(launch: Launch, port: str | bytes) -> None:
    """One line that names what was given and what is expected."""
    stdout, stderr, status = said(launch("server-udp", port))
    assert (stdout, status) == (b"", 1)
    assert stderr.startswith(b"ERROR, no such port: ")
    assert stderr.endswith(b" is not a number from 1 to 65535\n")


@pytest.mark.parametrize("option", ["--buffer", "--receive-buffer"])
@pytest.mark.parametrize("size", ["0", "-1", "many", "", "9" * 30])
def test_a_size_that_cannot_be_is_refused_with_a_reason(launch: Launch, option: str, size: str) -> None:
    """No traceback, whatever it is."""
    stdout, stderr, status = said(launch("server-udp", "51717", f"{option}={size}"))
    assert (stdout, status) == (b"", 2)
    assert stderr.endswith(f"error: argument {option}: {size!r} is not a number of bytes\n".encode())


NAMESPACE = ["unshare", "--user", "--map-root-user", "--net"]
NO_NAMESPACE = subprocess.run([*NAMESPACE, "true"], check=False, capture_output=True).returncode != 0

FROM_PORT_0 = """
import socket, struct, sys
port = int(sys.argv[1])
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
    raw.sendto(struct.pack("!HHHH", 0, port, 11, 0) + b"bad", ("127.0.0.1", port))
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
    client.settimeout(20)
    client.sendto(b"good", ("127.0.0.1", port))
    assert client.recv(255) == b"Got your message"
"""


@pytest.mark.skipif(NO_NAMESPACE, reason="this machine lets nobody make a network namespace")
def test_who_cannot_be_answered_harms_nobody(launch: Launch, free_udp_port: int) -> None:
    """A datagram says from which port it comes, and 0 is no port to send to. The next client is served."""
    set_up = 'ip link set lo up && exec "$@"'
    server = launch("server-udp", str(free_udp_port), within=[*NAMESPACE, "sh", "-c", set_up, "sh"])
    wait_until_it_receives(server, free_udp_port)
    there = ["nsenter", "--user", "--net", "--preserve-credentials", "--target", str(server.pid)]
    subprocess.run([*there, sys.executable, "-c", FROM_PORT_0, str(free_udp_port)], check=True, timeout=DEADLINE_S)
    server.terminate()
    stdout, stderr = server.communicate(timeout=DEADLINE_S)
    assert stdout == SHOWN + b"bad\n" + SHOWN + b"good\n"
    assert stderr == b"ERROR writing to socket: Invalid argument\n"


@pytest.mark.skipif(NO_NAMESPACE, reason="this machine lets nobody make a network namespace")
@pytest.mark.parametrize(
    ("addresses", "any_address"),
    [
        (["192.0.2.1/24"], "0" * 8),
        (["2001:db8::1/64"], "0" * 32),
        (["192.0.2.1/24", "2001:db8::1/64"], "0" * 32),
    ],
)
def test_it_receives_where_its_host_can_be_reached(
    launch: Launch, free_udp_port: int, addresses: list[str], any_address: str
) -> None:
    """On any IPv4 address; on any address at all where the host has an IPv6 address that others can reach."""
    lines = ["ip link set lo up", *(f"ip address add {address} dev lo" for address in addresses)]
    set_up = " && ".join([*lines, 'exec "$@"'])
    server = launch("server-udp", str(free_udp_port), within=[*NAMESPACE, "sh", "-c", set_up, "sh"])
    wait_until_it_receives(server, free_udp_port)
    assert bound(server.pid) == [(any_address, free_udp_port)]
