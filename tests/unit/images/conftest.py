"""The programs of images/host/bin, run as they are, on this machine's loopback."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parents[3] / "images" / "host" / "bin"


@pytest.fixture
def launch() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start a program by name; its streams are pipes if nothing else is given. It ends with the test.

    `within` are the words of a command that runs it, for example in another namespace.
    """
    with ExitStack() as undo:

        def start(
            program: str,
            *arguments: str | bytes,
            within: Sequence[str] = (),
            stdin: int = subprocess.PIPE,
            stdout: int = subprocess.PIPE,
        ) -> subprocess.Popen[bytes]:
            words = [*within, str(PROGRAMS / program), *arguments]
            running = subprocess.Popen(words, stdin=stdin, stdout=stdout, stderr=subprocess.PIPE)
            undo.enter_context(running)
            undo.callback(running.kill)
            return running

        yield start


@pytest.fixture
def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as asked:
        port: int = asked.getsockname()[1]
    return port


@pytest.fixture
def free_udp_port() -> int:
    """A UDP port that nobody has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind(("127.0.0.1", 0))
        port: int = asked.getsockname()[1]
    return port
