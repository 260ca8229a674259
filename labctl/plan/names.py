"""A plan -> the hosts file of a host: the lab's only source of names, the same on every engine."""

from __future__ import annotations

from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.scenario.model import Family

NSSWITCH = "passwd: files\ngroup: files\nhosts: files\nservices: files\nprotocols: files\n"
"""nsswitch.conf(5): names come from the host's own files, so that an unknown one is unknown at once."""


def hosts_file(plan: Plan, host: str) -> str:
    """The text of /etc/hosts (hosts(5)) on that host: localhost, itself and all others, absent ones too.

    A name that stands on several lines has all their addresses; the host's own come first.

    KeyError if the plan has no such host.
    """
    own = plan.host(host)
    lines = ["127.0.0.1\tlocalhost"]
    if plan.family is not Family.IPV4:
        lines.append("::1\tlocalhost")
    others: list[HostPlan | AbsentHost] = [other for other in plan.hosts if other is not own]
    for known in [own, *others, *plan.absent]:
        names = " ".join((known.name, *known.aliases))
        lines += [f"{address}\t{names}" for address in (known.address4, known.address6) if address]
    return "\n".join(lines) + "\n"
