"""A program on a host of a lab, as a test holds it: what it is told, what it printed, how it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.hosts.program import Program as Running
from labctl.hosts.program import signal_name
from labctl.lab.words import time_of, typed

if TYPE_CHECKING:
    from labctl.lab.doing import Doing

Ends = Mapping[str, object] | Sequence[Mapping[str, object]]
"""What a program's end must be like, with the words of a step's `expect`: `{"exit": 1, "stderr": "in use"}`."""
Seconds = float | str
"""A time: a number is in seconds, a text is a TIME of the language (`40ms`, `0.5s`, `2m`)."""
ANY_END: Ends = {"exit": "any"}


class Result(Struct, frozen=True, kw_only=True):
    """How a program ended, and all that it printed.

    `exit` is its status, None where a signal ended it; `signal` is that signal's name without SIG, else None.
    `stdout` and `stderr` are UTF-8; other bytes appear as `\\xNN`. `is_cut`: it printed more than is kept (8 MiB a
    stream, where compose.yaml says nothing else), and the rest is lost. `took_s`: from its start to its end.
    """

    name: str
    host: str
    command: tuple[str, ...]
    exit: int | None
    signal: str | None
    stdout: str
    stderr: str
    is_cut: bool
    took_s: float


class Program:
    """A program that was started in a window of its own. It is killed when its lab comes down."""

    def __init__(self, doing: Doing, running: Running) -> None:
        self._doing, self._running = doing, running

    def __repr__(self) -> str:
        return f"<Program {self.name} on {self.host}: {self._running.ending}>"

    @property
    def name(self) -> str:
        """What it is called: the `name` that it was given, else its command's first word without folders."""
        return self._running.name

    @property
    def host(self) -> str:
        """The host that it is on."""
        return self._running.host

    @property
    def command(self) -> tuple[str, ...]:
        """Its words, with the placeholders filled in."""
        return self._running.command

    @property
    def pid(self) -> int:
        """Its process id, as its own host counts."""
        return self._running.pid

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, by now."""
        self._hear()
        return self._running.has_ended

    @property
    def stdout(self) -> str:
        """All that it has printed by now, in UTF-8; other bytes appear as `\\xNN`."""
        self._hear()
        return _text(self._running, "stdout")

    @property
    def stderr(self) -> str:
        """The same of its stderr."""
        self._hear()
        return _text(self._running, "stderr")

    def wait(self, *, expect: Ends | None = None, timeout: Seconds | None = None) -> Result:
        """Wait until it has ended, and judge how: `expect` as in a step, exit 0 if not given.

        `expect={"exit": "any"}` judges nothing. LabFailure when it ends otherwise, or not within `timeout` (10 s).
        """
        __tracebackhide__ = True
        self._doing.do(wait=self.name, expect=expect, timeout=time_of(timeout))
        return result_of(self._running)

    def wait_until(self, *, timeout: Seconds | None = None, **state: object) -> None:
        """Wait until it is so: `blocked="accept"`, `output="ready"`, `children=1`, `zombies=0`.

        `output` is a text or `{"matches": REGEX}`, newly on its screen since the last match. LabFailure when it isn't
        so within `timeout` (10 s), or the program ends before.
        """
        __tracebackhide__ = True
        self._doing.do(wait=self.name, until=state, timeout=time_of(timeout))

    def check(self, **state: object) -> None:
        """It runs, and is so now: `stdout="hello"`, `stderr`, `blocked`, `children`, `zombies`. LabFailure."""
        __tracebackhide__ = True
        self._doing.do(check=self.name, expect=state or None)

    def send(self, given: str | bytes) -> None:
        """Type it. A text gets its Enter if it doesn't end with a newline; bytes are sent as they are.

        Over when the terminal has taken it. LabFailure when the program has ended, or takes no more.
        """
        __tracebackhide__ = True
        self._doing.do(send=typed(given), to=self.name)

    def signal(self, name: str) -> None:
        """Send a signal by its name without SIG (`STOP`, `CONT`, `KILL`); over when it has taken effect. LabFailure."""
        __tracebackhide__ = True
        self._doing.do(signal=name, to=self.name)

    def stop(self, *, expect: Ends | None = None, timeout: Seconds | None = None) -> Result:
        """TERM (and CONT), then wait for its end; `expect` as in a step, exit 0 or TERM if not given.

        When it hasn't ended within `timeout` (10 s), it is killed: LabFailure.
        """
        __tracebackhide__ = True
        self._doing.do(stop=self.name, expect=expect, timeout=time_of(timeout))
        return result_of(self._running)

    def _hear(self) -> None:
        __tracebackhide__ = True
        self._doing.hear()


def result_of(ended: Running) -> Result:
    """The result of a program that has ended."""
    return Result(
        name=ended.name,
        host=ended.host,
        command=ended.command,
        exit=ended.status,
        signal=None if ended.signal is None else signal_name(ended.signal),
        stdout=_text(ended, "stdout"),
        stderr=_text(ended, "stderr"),
        is_cut=ended.is_cut,
        took_s=(ended.ended_ns - ended.started_ns) / 1e9,
    )


def _text(program: Running, stream: str) -> str:
    return bytes(program.printed[stream]).decode("utf-8", "backslashreplace")
