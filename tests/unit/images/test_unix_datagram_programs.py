"""What `server-unix-datagram PATH` and `client-unix-datagram PATH` promise to whoever runs them, and to each other."""

from __future__ import annotations

import select
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from tests.unit.images.running import DEADLINE_S, Launch, Program, said

LONGEST_PATH = 107  # bytes (unix(7))
PROMPT = b"Please enter the message: "
ACK = PROMPT + b"Got an ack: Got your message\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's socket is to be."""
    return tmp_path / "socket"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, where the programs make their temporary files."""
    folder = tmp_path / "t"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def server(launch: Launch, path: Path) -> Program:
    """A server that is bound to `path`."""
    started = launch("server-unix-datagram", str(path))
    deadline = time.monotonic() + DEADLINE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"nothing is bound to {path}"
        try:
            started.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        pytest.fail(f"the server has ended: {started.communicate()}")
    return started


@pytest.fixture
def mine(tmp_path: Path) -> Iterator[socket.socket]:
    """A datagram socket with a path of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as opened:
        opened.settimeout(DEADLINE_S)
        opened.bind(str(tmp_path / "mine"))
        yield opened


def stopped(server: Program) -> tuple[bytes, bytes, int]:
    """What `said` gives, of a server that is asked to end."""
    server.terminate()
    return said(server)


def line_of(stream: IO[bytes] | None) -> bytes:
    """The next line of a program's output, which must come in time."""
    assert stream is not None
    readable, _, _ = select.select([stream], [], [], DEADLINE_S)
    assert readable, "nothing was printed"
    return stream.readline()


def test_the_server_answers_one_client_after_the_other(launch: Launch, server: Program, path: Path) -> None:
    """And shows what each has sent."""
    for message in (b"one", b"two"):
        assert said(launch("client-unix-datagram", str(path)), message + b"\n") == (ACK, b"", 0)
    assert stopped(server) == (b"Received a datagram: one\nReceived a datagram: two\n", b"", 0)


def test_an_empty_datagram_is_a_datagram(launch: Launch, server: Program, path: Path) -> None:
    """It is no end: nothing was begun."""
    assert said(launch("client-unix-datagram", str(path)), b"\n") == (ACK, b"", 0)
    assert stopped(server)[0] == b"Received a datagram: \n"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_server_removes_its_file_when_it_is_asked_to_end(
    server: Program, path: Path, mine: socket.socket, number: signal.Signals
) -> None:
    """It has no other way to end, so both signals are in order."""
    mine.sendto(b"hello", str(path))
    assert mine.recv(255) == b"Got your message"
    server.send_signal(number)
    assert said(server) == (b"Received a datagram: hello\n", b"", 0)
    assert not path.exists()


def test_a_killed_server_leaves_its_file(launch: Launch, server: Program, path: Path) -> None:
    """The next one finds it in the way and leaves it there; a client is refused."""
    server.kill()
    said(server)
    second = launch("server-unix-datagram", str(path))
    assert said(second) == (b"", b"ERROR on binding: Address already in use\n", 1)
    assert path.is_socket()
    client = launch("client-unix-datagram", str(path))
    assert said(client, b"hello\n") == (PROMPT, b"ERROR writing to socket: Connection refused\n", 1)


def test_a_file_that_took_the_place_of_the_servers_stays(server: Program, path: Path, mine: socket.socket) -> None:
    """Somebody has removed the server's file and put something else there."""
    mine.sendto(b"hello", str(path))
    assert mine.recv(255)
    path.unlink()
    path.write_text("mine")
    assert stopped(server)[1:] == (b"", 0)
    assert path.read_text() == "mine"


def test_a_sender_without_an_address_harms_nobody(server: Program, path: Path, mine: socket.socket) -> None:
    """Its datagram arrives; that nobody can answer it is said, and the next client is served."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
        nameless.sendto(b"who am I", str(path))
    assert line_of(server.stderr) == b"ERROR, no way to answer: the sender's socket has no path\n"
    mine.sendto(b"hello", str(path))
    assert mine.recv(255) == b"Got your message"


def test_a_sender_that_has_gone_harms_nobody(server: Program, path: Path, mine: socket.socket, tmp_path: Path) -> None:
    """The server can't answer it, and goes on."""
    server.send_signal(signal.SIGSTOP)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hasty:
        hasty.bind(str(tmp_path / "hasty"))
        hasty.sendto(b"goodbye", str(path))
    server.send_signal(signal.SIGCONT)
    assert line_of(server.stderr) == b"ERROR writing to socket: Connection refused\n"
    mine.sendto(b"hello", str(path))
    assert mine.recv(255) == b"Got your message"


def test_a_sender_that_never_reads_its_answers_holds_nobody_up(
    server: Program, path: Path, mine: socket.socket, tmp_path: Path
) -> None:
    """When its queue is full, an answer is not sent and that is said."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as deaf:
        deaf.bind(str(tmp_path / "deaf"))
        deaf.settimeout(DEADLINE_S)
        for _ in range(int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) + 2):
            deaf.sendto(b"hello", str(path))
        assert line_of(server.stderr) == b"ERROR writing to socket: Resource temporarily unavailable\n"
        mine.sendto(b"hello", str(path))
        assert mine.recv(255) == b"Got your message"


def test_a_client_says_that_it_got_no_answer(launch: Launch, mine: socket.socket, temporary: Path) -> None:
    """After the time that it was given, which no test waits for."""
    client = launch("client-unix-datagram", "--timeout", "0.01", mine.getsockname())
    stdout, stderr, status = said(client, b"hello\n")
    assert (stdout, status) == (PROMPT, 1)
    assert stderr == b"ERROR, no answer within 0.01 seconds: the server is busy, or has ended\n"
    assert list(temporary.iterdir()) == []


def test_a_client_can_be_answered_at_a_path_of_its_own(launch: Launch, mine: socket.socket, temporary: Path) -> None:
    """Which is gone when it has ended."""
    client = launch("client-unix-datagram", mine.getsockname())
    assert client.stdin is not None
    client.stdin.write(b"hello\n")
    client.stdin.flush()
    message, sender = mine.recvfrom(255)
    assert message == b"hello"
    assert temporary in Path(sender).parents
    mine.sendto(b"yes\0", sender)
    assert said(client) == (PROMPT + b"Got an ack: yes\n", b"", 0)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_client_that_is_told_to_end_leaves_nothing_behind(
    launch: Launch, mine: socket.socket, temporary: Path, number: signal.Signals
) -> None:
    """No file, no traceback, and the status that a shell gives to a program which a signal has ended."""
    client = launch("client-unix-datagram", mine.getsockname())
    assert client.stdin is not None
    client.stdin.write(b"hello\n")
    client.stdin.flush()
    assert mine.recv(255) == b"hello"
    client.send_signal(number)
    assert said(client) == (PROMPT, b"", 128 + number)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "doing"), [("server-unix-datagram", b"on binding"), ("client-unix-datagram", b"writing to socket")]
)
def test_a_path_that_is_too_long_is_refused_with_the_limit(
    launch: Launch, tmp_path: Path, temporary: Path, program: str, doing: bytes
) -> None:
    """It isn't cut off, as strncpy in a program in C would; nothing is left behind."""
    _, stderr, status = said(launch(program, str(tmp_path / ("x" * LONGEST_PATH))), b"hello\n")
    assert stderr == b"ERROR %s: AF_UNIX path too long: at most %d bytes\n" % (doing, LONGEST_PATH)
    assert status == 1
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("program", ["server-unix-datagram", "client-unix-datagram"])
@pytest.mark.parametrize("arguments", [[], [""]])
def test_without_a_path_it_shows_its_usage(launch: Launch, program: str, arguments: list[str]) -> None:
    """An empty path is none."""
    assert said(launch(program, *arguments)) == (b"", f"usage: {program} PATH\n".encode(), 1)


@pytest.mark.parametrize("time", ["0", "-1", "nan", "inf", "1e9", "soon"])
def test_a_time_that_nobody_can_wait_is_refused(launch: Launch, path: Path, time: str) -> None:
    """One line that names it, below the usage."""
    _, stderr, status = said(launch("client-unix-datagram", "--timeout", time, str(path)))
    assert status == 2
    assert stderr.endswith(f"{time!r} is not a number of seconds, from above 0 to 86400\n".encode())
