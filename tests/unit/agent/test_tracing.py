"""What tracers write comes to labctl in frames: here the test is the tracers, and labctl."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator

import pytest

from labctl.agent import tracing as tracing_module
from labctl.agent.frames import Decoder, Header
from labctl.agent.line import Line
from labctl.agent.loop import Loop
from labctl.agent.tracer import Tracer
from labctl.agent.tracing import Tracing

EXECVE = b'5     17.3 execve("/bin/true", ["true"], 0x1 /* 6 vars */) = 0 <0.1>\n'


class Stage:
    """An agent's loop with one tracer, whose pipes the test writes to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = Loop()
        ours, self.labctl = socket.socketpair()
        self._ours = ours
        self.line = Line(
            self.loop,
            ours.fileno(),
            ours.fileno(),
            on_frame=lambda header, body: None,
            on_empty=lambda: self.tracing.resume(),
        )
        self.tracing = Tracing(self.loop, self.line, None)
        self.sleeper = subprocess.Popen(["sleep", "60"])
        monkeypatch.setattr(tracing_module, "find_strace", lambda: "/bin/strace")
        monkeypatch.setattr(tracing_module, "begin_tracer", self._begin)
        self.heard: list[tuple[Header, bytes]] = []
        self._decoder = Decoder()

    def _begin(self, strace: str, acts_as: None, most: int) -> Tracer:
        text, self.text = os.pipe()
        words, self.words = os.pipe()
        for descriptor in (text, words):
            os.set_blocking(descriptor, False)
        return Tracer(self.sleeper.pid, text, words, -1, most=most)

    def begin(self, most: int = 1 << 20) -> Tracer:
        """The tracer, of the program p."""
        assert self.tracing.turn_on(most)
        tracer = self.tracing.begin()
        assert tracer is not None
        tracer.program = "p"
        return tracer

    def run(self, until: Callable[[], bool]) -> None:
        """Turn the loop until this holds; labctl hears everything meanwhile. Once in a test."""
        self.labctl.setblocking(False)

        def look() -> None:
            self._hear()
            if until():
                self.loop.stop()
            else:
                self.loop.after(0.001, look)

        look()
        self.loop.run()

    def _hear(self) -> None:
        while True:
            try:
                data = self.labctl.recv(1 << 20)
            except BlockingIOError:
                return
            self.heard += self._decoder.feed(data)

    def end(self) -> None:
        """The tracer's end."""
        os.close(self.text)
        os.close(self.words)
        self.sleeper.kill()
        assert self.tracing.on_child(self.sleeper.pid, os.waitpid(self.sleeper.pid, 0)[1])

    def close(self) -> None:
        """Everything."""
        self.sleeper.kill()
        self.sleeper.wait()
        self.labctl.close()
        self._ours.close()


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A tracer that has written nothing yet."""
    one = Stage(monkeypatch)
    yield one
    one.close()


def test_no_tracer_is_begun_unasked(stage: Stage) -> None:
    """Nor any more when it is turned off again."""
    assert stage.tracing.begin() is None
    stage.begin()
    stage.tracing.turn_off()
    assert stage.tracing.begin() is None


def test_nothing_is_said_of_a_program_before_it_is_let_in(stage: Stage) -> None:
    """What came before comes then, first and under its key."""
    tracer = stage.begin()
    os.write(stage.text, b"5     17.2 close(5) = 0\n" + EXECVE)
    os.write(stage.words, b"strace: Process 5 attached\nstrace: oh\n")
    stage.end()
    assert stage.heard == []

    def let_in() -> bool:
        if tracer.is_over:
            assert stage.heard == []
            stage.tracing.let_in(tracer)
        return tracer.is_over

    stage.run(let_in)
    stage._hear()
    assert {header["program"] for header, _ in stage.heard} == {"p"}
    assert b"".join(body for _, body in stage.heard) == EXECVE
    assert [header["said"] for header, _ in stage.heard if "said" in header] == ["oh"]


def test_a_cut_is_said_once_and_the_rest_is_taken(stage: Stage) -> None:
    """So the tracer, and its program, never wait for somebody to read."""
    tracer = stage.begin(most=len(EXECVE))
    stage.tracing.let_in(tracer)
    os.write(stage.text, EXECVE + b"x")
    os.write(stage.text, b"y" * 1000)
    stage.end()
    stage.run(lambda: tracer.is_over)
    stage._hear()
    assert b"".join(body for _, body in stage.heard) == EXECVE
    assert [header["cut"] for header, _ in stage.heard if "cut" in header] == [True]


def test_while_labctl_takes_nothing_tracers_are_not_read(stage: Stage) -> None:
    """What a full line keeps back is read, whole and in order, when there is room again."""
    tracer = stage.begin()
    stage.tracing.let_in(tracer)
    while not stage.line.is_full:
        stage.line.say({"ev": "output", "program": "q"}, bytes(65536))
    os.write(stage.text, EXECVE)
    stage.tracing._read(tracer)
    assert os.read(tracer.text, 5) == EXECVE[:5]  # nobody else has taken it
    os.write(stage.text, EXECVE)
    stage.end()
    assert not tracer.is_over
    stage.run(lambda: tracer.is_over)
    stage._hear()
    assert b"".join(body for header, body in stage.heard if header["ev"] == "traced") == EXECVE


def test_a_stopped_tracer_goes_on(stage: Stage) -> None:
    """As soon as the agent hears of it. Other children are none of its business."""
    stage.begin()
    assert not stage.tracing.on_child(os.getpid(), 0)
    os.kill(stage.sleeper.pid, signal.SIGSTOP)
    _, status = os.waitpid(stage.sleeper.pid, os.WUNTRACED)
    assert stage.tracing.on_child(stage.sleeper.pid, status)
    assert os.WIFCONTINUED(os.waitpid(stage.sleeper.pid, os.WCONTINUED)[1])
    assert stage.tracing.pids() == {stage.sleeper.pid}
