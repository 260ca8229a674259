"""A command -> a running program with a keeper: its parent, which no descendant of the program outlives unseen.

The keeper is also the reaper of the program's orphans, so whatever daemonises itself still belongs to the
program it came from. It reports on a pipe: `P pid` at once, `X status nanoseconds` when the program has ended
(wait status, CLOCK_MONOTONIC), and the pipe's end when the last descendant is gone. `E errno text` says that
the program could not be executed.
"""

from __future__ import annotations

import os
import signal
import time
from typing import NamedTuple, NoReturn

from labctl.agent import kernel
from labctl.agent.confine import Confinement, confine
from labctl.agent.window import control_terminal


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


def keep(command: Command, how: Confinement) -> tuple[int, int, int]:
    """Fork the keeper: (its pid, its report pipe, a pipe that ends when the program executes).

    The two pipes are non-blocking. The caller closes its copies of the program's ends.
    """
    report_in, report_out = os.pipe()
    executes_in, executes_out = os.pipe()
    agent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _keeper(command, how, agent, report_out, executes_out)
        finally:
            os._exit(70)
    os.close(report_out)
    os.close(executes_out)
    os.set_blocking(report_in, False)
    os.set_blocking(executes_in, False)
    return pid, report_in, executes_in


def _keeper(command: Command, how: Confinement, agent: int, report: int, executes: int) -> NoReturn:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN if number == signal.SIGPIPE else signal.SIG_DFL)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.die_with_parent(agent, signal.SIGKILL)
    os.setsid()
    child = os.fork()
    if child == 0:
        _program(command, how, report)
    _close_all_but(report)
    _reap(child, report)


def _reap(child: int, report: int) -> NoReturn:
    while True:
        try:
            pid, status = os.waitpid(-1, 0)
        except ChildProcessError:
            os._exit(0)
        if pid == child:
            os.write(report, b"X %d %d\n" % (status, time.monotonic_ns()))


def _program(command: Command, how: Confinement, report: int) -> NoReturn:
    """Become the program. The executes pipe closes by itself at exec (it is close-on-exec), and so does report."""
    try:
        os.write(report, b"P %d\n" % os.getpid())
        os.setsid()
        os.dup2(command.stdin, 0)
        os.dup2(command.stdout, 1)
        os.dup2(command.stderr, 2)
        if command.terminal:
            control_terminal(0)
        os.chdir(command.directory)
        confine(how)
        os.umask(0o022)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.execve(command.file, command.words, command.environment)
    except OSError as error:
        os.write(report, b"E %d %s\n" % (error.errno or 0, str(error).encode("utf-8", "replace")))
    finally:
        os._exit(127)


def _close_all_but(kept: int) -> None:
    os.closerange(0, kept)
    os.closerange(kept + 1, 4096)
