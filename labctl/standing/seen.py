"""What is in force on the links of a lab that stands, as its holder tells it: values."""

from __future__ import annotations

from msgspec import Struct

from labctl.runner.counted import Counts
from labctl.scenario.model import Fault, Only


class LinkSeen(Struct, frozen=True, kw_only=True):
    """What is in force in one direction. `counts` None: nobody counts there, for the sidecar has ended."""

    senders: tuple[str, ...]
    receiver: str
    only: Only | None
    faults: tuple[Fault, ...]
    counts: Counts | None


class OthersRule(Struct, frozen=True):
    """A rule that a run has put there. `goes_on`: the run does; otherwise it has left its lab standing as it was."""

    receiver: str
    rule: str
    goes_on: bool


class FaultsSeen(Struct, frozen=True, kw_only=True):
    """What is in force on the links of a lab. `gone`: hosts whose sidecar has ended by itself, and why.

    `lost`: by receiver, how many packets were lost before they could be looked at.
    """

    links: tuple[LinkSeen, ...]
    others: tuple[OthersRule, ...]
    gone: dict[str, str]
    lost: dict[str, int]
