"""A command -> a running program with a keeper: its parent, which no descendant of the program outlives unseen.

The keeper is also the reaper of the program's orphans, so whatever daemonises itself still belongs to the
program it came from. It reports on a pipe: `P pid` at once, `O nanoseconds` when the order to execute was taken,
`X status nanoseconds` when the program has ended (wait status; CLOCK_MONOTONIC), and `G` when the last descendant is
gone; a pipe that ends without it is that of a keeper that was killed. `E errno text` says that the program could not
be executed.

A keeper and its child, confined and ready to execute, are made ahead of time: a command then costs little more
than its execve(2).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from labctl.agent import kernel
from labctl.agent.confine import Confinement, confine
from labctl.agent.descriptors import close_all_but, close_each, pipes
from labctl.agent.tracer import Tracer, let_trace
from labctl.agent.window import control_terminal

_AHEAD = 2


class Command(NamedTuple):
    """What to execute: the file, its words and environment, where, and its three descriptors."""

    file: str
    words: list[str]
    environment: dict[str, str]
    directory: str
    stdin: int
    stdout: int
    stderr: int
    terminal: bool


class Kept(NamedTuple):
    """A program's keeper: its pid, its report pipe, and a pipe that ends when the program executes.

    Both pipes are non-blocking. `said` is what was read of the report already. `tracer` stands beside the program.
    """

    pid: int
    report: int
    executes: int
    said: bytes
    tracer: Tracer | None = None


class _Spare(NamedTuple):
    kept: Kept
    orders: socket.socket

    def discard(self) -> None:
        """Let it end: nobody will give it an order any more."""
        self.orders.close()
        os.close(self.kept.report)
        os.close(self.kept.executes)


class Nursery:
    """Makes keepers ahead of the need: one at first, two where programs come one after another.

    `begin_tracer` is called for each, and gives one that waits for its process, or none.
    """

    def __init__(self, how: Confinement, begin_tracer: Callable[[], Tracer | None] = lambda: None) -> None:
        self._how = how
        self._begin_tracer = begin_tracer
        self._spares: list[_Spare] = []

    def pids(self) -> set[int]:
        """The keepers that wait for a command."""
        return {spare.kept.pid for spare in self._spares}

    def refill(self) -> None:
        """Make one ahead, if fewer than two are there and programs haven't taken every process of this host's."""
        if len(self._spares) < _AHEAD:
            with suppress(OSError):
                self._spares.append(self._make())

    def renew(self) -> Tracer | None:
        """Make one ahead in the place of all that wait; its tracer. OSError where no process can be made."""
        spares, self._spares = self._spares, []
        for spare in spares:
            spare.discard()
        self._spares.append(self._make())
        return self._spares[0].kept.tracer

    def keep(self, command: Command, is_wanted: Callable[[], bool] = lambda: True) -> Kept:
        """Execute a command; where there is a tracer, once that has hold of it. OSError where no process can be made.

        If it isn't wanted any more by then, it ends as if killed. The caller closes its copies of the program's
        descriptors, when the program executes.
        """
        while True:
            is_last = not self._spares
            spare = self._make() if is_last else self._spares.pop(0)
            try:
                return _give(spare, command, is_wanted)
            except OSError:  # a program on this host may have killed it
                spare.discard()
                if is_last:
                    raise

    def _make(self) -> _Spare:
        tracer = self._begin_tracer()
        try:
            return _make(self._how, tracer)
        finally:
            if tracer is not None:
                os.close(tracer.lets_in)


def _give(spare: _Spare, command: Command, is_wanted: Callable[[], bool]) -> Kept:
    """Send the order, or see to it that it is sent. OSError if nobody is there to take it."""
    kept = _awake(spare.kept)
    if kept.tracer is None:
        _send(spare, command)
    elif kept.tracer.status is None:
        kept.tracer.when_known(lambda: _send_if_there(spare, command) if is_wanted() else spare.orders.close())
    else:
        raise ProcessLookupError  # a program on this host may have killed it
    return kept


def _send_if_there(spare: _Spare, command: Command) -> None:
    """Send the order. Whoever is gone by now doesn't take it: his pipes tell."""
    with suppress(OSError):
        _send(spare, command)


def _send(spare: _Spare, command: Command) -> None:
    words = [command.file, command.words, command.environment, command.directory, command.terminal]
    order = json.dumps(words).encode()
    descriptors = [command.stdin, command.stdout, command.stderr]
    with spare.orders:
        socket.send_fds(spare.orders, [len(order).to_bytes(4, "big")], descriptors)
        spare.orders.sendall(order)


def _awake(kept: Kept) -> Kept:
    """Let the keeper and its child go on, should a program of this host have stopped them while they waited."""
    try:
        said = os.read(kept.report, 4096)
    except BlockingIOError:  # just made: its child has said nothing, hence is still in its process group
        with suppress(ProcessLookupError):
            os.killpg(kept.pid, signal.SIGCONT)
        return kept
    for pid in [kept.pid, *(int(line[2:]) for line in said.splitlines() if line.startswith(b"P "))]:
        os.kill(pid, signal.SIGCONT)
    return kept._replace(said=said)


def _make(how: Confinement, tracer: Tracer | None) -> _Spare:
    made = pipes(2)
    (report_in, report_out), (executes_in, executes_out) = made
    agent = os.getpid()
    sockets: list[socket.socket] = []
    try:
        sockets += socket.socketpair()
        pid = os.fork()
    except OSError:
        close_each(made)
        for one in sockets:
            one.close()
        raise
    ours, theirs = sockets
    if pid == 0:
        try:
            _keeper(how, agent, report_out, executes_out, theirs, tracer)
        finally:
            os._exit(70)
    theirs.close()
    os.close(report_out)
    os.close(executes_out)
    os.set_blocking(report_in, False)
    os.set_blocking(executes_in, False)
    return _Spare(Kept(pid, report_in, executes_in, b"", tracer), ours)


def _keeper(
    how: Confinement, agent: int, report: int, executes: int, orders: socket.socket, tracer: Tracer | None
) -> NoReturn:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.die_with_parent(agent, signal.SIGKILL)
    os.setsid()
    try:
        child = os.fork()
    except OSError as error:
        _say_failure(report, error)
        os._exit(0)
    if child == 0:
        kept = [0, 1, 2, report, executes, orders.fileno(), *([tracer.lets_in] if tracer is not None else [])]
        close_all_but(*kept)  # nobody's input stays open for our sake
        _program(how, report, orders, tracer)
    close_all_but(report)
    _reap(child, report)


def _reap(child: int, report: int) -> NoReturn:
    """Report the child's end before reaping it: if we are killed in between, the agent finds it still to be reaped."""
    while True:
        try:
            ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        except ChildProcessError:
            os.write(report, b"G\n")
            os._exit(0)
        assert ended is not None
        if ended.si_pid == child:
            os.write(report, b"X %d %d\n" % (_status(ended), time.monotonic_ns()))
        os.waitpid(ended.si_pid, 0)


def _status(ended: os.waitid_result) -> int:
    """As waitpid(2) gives it. A core dump isn't told: there is none."""
    return ended.si_status << 8 if ended.si_code == os.CLD_EXITED else ended.si_status


def _program(how: Confinement, report: int, orders: socket.socket, tracer: Tracer | None) -> NoReturn:
    """Get ready, wait for the order and become the program.

    Every descriptor but the program's own is close-on-exec: the pipes end by themselves.
    """
    try:
        os.write(report, b"P %d\n" % os.getpid())
        os.setsid()
        confine(how)
        os.umask(0o022)
        if tracer is not None:
            let_trace(tracer.pid, tracer.lets_in)
        (file, words, environment, directory, terminal), descriptors = _receive(orders)
        os.write(report, b"O %d\n" % time.monotonic_ns())
        for standard, descriptor in enumerate(descriptors):
            os.dup2(descriptor, standard)
            os.close(descriptor)
        if terminal:
            control_terminal(0)
        os.chdir(directory)
        for number in signal.valid_signals():  # Python ignores some, and who began labctl (nohup, a shell's &) others
            if signal.getsignal(number) == signal.SIG_IGN:
                signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve(file, words, environment)
    except Exception as error:  # whatever it is, it is said: a program that silently isn't one looks like its failure
        _say_failure(report, error)
    finally:
        os._exit(127)


def _say_failure(report: int, error: Exception) -> None:
    code, text = (error.errno, error.strerror) if isinstance(error, OSError) else (None, None)
    os.write(report, b"E %d %s\n" % (code or 0, (text or repr(error)).encode("utf-8", "replace")))


def _receive(orders: socket.socket) -> tuple[list, list[int]]:  # type: ignore[type-arg]  # JSON's own types
    """The order and its descriptors. If none comes any more the process ends, as if killed: it was no program yet."""
    length, descriptors, _, _ = socket.recv_fds(orders, 4, 3)
    size = int.from_bytes(length, "big")
    data = b""
    while len(data) < size:
        piece = orders.recv(size - len(data))
        if not piece:
            break
        data += piece
    if not size or len(data) < size:
        signal.raise_signal(signal.SIGKILL)
    return json.loads(data), descriptors
