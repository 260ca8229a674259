"""A lab that stands, and which of its hosts are up -> the names that the ends of a LINK may have there. Pure."""

from __future__ import annotations

from collections.abc import Collection

from labctl.plan.model import Plan
from labctl.scenario.links.places import Places


def names_in(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Every name of hosts, absent ones too, and the hosts that it stands for: a counted one's plain name for all."""
    named: dict[str, tuple[str, ...]] = {host.name: (host.name,) for host in plan.hosts}
    for host in plan.hosts:
        if host.service != host.name:
            named[host.service] = (*named.get(host.service, ()), host.name)
    return named | {name: () for name in absent_in(plan) if name not in named}


def absent_in(plan: Plan) -> set[str]:
    """The names of absent hosts, and the plain names of counted ones."""
    return {name for host in plan.absent for name in (host.name, *host.aliases)}


def places_in(plan: Plan, up: Collection[str]) -> Places:
    """The places of a lab's hosts, of those that are up."""
    named = {name: tuple(host for host in hosts if host in up) for name, hosts in names_in(plan).items()}
    return Places(named, [host.name for host in plan.hosts if host.name in up])
