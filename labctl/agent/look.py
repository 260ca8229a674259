"""A condition of labctl's -> what is seen of it on this host, now."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from labctl.agent import states
from labctl.agent.confine import Confinement
from labctl.agent.processes import blocked_calls, descendants, processes, socket_inodes
from labctl.agent.programs import Program
from labctl.agent.sockets import sockets


class Looker:
    """Looks at programs and sockets. Entries of a program in /proc are read as the program's own uid.

    On Docker the agent has no right to look into another uid's processes, and as their ancestor it may when
    it takes their ids for the look (ptrace(2): the check is by the file-system ids, and nobody may signal a
    process for its effective uid alone).
    """

    def __init__(self, looks_as: Confinement | None) -> None:
        self._looks_as = looks_as

    def at_port(self, port: states.PortWanted, owner: Program | None) -> states.Seen:
        """The states of a port; with an owner, only of sockets that it or a descendant has open."""
        found = sockets(port.protocol)
        if owner is not None:
            inodes = self._inodes(owner)
            found = [one for one in found if one.inode in inodes]
        return states.seen_at_port(port, found)

    def at_program(self, program: Program, wanted: states.Wanted) -> states.Seen:
        """The states of a program. Calls are looked up only when they are asked for."""
        among = processes()
        calls: list[str] = []
        if "blocked" in wanted:
            pids = [program.pid, *(one.pid for one in descendants(program.pid, among))]
            with self._eyes():
                calls = [call for pid in pids for call in blocked_calls(pid)]
        return states.seen_of_program(program.pid, among, calls)

    def _inodes(self, program: Program) -> set[int]:
        pids = [one.pid for one in descendants(program.keeper, processes())]
        with self._eyes():
            return {inode for pid in pids for inode in _inodes_or_none(pid)}

    @contextmanager
    def _eyes(self) -> Iterator[None]:
        if self._looks_as is None:
            yield
            return
        os.setegid(self._looks_as.gid)
        os.seteuid(self._looks_as.uid)
        try:
            yield
        finally:
            os.seteuid(0)
            os.setegid(0)


def _inodes_or_none(pid: int) -> set[int]:
    try:
        return socket_inodes(pid)
    except PermissionError:  # between fork and exec a program still is the agent's
        return set()


def port_from(values: dict[str, Any]) -> states.PortWanted:
    """A port from its JSON."""
    return states.PortWanted(
        values["protocol"], values.get("number"), values.get("addresses"), values.get("path")
    )
