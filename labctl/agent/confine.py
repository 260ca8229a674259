"""A process about to become a program -> one without privileges, within limits.

Called between fork and exec, in the child. On Docker the agent is uid 0 and programs are another uid; on
namespaces there is one uid to give, so each program gets a user namespace of its own, in which it is an
ordinary user and from which neither the agent nor the host's network can be reached.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from labctl.agent import kernel

_NICENESS = 15
"""Of programs in a container: a thousand of them that all run must not keep the agent from its turn for seconds. It
weighs only among the container's own processes; on namespaces, where the whole machine's compete, sessions do."""
_ENDED_FIRST = 1000
"""The oom_score_adj of programs (proc(5)): where memory is short it is one of them that the kernel ends."""


class Confinement(NamedTuple):
    """How programs are held. `own_user_namespace`: netns; otherwise setuid to `uid` (0: stay as we are).

    Sizes in bytes; `processes` binds only in a user namespace of its own (elsewhere it would count the
    processes that the uid has on the whole machine, so there the container's pids limit stands).
    """

    own_user_namespace: bool
    uid: int
    gid: int
    processes: int
    memory: int
    files: int
    file_size: int
    filter: bytes | None


def confine(how: Confinement) -> None:
    """Give up what a program must not have. OSError where something can't be given up: then don't exec."""
    _limit(how)
    _write("/proc/self/oom_score_adj", f"{_ENDED_FIRST}")
    if how.own_user_namespace:
        _enter_user_namespace(how.uid, how.gid)
        _limit_processes(how.processes)
    elif os.getuid() != how.uid:
        os.setpriority(os.PRIO_PROCESS, 0, _NICENESS)
        os.setgroups([])
        os.setgid(how.gid)
        os.setuid(how.uid)
    kernel.drop_capabilities()
    kernel.no_new_privileges()
    if not how.own_user_namespace:
        kernel.keep_to_its_own()  # who shares an uid could look into others, and write there (/proc/PID/mem)
    if how.filter is not None:
        kernel.install_filter(how.filter)


def stand_beside(how: Confinement | None) -> None:
    """Become who can trace programs: with their uid, whose /proc entries say what a descriptor leads to.

    CAP_SYS_PTRACE is what it has over them: without it they could look into its memory as it does into theirs. With
    None it stays who it is, with that right where it has it, and no other. OSError.
    """
    if how is None:
        kernel.drop_capabilities(all_but=kernel.CAP_SYS_PTRACE)
    else:
        kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
        os.setgroups([])
        os.setgid(how.gid)
        os.setuid(how.uid)
        kernel.keep_one_capability(kernel.CAP_SYS_PTRACE)


@contextmanager
def acting_as(how: Confinement | None) -> Iterator[None]:
    """Do something in the agent with the ids of its programs; with None as it is.

    What is made so is theirs to open. Their /proc entries can be read so by their ancestor, which has no right to
    look into another uid's (ptrace(2): the check is by the file-system ids), and their tracers' with CAP_SYS_PTRACE.
    Nobody may signal a process for its effective uid alone.
    """
    if how is None:
        yield
        return
    os.setegid(how.gid)
    os.seteuid(how.uid)
    try:
        kernel.put_in_effect(kernel.CAP_SYS_PTRACE)
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def _limit(how: Confinement) -> None:
    _lower(resource.RLIMIT_NOFILE, how.files)
    _lower(resource.RLIMIT_FSIZE, how.file_size)
    _lower(resource.RLIMIT_DATA, how.memory)
    _lower(resource.RLIMIT_CORE, 0)


def _lower(which: int, value: int) -> None:
    """Set a limit, soft and hard, never above what is there (raising needs a privilege)."""
    _, hard = resource.getrlimit(which)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(which, (value, value))


def _limit_processes(processes: int) -> None:
    _lower(resource.RLIMIT_NPROC, processes)


def _enter_user_namespace(uid: int, gid: int) -> None:
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.CLONE_NEWUSER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {outer_uid} 1")
    _write("/proc/self/gid_map", f"{gid} {outer_gid} 1")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
