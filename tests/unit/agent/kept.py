"""A program under a keeper -> what that keeper says of it."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable

from labctl.agent.confine import Confinement
from labctl.agent.keeper import Kept
from labctl.agent.processes import process_of

HOW = Confinement(
    own_user_namespace=False,
    uid=os.getuid(),
    gid=os.getgid(),
    processes=512,
    memory=1 << 30,
    files=256,
    file_size=1 << 26,
    filter=None,
)


class Report:
    """What a keeper has said, by kind, and what its program printed. `given`: what that one has of its own by now."""

    def __init__(self, kept: Kept, printed: int, given: int) -> None:
        self.kept = kept
        self._said = kept.said
        self._printed = printed
        self._given = given

    def let_go(self) -> None:
        """Close our copy of what was given to the program."""
        if self._given >= 0:
            os.close(self._given)
        self._given = -1

    def until_end(self) -> dict[str, list[bytes]]:
        """Read until the keeper is gone: each kind of line with what it said."""
        deadline = time.monotonic() + 20
        assert select.select([self.kept.executes], [], [], 20)[0]
        self.let_go()
        while True:
            assert select.select([self.kept.report], [], [], max(0, deadline - time.monotonic()))[0], self._said
            piece = os.read(self.kept.report, 4096)
            if not piece:
                break
            self._said += piece
        lines = [line.partition(b" ") for line in self._said.splitlines()]
        return {kind.decode(): [rest for name, _, rest in lines if name == kind] for kind, _, _ in lines}

    def order(self) -> str:
        """The kinds in the order in which they came; after `until_end`."""
        return "".join(chr(line[0]) for line in self._said.splitlines())

    def printed(self) -> bytes:
        """All that the program and its descendants printed."""
        assert select.select([self.kept.executes], [], [], 20)[0]
        self.let_go()
        data = b""
        while piece := os.read(self._printed, 65536):
            data += piece
        return data


Start = Callable[..., Report]


def status_of(said: dict[str, list[bytes]]) -> int:
    """The wait status that was told."""
    return int(said["X"][0].split()[0])


def state(pid: int) -> str:
    """The letter of a process's state."""
    found = process_of(pid)
    return found.state if found is not None else ""
