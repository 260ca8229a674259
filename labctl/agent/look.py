"""A condition of labctl's -> what is seen of it on this host, now."""

from __future__ import annotations

import time
from typing import Any

from labctl.agent import states
from labctl.agent.confine import Confinement, acting_as
from labctl.agent.processes import blocked_calls, descendants, first_few, process_of, processes, socket_inodes
from labctl.agent.programs import Program
from labctl.agent.sockets import sockets
from labctl.agent.stopping import is_stopped

_LOOKED_AT = 8
_LOOKS_FOR_S = 0.05


class Looker:
    """Looks at programs and sockets. Entries of a program in /proc are read as the program's own uid."""

    def __init__(self, acts_as: Confinement | None) -> None:
        self._acts_as = acts_as

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
        with acting_as(self._acts_as):
            if "blocked" in wanted:
                pids = [program.pid, *(one.pid for one in descendants(program.pid, among))]
                calls = [call for pid in pids for call in blocked_calls(pid)]
            stopped = program.pid in among and is_stopped(among[program.pid])
        return states.seen_of_program(program.pid, among, calls, stopped=stopped)

    def glance(self, program: Program) -> states.Seen:
        """Whether a program is stopped, or in which calls it blocks: a quick look, however many processes it has."""
        with acting_as(self._acts_as):
            process = process_of(program.pid)
            stopped = process is not None and is_stopped(process)
        return {"blocked": self.last_calls(program), "stopped": stopped}

    def last_calls(self, program: Program) -> list[str]:
        """The calls in which a program blocks: a quick look, at the first few processes.

        Among hundreds that fork all the time each look can take a while; then at fewer, for there is no time to lose.
        """
        until = time.monotonic() + _LOOKS_FOR_S
        calls: set[str] = set()
        with acting_as(self._acts_as):
            for pid in first_few(program.pid, _LOOKED_AT):
                calls.update(blocked_calls(pid))
                if time.monotonic() > until:
                    break
        return sorted(calls)

    def has_taken(self, program: Program, number: int) -> bool:
        """Whether a signal that was sent to a program has taken effect."""
        with acting_as(self._acts_as):
            return program.has_taken(number)

    def _inodes(self, program: Program) -> set[int]:
        pids = [one.pid for one in descendants(program.keeper, processes())]
        with acting_as(self._acts_as):
            return {inode for pid in pids for inode in _inodes_or_none(pid)}


def _inodes_or_none(pid: int) -> set[int]:
    try:
        return socket_inodes(pid)
    except PermissionError:  # between fork and exec a program still is the agent's
        return set()


def port_from(values: dict[str, Any]) -> states.PortWanted:
    """A port from its JSON."""
    return states.PortWanted(values["protocol"], values.get("number"), values.get("addresses"), values.get("path"))
