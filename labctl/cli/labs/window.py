"""This process's streams <-> a program on a host of a lab that stands."""

from __future__ import annotations

import gc
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from labctl.agent.frames import Header
from labctl.engine.contract import Channel, EngineError
from labctl.hosts.conversation import Conversation, LabBroke
from labctl.hosts.launch import NotStarted, started
from labctl.hosts.program import Program
from labctl.standing.visit import visit

_STDIN, _STDOUT, _STDERR = 0, 1, 2
_KEPT = 1 << 50  # bytes of output that the agent passes on: all of it
_PIECE = 65536
_NOT_STARTED = 127  # as shells say it


def run_there(lab: str, host: str, command: Sequence[str]) -> int:
    """Run it to its end. Its exit status, 128 + N for signal N, 127 where it could not be started.

    On a terminal it gets one of its own: keys go there as they are, Ctrl-C too. Otherwise its input is all that
    comes on standard input. EngineError where the lab broke.
    """
    gc.enable()  # main() turned it off for the imports
    visited = visit(lab)
    try:
        return _Window(host, visited.channels[host]).run(command)
    except LabBroke as error:
        raise EngineError(str(error), hint=error.hint) from error
    except NotStarted as error:
        os.write(_STDERR, f"labctl: {error}\n".encode())
        return _NOT_STARTED
    finally:
        visited.down()


class _Window:
    def __init__(self, host: str, channel: Channel) -> None:
        self._host = host
        self._channel = channel
        self._conversation = Conversation({host: channel}, on_heard=self._on_heard)
        self._key = "visitor#1"

    def run(self, command: Sequence[str]) -> int:
        self._conversation.greet()
        is_terminal = os.isatty(_STDIN) and os.isatty(_STDOUT)
        program = self._start(command, is_terminal=is_terminal)
        if is_terminal:
            with _raw_keys(), _woken_by_resizes() as resized:
                self._resize()
                self._relay(program, resized)
        elif _has_input():
            self._relay(program, None)
        while not program.has_ended:
            self._conversation.pump(3600.0)
        return program.status if program.status is not None else 128 + (program.signal or 0)

    def _start(self, command: Sequence[str], *, is_terminal: bool) -> Program:
        program = Program(name=command[0], host=self._host, number=1, command=tuple(command), key=self._key)
        self._conversation.programs[self._host, self._key] = program
        ticket = self._conversation.ask(
            self._host,
            "start",
            program=self._key,
            words=list(command),
            environment=_environment(self._host) if is_terminal else {},
            interactive=is_terminal,
            more=_has_input(),
            output_cap=_KEPT,
        )
        started(self._conversation, program, ticket)
        return program

    def _relay(self, program: Program, resized: int | None) -> None:
        """Keys or input there, output here (by _on_heard), until the program has ended or the input has."""
        waiting = select.poll()
        for descriptor in (self._channel.fileno(), _STDIN, resized):
            if descriptor is not None:
                waiting.register(descriptor, select.POLLIN)
        while not program.has_ended:
            for descriptor, _ in waiting.poll():
                if descriptor == _STDIN:
                    data = os.read(_STDIN, _PIECE)
                    self._feed(program, data)
                    if not data:
                        return
                elif descriptor == resized:
                    os.read(resized, _PIECE)
                    self._resize()
                else:
                    self._conversation.pump(0)

    def _feed(self, program: Program, data: bytes) -> None:
        """Pass input on, no faster than the program takes it."""
        ticket = self._conversation.ask(self._host, "feed", data, program=self._key, end=not data)
        while ticket.reply is None and not program.has_ended:
            self._conversation.pump(3600.0)

    def _resize(self) -> None:
        size = os.get_terminal_size(_STDOUT)
        self._conversation.ask(self._host, "resize", program=self._key, rows=size.lines, columns=size.columns)

    def _on_heard(self, host: str, header: Header, body: bytes) -> None:
        if header["ev"] == "output":
            _write_all(_STDERR if header["stream"] == "stderr" else _STDOUT, body)
            program = self._conversation.programs[host, header["program"]]
            program.printed[header["stream"]].clear()  # nobody asks for it any more


def _environment(host: str) -> dict[str, str]:
    return {"TERM": os.environ.get("TERM", "dumb"), "PS1": f"{host}$ "}


def _has_input() -> bool:
    """Whether standard input is a file or a pipe: a terminal is no input of a program that has no window."""
    return sys.stdin is not None and not os.isatty(_STDIN)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


@contextmanager
def _raw_keys() -> Iterator[None]:
    """This terminal hands every key over as it is, and shows nothing by itself."""
    before = termios.tcgetattr(_STDIN)
    tty.setraw(_STDIN)
    try:
        yield
    finally:
        termios.tcsetattr(_STDIN, termios.TCSADRAIN, before)


@contextmanager
def _woken_by_resizes() -> Iterator[int]:
    """A descriptor that becomes readable when the terminal's size has changed."""
    come, go = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    before = signal.signal(signal.SIGWINCH, lambda *_: None)
    woken_before = signal.set_wakeup_fd(go, warn_on_full_buffer=False)
    try:
        yield come
    finally:
        signal.set_wakeup_fd(woken_before)
        signal.signal(signal.SIGWINCH, before)
        os.close(come)
        os.close(go)
