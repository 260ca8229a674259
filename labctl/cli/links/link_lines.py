"""What is in force on the links of a lab, and was counted there -> lines. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from labctl.runner.counted import Counts
from labctl.runner.titles import fault, only, time
from labctl.scenario.model import Fault
from labctl.standing.seen import FaultsSeen, LinkSeen

_MOST_SHOWN = 20


def link_lines(seen: FaultsSeen, hosts: Collection[str]) -> Iterator[str]:
    """A line for each direction and kind of packets, and one for what was counted since its last `link`.

    `hosts` are all of the lab. What can't be relied on is said.
    """
    if not (seen.links or seen.others or seen.gone):
        yield "no link has a fault"
    for link in seen.links:
        yield _line(link, hosts)
        yield f"  {_counts(link.counts)}" if link.counts is not None else "  nothing is counted"
    for other in seen.others:
        state = "a run that goes on" if other.goes_on else "a run that left its lab standing"
        yield f"{other.rule}, where {other.receiver} receives: put there by {state}"
    for host, why in seen.gone.items():
        yield f"what looks after the links of {host} has ended{f': {why}' if why else ''}"
        yield f"  nothing that was to happen there can be relied on; `labctl heal 'any -> {host}'` mends that"
    for host, count in seen.lost.items():
        yield f"{count} packets were lost where {host} receives, before they could be looked at"


def _line(link: LinkSeen, hosts: Collection[str]) -> str:
    is_any = len(hosts) > 2 and set(link.senders) == set(hosts) - {link.receiver}
    senders = "any" if is_any else ", ".join(link.senders)
    of = f", {only(link.only)}" if link.only is not None else ""
    return f"{senders} -> {link.receiver}{of}: {', '.join(map(_fault, link.faults))}"


def _fault(it: Fault) -> str:
    more = {
        "burst": f"{it.burst:g}" if it.burst > 1 else "",
        "hold": str(it.hold) if it.hold > 1 else "",
        "visible": "true" if it.visible else "",
        "jitter": time(it.jitter_s) if it.jitter_s else "",
        "queue": time(it.queue_s) if it.name == "rate" else "",
    }
    return " ".join([fault(it), *(f"{name} {value}" for name, value in more.items() if value)])


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_MOST_SHOWN]))
    return f"{shown}, …" if len(numbers) > _MOST_SHOWN else shown


def _counts(counts: Counts) -> str:
    lost = "; ".join(f"{sender}: {_listed(numbers)}" for sender, numbers in counts.lost.items())
    words = [
        f"sent {counts.sent}",
        f"arrived {counts.arrived}",
        f"dropped {counts.dropped}" + (f" ({lost})" if lost else ""),
    ]
    words += [f"retransmitted {counts.retransmitted}"] if counts.retransmitted else []
    words += [f"resets {counts.resets}"] if counts.resets else []
    return ", ".join(words)
