"""Labs that stand -> a line each for people, and one JSON document for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from labctl.engine.contract import LabSeen
from labctl.plan.model import HostPlan
from labctl.scenario.problems import printable
from labctl.standing.visit import Standing


def line_of(lab: Standing) -> str:
    """A lab that stands: its hosts, whose it is, its labels, and what is not as it was."""
    line = f"{lab.name}  {lab.engine}  {', '.join(_host_shown(host, lab) for host in lab.plan.hosts)}"
    line += "".join(f"  {key}={value}" for key, value in lab.labels.items())
    if lab.user:
        line += f"  owner {lab.user}"
    if lab.faults:
        line += f"  ({lab.faults} fault{'s' * (lab.faults > 1)} on links; labctl link shows them)"
    if lab.gone:
        line += f"  (what looks after the links of {', '.join(lab.gone)} has ended; labctl heal all mends that)"
    return printable(line)


def _host_shown(host: HostPlan, lab: Standing) -> str:
    shown = f"{host.name} {host.address4 or host.address6 or ''}".rstrip()
    return shown if host.name in lab.up else f"{shown} (halted)"


def line_of_other(seen: LabSeen) -> str:
    """A lab on Docker that this user's processes don't hold."""
    state = {True: "a run goes on there", False: "left by a killed run; labctl down --all removes it"}
    unknown = "nobody here knows whose it is; labctl down --all --older-than AGE removes it when it is that old"
    what = unknown if seen.alive is None else state[seen.alive]
    return f"{seen.name}  {seen.engine}  {', '.join(seen.hosts)}  ({what})"


def labs_text(labs: Sequence[Standing], others: Sequence[LabSeen]) -> str:
    """All of them as JSON: `labs` stand, `others` are on Docker (`alive`: a run goes on; null: nobody can tell)."""
    held = [
        {
            "name": lab.name,
            "engine": lab.engine,
            "owner": lab.user,
            "labels": lab.labels,
            "pid": lab.holder,
            "runs": lab.runs,
            "faults": lab.faults,
            "gone": lab.gone,
            "hosts": [
                {"name": host.name, "addresses": host.addresses, "up": host.name in lab.up} for host in lab.plan.hosts
            ],
        }
        for lab in labs
    ]
    seen = [{"name": one.name, "engine": one.engine, "hosts": one.hosts, "alive": one.alive} for one in others]
    return json.dumps({"labs": held, "others": seen}, indent=2, default=str)
