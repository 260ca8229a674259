"""The agent, or the sidecar, runs from a bundle on a bare interpreter, as in a container."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from labctl.agent.boot import AGENT, CAPTURE, COMMAND, PROBE, SIDECAR, bundle
from labctl.agent.frames import Decoder, Header, encode
from labctl.agent.tracer import find_strace

NEEDS_STRACE = pytest.mark.skipif(not find_strace(), reason="strace isn't installed on this machine")

SETTINGS: dict[str, object] = {
    "host": "left",
    "own_user_namespace": False,
    "uid": os.getuid(),
    "gid": os.getgid(),
    "path": ["/usr/bin", "/bin"],
    "limits": {"processes": 100, "memory": 1 << 30, "files": 99, "file_size": 1 << 20},
}


class Remote:
    """An agent at the other end of two pipes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._decoder = Decoder()
        self._frames: list[tuple[Header, bytes]] = []

    def send(self, data: bytes) -> None:
        """Bytes to it."""
        assert self.process.stdin is not None
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def next(self) -> tuple[Header, bytes]:
        """The next frame of its."""
        assert self.process.stdout is not None
        while not self._frames:
            data = os.read(self.process.stdout.fileno(), 65536)
            assert data, "the agent has ended"
            self._frames += self._decoder.feed(data)
        return self._frames.pop(0)


@pytest.fixture
def remote() -> Iterator[Remote]:
    """A bare interpreter that waits for its bundle, far from this checkout."""
    words = [sys.executable, *COMMAND[1:]]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", env={}) as process:
        yield Remote(process)
        process.kill()


def test_a_bundle_becomes_an_agent(remote: Remote) -> None:
    """It says hello for its host, runs a program, and ends when it is told goodbye."""
    remote.send(bundle(SETTINGS))
    hello, _ = remote.next()
    assert (hello["ev"], hello["host"], hello["in_force"]["limits"]["files"]) == ("hello", "left", 99)
    start = {"do": "start", "id": 1, "program": "p", "words": ["echo", "hi"], "output_cap": 100, "seconds": None}
    remote.send(encode(start))
    kinds = [remote.next() for _ in range(4)]
    assert [header.get("ev", "answer") for header, _ in kinds] == ["answer", "output", "ended", "gone"]
    assert (kinds[1][1], kinds[2][0]["status"]) == (b"hi\n", 0)
    remote.send(encode({"do": "bye", "id": 2}))
    assert remote.next()[0]["re"] == 2
    assert remote.process.wait(10) == 0


@pytest.mark.parametrize("traced", [pytest.param(True, marks=NEEDS_STRACE), False])
def test_the_agent_has_all_descriptors_and_programs_have_theirs(remote: Remote, traced: bool) -> None:
    """What whoever began it left open to be raised is raised, and no program finds it so, traced or not."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.prlimit(remote.process.pid, resource.RLIMIT_NOFILE, (64, hard))
    remote.send(bundle(SETTINGS))
    remote.next()
    assert resource.prlimit(remote.process.pid, resource.RLIMIT_NOFILE) == (hard, hard)
    if traced:
        remote.send(encode({"do": "trace", "id": 1}))
        assert remote.next()[0].get("ok")
    words = ["sh", "-c", "ulimit -Sn; ulimit -Hn"]
    start = {"do": "start", "id": 2, "program": "p", "words": words, "output_cap": 100, "seconds": None}
    remote.send(encode(start))
    printed = b""
    while (frame := remote.next())[0].get("ev") != "gone":
        printed += frame[1] if frame[0].get("ev") == "output" else b""
    assert printed == b"99\n99\n"


@pytest.mark.parametrize(("entry", "lacks"), [(SIDECAR, "names"), (PROBE, "ask")])
def test_what_it_becomes_travels_in_the_bundle(remote: Remote, entry: str, lacks: str) -> None:
    """Here it breaks at its settings, before it touches any network: so its own modules have arrived."""
    remote.send(bundle({"host": "left"}, entry=entry))
    header, _ = remote.next()
    assert header["ev"] == "broken"
    assert (lacks in header["detail"], f"{entry.replace('.', '/')}.py" in header["detail"]) == (True, True)
    assert remote.process.wait(10) == 0


def test_an_unknown_request_is_answered(remote: Remote) -> None:
    """An agent that is older than labctl says so, rather than nothing."""
    remote.send(bundle(SETTINGS))
    remote.next()
    remote.send(encode({"do": "fly", "id": 7}))
    assert {key: value for key, value in remote.next()[0].items() if key != "t"} == {
        "re": 7, "error": "unknown", "detail": "fly",
    }  # fmt: skip


def test_an_agent_that_breaks_says_why(remote: Remote) -> None:
    """Its last word names what went wrong."""
    remote.send(bundle({"host": "left"}))
    header, _ = remote.next()
    assert header["ev"] == "broken"
    assert "limits" in header["detail"]


def test_an_input_that_ends_early_ends_it(remote: Remote) -> None:
    """Whoever was to send the bundle is gone: nothing is said, nothing runs on."""
    data = bundle(SETTINGS)
    assert remote.process.stdin is not None
    remote.process.stdin.write(data[: len(data) // 2])
    remote.process.stdin.close()
    assert remote.process.wait(10) == 0
    assert remote.process.stdout is not None
    assert remote.process.stdout.read() == b""


@pytest.mark.parametrize("entry", [AGENT, SIDECAR, CAPTURE, PROBE])
def test_a_bundle_fits_into_what_lies_between(entry: str) -> None:
    """Whoever sends it doesn't wait for a host that takes none of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        made = bundle(SETTINGS, entry=entry)
        assert ours.send(made) == len(made)
