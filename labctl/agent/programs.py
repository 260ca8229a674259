"""A start request -> a program that runs, with its streams, its limits and its end.

One Program holds what the agent knows of one program; the loop (labctl.agent.serve) says when to read.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from typing import NamedTuple

from labctl.agent.keeper import Command, Nursery
from labctl.agent.processes import descendants, process_of, processes
from labctl.agent.window import open_window, read_some, resize

_PIECE = 65536


class Order(NamedTuple):
    """What to start. `window`: a terminal for input and output, a pipe for stderr; else three pipes.

    `interactive` is a window with echo, stderr included, for a person. `output_cap` is in bytes per stream.
    """

    program: str
    words: list[str]
    environment: dict[str, str]
    directory: str
    window: bool
    interactive: bool
    output_cap: int


class NotStarted(Exception):
    """The program can't be started: `reason` is `not-found`, `not-executable` or `failed`."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


class Stream:
    """One output of a program. Says each piece once, cut off at the cap."""

    def __init__(self, name: str, descriptor: int, cap: int) -> None:
        self.name = name
        self.descriptor = descriptor
        self.is_cut = False
        self._left = cap

    def read(self) -> bytes | None:
        """What is there now, up to a piece: None when nothing is, b"" at the end or when all of it was cut."""
        data = read_some(self.descriptor, _PIECE)
        if not data:
            return data
        kept = data[: self._left]
        self._left -= len(kept)
        if len(kept) < len(data):
            self.is_cut = True
        return kept or None


class Program:
    """A program from its start to the end of its last descendant."""

    def __init__(self, order: Order, nursery: Nursery) -> None:
        self.order = order
        self.pid = 0
        self.status: int | None = None
        self.ended_ns = 0
        self.limit = ""
        self.doing: list[str] = []
        self.input = b""
        self.input_ends = False
        self.failure: bytes = b""
        self.is_gone = False
        self.is_orphaned = False
        self.end_is_said = False
        self._spawn(nursery)

    def _spawn(self, nursery: Nursery) -> None:
        order = self.order
        file = find(order.words[0], order.environment.get("PATH", ""))
        theirs: list[int] = []
        if order.window or order.interactive:
            ours, end = open_window(interactive=order.interactive)
            self.stdin, output, stdin, stdout = ours, ours, end, end
            theirs.append(end)
        else:
            stdin, self.stdin = os.pipe()
            output, stdout = os.pipe()
            theirs += [stdin, stdout]
        self.streams = [Stream("stdout", output, order.output_cap)]
        stderr = stdout
        if not order.interactive:
            errors, stderr = os.pipe()
            theirs.append(stderr)
            self.streams.append(Stream("stderr", errors, order.output_cap))
        for descriptor in {self.stdin, *(stream.descriptor for stream in self.streams)}:
            os.set_blocking(descriptor, False)
        terminal = order.window or order.interactive
        command = Command(
            file, order.words, order.environment, order.directory, stdin, stdout, stderr, terminal
        )
        self.started_ns = time.monotonic_ns()
        kept = nursery.keep(command)
        self.keeper, self.report, self.executes, self._report = kept
        for descriptor in set(theirs):
            os.close(descriptor)

    def read_report(self) -> bool:
        """Take what the keeper says. False at its end: no process of this program is left."""
        try:
            data = os.read(self.report, 4096)
            is_open = bool(data)
        except BlockingIOError:
            data, is_open = b"", True
        self._report += data
        *lines, self._report = self._report.split(b"\n")
        for line in lines:
            kind, _, rest = line.partition(b" ")
            if kind == b"P":
                self.pid = int(rest)
            elif kind == b"X":
                status, when = rest.split()
                self.status, self.ended_ns = int(status), int(when)
            elif kind == b"E":
                self.failure = rest
        return is_open

    def write_input(self) -> bool:
        """Give as much of the input as it takes now. True when all of it is given (or nobody reads it)."""
        while self.input:
            try:
                written = os.write(self.stdin, self.input[:_PIECE])
            except BlockingIOError:
                return False
            except OSError as error:
                if error.errno not in (errno.EPIPE, errno.EIO):
                    raise
                self.input = b""
                break
            self.input = self.input[written:]
        return True

    def close_input(self) -> None:
        """End a piped input. A window's stays: Ctrl-D is what ends it."""
        if self.stdin >= 0 and not (self.order.window or self.order.interactive):
            os.close(self.stdin)
            self.stdin = -1

    def resize(self, rows: int, columns: int) -> None:
        """Tell a window's new size."""
        if self.order.interactive:
            resize(self.stdin, rows, columns)

    def signal(self, number: int) -> None:
        """Send a signal to the program itself. ProcessLookupError when it has ended."""
        if self.status is not None or not self.pid:
            raise ProcessLookupError
        os.kill(self.pid, number)

    def has_taken(self, number: int) -> bool:
        """Whether a signal that was sent has taken effect: stopped, goes on, ended, or no longer pending."""
        if self.status is not None:
            return True
        process = process_of(self.pid)
        if process is None:
            return True
        if number == signal.SIGSTOP:
            return process.state in "TtZX"
        if number == signal.SIGKILL:
            return False
        if number == signal.SIGCONT:
            return process.state not in "Tt"
        return process.state == "Z" or not _is_pending(self.pid, number)

    def kill(self) -> bool:
        """Kill every process of the program that is there now. Whether there was one: then call again.

        A program may have killed its keeper; then its orphans are found by the program and its session.
        """
        among = processes()
        family = {one.pid: one for root in (self.keeper, self.pid) if root for one in descendants(root, among)}
        if self.is_orphaned:
            family |= {one.pid: one for one in among.values() if self.pid in (one.pid, one.session)}
        living = [one.pid for one in family.values() if one.state not in "ZX"]
        if not self.is_gone:
            os.kill(self.keeper, signal.SIGCONT)  # a program may have stopped it
        for pid in living:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        return bool(living)

    def close(self) -> None:
        """Close what is ours, once every process is gone."""
        self.close_input()
        descriptors = {stream.descriptor for stream in self.streams} | {self.stdin} - {-1}
        for descriptor in descriptors | {self.report}:
            os.close(descriptor)


def find(word: str, path: str) -> str:
    """The file that a command's first word names. NotStarted when there is none that can be executed."""
    candidates = [word] if "/" in word else [os.path.join(folder, word) for folder in path.split(":") if folder]
    present = [file for file in candidates if os.path.isfile(file)]
    for file in present:
        if os.access(file, os.X_OK):
            return file
    raise NotStarted("not-executable" if present else "not-found")


def names_on(path: str) -> list[str]:
    """Every program's name on a PATH, for telling which one was meant."""
    names: set[str] = set()
    for folder in path.split(":"):
        try:
            names.update(os.listdir(folder))
        except OSError:
            continue
    return sorted(names)


def _is_pending(pid: int, number: int) -> bool:
    """Whether the signal still waits for the process (proc(5): SigPnd, ShdPnd)."""
    try:
        with open(f"/proc/{pid}/status", "rb") as status:
            rows = [row.split() for row in status.read().splitlines()]
    except (FileNotFoundError, ProcessLookupError):
        return False
    masks = [int(row[1], 16) for row in rows if row and row[0] in (b"SigPnd:", b"ShdPnd:")]
    return any(mask >> (number - 1) & 1 for mask in masks)
