"""What strace saw of a program and its children: values."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct


class Call(Struct, frozen=True, kw_only=True):
    """A system call. `arguments` and `result` are strace's own text; the latter is empty for one not seen to return.

    `descriptor` is the one its arguments begin with, and `leads_to` what that led to as it began:
    `TCP:[10.0.0.2:40000->10.0.0.1:51717]`, `socket:[1234]`, a path. `error` is an errno name, or empty.

    `ends_ns` is None for one that never returned. strace looks at the arguments between `begins_ns` and the call
    itself, so one that stands in a line of its own may have returned later: between `ends_ns` (`begins_ns` and
    `took_ns`) and `ends_by_ns`, when strace wrote its next line. Of one that was resumed `ends_ns` is exact.
    """

    pid: int
    name: str
    arguments: str
    result: str = ""
    returned: int | None = None
    error: str = ""
    error_text: str = ""
    descriptor: int | None = None
    leads_to: str = ""
    begins_ns: int
    ends_ns: int | None = None
    ends_by_ns: int | None = None
    took_ns: int | None = None
    first_line: int
    last_line: int

    @property
    def is_restarted(self) -> bool:
        """Whether a signal came, and the kernel makes the call once more by itself if the signal lets it."""
        return self.error.startswith("ERESTART")


class Signal(NamedTuple):
    """A signal that a process got, or by which it was stopped: its name without SIG, and strace's words about it."""

    pid: int
    at_ns: int
    name: str
    detail: str
    is_stop: bool
    line: int


class End(NamedTuple):
    """A process or thread that ended: with a status or by a signal (without SIG).

    Or it is superseded: another thread of its process executed a program, and goes on under its number.
    """

    pid: int
    at_ns: int
    status: int | None
    signal: str
    dumped_core: bool
    superseded_by: int | None
    line: int

    @property
    def ending(self) -> str:
        """In words: `exit 0`, `signal KILL`."""
        if self.superseded_by is not None:
            return f"superseded by {self.superseded_by}"
        return f"exit {self.status}" if self.status is not None else f"signal {self.signal}"


class Problem(NamedTuple):
    """A line, from 1, that could not be read, or not wholly."""

    line: int
    why: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.why}"


class Trace(NamedTuple):
    """What strace saw of a program and its children, calls in the order in which they began."""

    calls: tuple[Call, ...]
    signals: tuple[Signal, ...]
    ends: tuple[End, ...]
    problems: tuple[Problem, ...]
