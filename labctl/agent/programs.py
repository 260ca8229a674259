"""A start request -> a program that runs, with its streams, its limits and its end.

One Program holds what the agent knows of one program; the loop (labctl.agent.serve) says when to read.
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Mapping, Set
from typing import NamedTuple

from labctl.agent.confine import Confinement, acting_as
from labctl.agent.descriptors import close_each, pipes
from labctl.agent.frames import Header
from labctl.agent.keeper import Command, Kept, Nursery
from labctl.agent.processes import Process, descendants, process_of
from labctl.agent.stopping import has_taken, is_stopped
from labctl.agent.window import open_window, read_some, resize

_PIECE = 65536


class Order(NamedTuple):
    """What to start. `window`: a terminal for input and output, a pipe for stderr; else three pipes.

    `interactive` is a window with echo, stderr included, for a person. `output_cap` is in bytes per stream. `aside`: it
    is never traced.
    """

    program: str
    words: list[str]
    environment: dict[str, str]
    directory: str
    window: bool
    interactive: bool
    output_cap: int
    aside: bool = False


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
    """A program from its start to the end of its last descendant.

    `is_orphaned`: a program killed its keeper, so its descendants can't be told by their keeper any more. `feeds`:
    requests to be answered when all the input is given. `is_taken`: a process was alive to take the order.
    `is_unwanted`: it is being killed. `awaits_trace`: nothing of it is left, but for what its tracer has still to tell.
    """

    def __init__(self, order: Order, nursery: Nursery, acts_as: Confinement | None) -> None:
        self.order = order
        self.pid = 0
        self.report = -1
        self.status: int | None = None
        self.ended_ns = 0
        self.limit = ""
        self.doing: list[str] = []
        self.input = bytearray()
        self.input_ends = False
        self.feeds: list[Header] = []
        self.failure: bytes = b""
        self.is_taken = False
        self.is_unwanted = False
        self.family_is_gone = False
        self.is_gone = False
        self.awaits_trace = False
        self.is_orphaned = False
        self.end_is_said = False
        with acting_as(acts_as):
            file = find(order.words[0], order.environment.get("PATH", ""), order.directory)
            command = self._open_streams(file)
        self.started_ns = 0
        self._command: Command | None = command
        try:
            kept = nursery.keep(command, lambda: not self.is_unwanted)
        except OSError:
            self.close()
            raise
        self._take(kept)

    def _take(self, kept: Kept) -> None:
        self.keeper, self.report, self.executes, self._report, self.tracer = kept
        if self.tracer is not None:
            self.tracer.program = self.order.program

    def begin_again(self, nursery: Nursery) -> bool:
        """Have another keeper take the order that the first one, killed while it waited, didn't take.

        Whether there was reason to, and one to be had: not for a program that is to be killed itself.
        """
        if self.is_taken or self.is_unwanted or self.failure or self._command is None:
            return False
        try:
            kept = nursery.keep(self._command, lambda: not self.is_unwanted)
        except OSError:
            return False
        os.close(self.report)
        self._take(kept)
        self.pid, self.status, self.family_is_gone = 0, None, False
        return True

    def let_go(self) -> None:
        """Close our copies of what the program reads and writes: it has its own now, or never will."""
        command, self._command = self._command, None
        if command is not None:
            for descriptor in {command.stdin, command.stdout, command.stderr}:
                os.close(descriptor)

    def _open_streams(self, file: str) -> Command:
        """Make the pipes or the terminal; what the program gets of them is the command's."""
        order = self.order
        if order.window or order.interactive:
            made = [] if order.interactive else pipes(1)
            try:
                ours, end = open_window(interactive=order.interactive)
            except OSError:
                close_each(made)
                raise
            self.stdin, output, stdin, stdout = ours, ours, end, end
        else:
            (stdin, self.stdin), (output, stdout), *made = pipes(3)
        self.streams = [Stream("stdout", output, order.output_cap)]
        stderr = stdout
        for errors, end in made:
            stderr = end
            self.streams.append(Stream("stderr", errors, order.output_cap))
        for descriptor in {self.stdin, *(stream.descriptor for stream in self.streams)}:
            os.set_blocking(descriptor, False)
        terminal = order.window or order.interactive
        return Command(file, order.words, order.environment, order.directory, stdin, stdout, stderr, terminal)

    def read_report(self) -> bool:
        """Take what the keeper says. False at its end."""
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
            elif kind == b"O":
                self.is_taken, self.started_ns = True, int(rest)
            elif kind == b"X":
                status, when = rest.split()
                self.status, self.ended_ns = int(status), int(when)
            elif kind == b"E":
                self.failure = rest
            elif kind == b"G":
                self.family_is_gone = True
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
                self.input.clear()
                break
            del self.input[:written]
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
        if number == signal.SIGKILL:
            return False
        if number == signal.SIGSTOP:
            return process.state in "ZX" or is_stopped(process)
        if number == signal.SIGCONT:
            return process.state not in "Tt"
        return has_taken(self.pid, number)

    def family(self, among: Mapping[int, Process], others: Set[int]) -> list[int]:
        """The living processes of the program, by pid.

        When it is orphaned these are all that descend from the agent, but for `others`: keepers and other programs.
        """
        family = descendants(self.keeper, among)
        if self.is_orphaned:
            strays = [one for one in among.values() if one.parent == os.getpid() and one.pid not in others]
            family = strays + [one for stray in strays for one in descendants(stray.pid, among)]
        return [one.pid for one in family if one.state not in "ZX"]

    def close(self) -> None:
        """Close what is ours, once every process is gone."""
        self.let_go()
        descriptors = {stream.descriptor for stream in self.streams} | {self.stdin, self.report}
        for descriptor in descriptors - {-1}:
            os.close(descriptor)
        self.stdin = -1


def find(word: str, path: str, directory: str) -> str:
    """The file that a command's first word names, seen from `directory`. NotStarted when there is none to execute."""
    folders = [""] if "/" in word else [folder for folder in path.split(":") if folder]
    candidates = [os.path.join(directory, folder, word) for folder in folders]
    present = [file for file in candidates if os.path.isfile(file)]
    for file in present:
        if os.access(file, os.X_OK, effective_ids=True):
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
