"""A plan -> what the sidecar beside a host is told; a fault -> the mechanisms of the packet filter it needs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labctl.engine.contract import EngineError, Finding
from labctl.plan.model import Plan
from labctl.sidecar.marks import COPIED

_COMMANDS = {"nft": "apt-get install nftables", "iptables": "apt-get install iptables"}

QUEUE = ("nft queue", "iptables NFQUEUE")
"""Ways to the queue: one of them is enough."""

NUMBERED = "nft numgen"
"""Where there is no queue, datagrams can be lost by their number."""

_QUEUED: tuple[tuple[str, ...], ...] = (("nft tables",), ("packet queue",), QUEUE)

NEEDS: dict[str, tuple[tuple[str, ...], ...]] = {
    "cut": (("nft tables",),),
    "cut with an answer": (("nft tables",), ("nft reject",)),
    "drop of datagrams": (("nft tables",), ("packet queue", NUMBERED), (*QUEUE, NUMBERED)),
    "drop of segments": _QUEUED,
    "drop of fragments": (("nft tables",), ("nft fragments",)),
    "corrupt": _QUEUED,
    "duplicate": (*_QUEUED, ("nft dup",)),
    "reorder": _QUEUED,
    "delay": _QUEUED,
    "rate": _QUEUED,
}
"""By fault: of each of these one mechanism (labctl.sidecar.probe) has to work."""


def settings_for(
    plan: Plan, host: str, *, has_queue: bool | None = None, has_own_queue: bool | None = None
) -> dict[str, object]:
    """What the sidecar beside that host is told (labctl.sidecar.serve). KeyError if the plan has no such host.

    `has_queue`, `has_own_queue`: what a scratch namespace of that kernel showed; None where whoever starts the
    sidecar has to look.
    """
    settings: dict[str, object] = {
        "host": host,
        "addresses": list(plan.host(host).addresses),
        "names": {address: other.name for other in plan.hosts for address in other.addresses},
        "force_buffer": True,
    }
    shown = {"has_queue": has_queue, "has_own_queue": has_own_queue}
    return settings | {name: value for name, value in shown.items() if value is not None}


def capture_settings(plan: Plan, host: str) -> dict[str, object]:
    """What the sidecar that records beside that host is told (labctl.sidecar.capture). KeyError for an unknown one.

    A copy that a sidecar of links has made is no packet that anybody sent.
    """
    wires = plan.host(host).wires
    several = {"networks": [list(wire.addresses) for wire in wires]} if len(wires) > 1 else {}
    return {"host": host, "left_out": COPIED} | several


def demand_attendable(hosts: Sequence[str], plan: Plan, up: Mapping[str, object]) -> None:
    """EngineError for the first of these hosts that the plan hasn't, or that is not up any more."""
    for host in hosts:
        if host not in up:
            known = host in {one.name for one in plan.hosts}
            there = ", ".join(up) or "none"
            raise EngineError(f"host {host} can't be attended: " + ("it was halted" if known else f"there is {there}"))


def findings(mechanisms: Mapping[str, str]) -> tuple[Finding, ...]:
    """What a probe said, as findings: for a command that is missing, with the package that has it."""
    return tuple(Finding(name, works=not why, detail=why, mend=_mend(why)) for name, why in mechanisms.items())


def _mend(why: str) -> str:
    return next((mend for command, mend in _COMMANDS.items() if repr(command) in why), "")


def hindrances(fault: str, mechanisms: Sequence[Finding]) -> tuple[str, ...]:
    """The mechanisms that a fault needs and that don't work, of ways that are as good the first; none if it works."""
    works = {finding.what for finding in mechanisms if finding.works}
    return tuple(ways[0] for ways in NEEDS[fault] if not works & set(ways))
