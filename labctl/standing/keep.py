"""An engine -> one whose labs can be left standing when their scenario is over."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path

from labctl.engine.contract import Channel, Engine, LabSeen, Purpose, Readiness, Say
from labctl.plan.model import Plan
from labctl.standing.holder import hold
from labctl.standing.places import claim
from labctl.standing.visit import VisitedLab, halt, take_down, visit


class KeptLab:
    """A lab in a process of its own: `leave` lets it stand, `down` ends it."""

    def __init__(self, name: str, visited: VisitedLab) -> None:
        self.name = name
        self._visited = visited
        self.plan = visited.plan

    @property
    def channels(self) -> Mapping[str, Channel]:
        return self._visited.channels

    def halt(self, host: str) -> None:
        """Have its holder do it: the host stays halted when the lab is left standing."""
        if host in self._visited.channels:
            halt(self.name, host)
            self._visited.channels.pop(host).close()

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """Have its holder do it: what the sidecars are told stays when the lab is left standing."""
        return self._visited.attend(hosts, purpose=purpose)

    def leave(self) -> None:
        """End the programs that were started there; the lab stays, its links as they are."""
        self._visited.keep_faults()
        self._visited.down()

    def down(self) -> None:
        """Take it down."""
        self._visited.down()
        take_down(self.name)


class KeepingEngine:
    """The same engine, with a holder for each lab."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self._make = make
        self._engine = make()
        self.name = self._engine.name

    def readiness(self) -> Readiness:
        return self._engine.readiness()

    def prepare(self, plan: Plan, say: Say) -> None:
        self._engine.prepare(plan, say)

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> KeptLab:
        name, claimed = claim_free(plan.name)
        hold(self._make, plan, name, claimed, folder, say)
        return KeptLab(name, visit(name, is_run=True))

    def labs(self) -> list[LabSeen]:
        return self._engine.labs()

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        return self._engine.sweep(older_than_s=older_than_s)


def claim_free(title: str) -> tuple[str, int]:
    """A name for a lab that none has yet, and the claim to it: the title's own, with a number if need be."""
    base = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:30] or "lab"
    for number in count(1):
        name = base if number == 1 else f"{base}-{number}"
        claimed = claim(name)
        if claimed is not None:
            return name, claimed
    raise AssertionError("count() has no end")
