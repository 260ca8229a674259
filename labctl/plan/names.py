"""A plan -> the hosts file of a host: the lab's only source of names, the same on every engine."""

from __future__ import annotations

from collections.abc import Iterator

from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.scenario.model import Family

NSSWITCH = "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"
"""nsswitch.conf(5): names come from the host's own files, so that an unknown one is unknown at once."""


def hosts_file(plan: Plan, host: str) -> str:
    """The text of /etc/hosts (hosts(5)) on that host: localhost, itself and all that share a network with it.

    A name that stands on several lines has all their addresses; the host's own come first. KeyError if the plan has no
    such host.
    """
    own = plan.host(host)
    lines = ["127.0.0.1\tlocalhost"]
    if plan.family is not Family.IPV4:
        lines.append("::1\tlocalhost")
    for wire in own.wires:
        names = " ".join(dict.fromkeys((own.name, *own.aliases, *wire.aliases)))
        lines += [f"{address}\t{names}" for address in wire.addresses]
    lines += [f"{address}\t{' '.join(names)}" for address, names in known_names(plan, own)]
    return "\n".join(lines) + "\n"


def known_names(plan: Plan, own: HostPlan) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each address of another host that a host has names for, with these; absent ones come last.

    A host's name stands for its addresses on the first of the networks that both are on, in the asking host's order.
    What else it is called on a network stands for its addresses there.
    """
    others: list[HostPlan | AbsentHost] = [other for other in plan.hosts if other is not own]
    for other in [*others, *plan.absent]:
        everywhere = (other.name, *other.aliases)
        shared = [their for wire in own.wires for their in other.wires if their.network == wire.network]
        for number, their in enumerate(shared):
            there = (alias for alias in their.aliases if alias not in everywhere)
            names = tuple(dict.fromkeys((*(() if number else everywhere), *there)))
            yield from ((address, names) for address in their.addresses if names)


def reached_from(plan: Plan, host: str, other: HostPlan | AbsentHost) -> tuple[str, ...]:
    """The addresses that a name stands for on that host; all that the other one has where they share no network."""
    own = plan.host(host)
    if other.name == host:
        return other.wires[0].addresses
    shared = (their for wire in own.wires for their in other.wires if their.network == wire.network)
    first = next(shared, None)
    return other.addresses if first is None else first.addresses
