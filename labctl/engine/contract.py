"""What every engine promises: it makes hosts, gives one channel to the agent on each, and unmakes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

from msgspec import Struct

from labctl.plan.model import Plan

Say = Callable[[str], None]
"""Told, in a few words, what is being done now; for people who wait. Told again while it lasts.

What it raises ends what is being done, which then leaves nothing, and goes through.
"""


Purpose = Literal["links", "capture"]
"""What a sidecar is for: faults on the links of its host (labctl.sidecar.serve), or recording the host's packets
(labctl.sidecar.capture)."""


class EngineError(Exception):
    """An engine can't do what was asked: what happened, and in `hint` what to do about it.

    The verdict of whatever asked is UNKNOWN (exit 3): the lab could not be built, or it broke.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Finding(Struct, frozen=True):
    """One thing that an engine needs. `mend` is the command or the setting that mends it where it is missing."""

    what: str
    works: bool
    detail: str = ""
    mend: str = ""


class Readiness(Struct, frozen=True):
    """Whether an engine works on this machine. It works when each finding does.

    `mechanisms` are those of faults, by name (labctl.sidecar.probe); none where they were not tried. An engine works
    without them.
    """

    engine: str
    findings: tuple[Finding, ...]
    mechanisms: tuple[Finding, ...] = ()

    @property
    def works(self) -> bool:
        return all(finding.works for finding in self.findings)


class LabSeen(Struct, frozen=True, kw_only=True):
    """A lab that exists: for `labctl ps` and for sweeping. `alive`: its owner still runs (None: can't be told).

    `created`: when its newest part was made, in seconds since 1970.
    """

    engine: str
    lab: str
    name: str
    hosts: tuple[str, ...]
    alive: bool | None
    owner: str
    created: float = 0.0


class Channel(Protocol):
    """A byte stream to and from the agent on a host, or the sidecar beside it.

    Frames (labctl.agent.frames) travel on it.
    """

    def fileno(self) -> int:
        """A descriptor that selects as readable when `receive` has something or the end is there."""

    def receive(self) -> bytes:
        """Bytes that are there now; b"" at the end. Called when readable; may return fewer than are there."""

    def send(self, data: bytes) -> None:
        """Send all of it. BrokenPipeError when the other end is gone."""

    def close(self) -> None:
        """Close it. May be called twice."""


class Lab(Protocol):
    """A lab that stands: the agent on each host has said hello."""

    @property
    def plan(self) -> Plan:
        """The plan as it was built (an engine may have moved it to a free subnet)."""

    @property
    def channels(self) -> Mapping[str, Channel]:
        """Host name to channel, one for each host of the plan that has not been halted."""

    def halt(self, host: str) -> None:
        """Take a host down for good, as if its power were cut: first its link, then everything that runs there.

        Returns when that has ended. Nothing that it sends from the beginning of this call on need arrive, nothing of
        its end does, and its channel is closed. A host that is halted already is let be. EngineError if it can't be
        done; then the lab is broken.
        """

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """Start a sidecar beside each of these hosts, with rights over its network alone, and no more than it needs.

        A channel to each; the first frame on it is `hello`, or `broken` with the reason. Closing it gives back what
        the sidecar has made, and ends it; its end by itself ends nothing but its channel. For each purpose a host has
        one sidecar at a time: one that is about to end is waited for. It goes when its host is halted, or the lab
        comes down. EngineError if a host is unknown, halted or attended already, or can't be attended; then none of
        these is.
        """

    def down(self) -> None:
        """Unmake it. Runs in reverse, goes on after a failure, may run twice, removes only what is ours.

        EngineError if something could not be removed, after everything else was.
        """


class Engine(Protocol):
    """Makes labs. Nothing else knows which engine it is."""

    @property
    def name(self) -> str:
        """`docker`, `netns` or `fake`."""

    def readiness(self) -> Readiness:
        """What this engine needs and whether it is there. Changes nothing that stays; bounded in time."""

    def prepare(self, plan: Plan, say: Say) -> None:
        """Make what hosts are made from (images). Quick when it is there already. EngineError if it can't be had."""

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> Lab:
        """Make the lab. `lab` is its unique id, `folder` an existing folder for the engine's own files.

        On any failure, and on KeyboardInterrupt, nothing is left behind. EngineError says why.
        """

    def labs(self) -> list[LabSeen]:
        """The labs of this engine on this machine, the running ones and what dead owners left."""

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        """Remove what dead owners left. Says what was removed, a line each. Nothing that isn't ours is touched.

        Only what was made on this machine, in this boot and in this PID namespace is judged by its owner's pid. Of
        what can't be judged, that is removed whose every part is older than `older_than_s`: nothing, if that is None.
        A living owner's lab stays in any case.
        """
