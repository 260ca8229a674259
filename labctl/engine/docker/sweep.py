"""Containers and networks with our labels -> labs; those that dead owners left -> removed."""

from __future__ import annotations

from labctl.engine.contract import LabSeen
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.labels import Made, is_of_this_machine, lives
from labctl.engine.docker.removal import remove_lab


def seen(daemon: Daemon) -> list[LabSeen]:
    """Every lab that has a container or a network left, by name."""
    parts: dict[str, list[Made]] = {}
    for part in (*daemon.containers(), *daemon.networks()):
        parts.setdefault(part.lab, []).append(part)
    labs = [_lab(lab, its) for lab, its in parts.items()]
    return sorted(labs, key=lambda one: (one.name, one.lab))


def _lab(lab: str, parts: list[Made]) -> LabSeen:
    owner = parts[0].owner
    return LabSeen(
        engine="docker",
        lab=lab,
        name=parts[0].name,
        hosts=tuple(sorted(part.host for part in parts if part.host)),
        alive=lives(owner),
        owner=owner,
    )


def swept(daemon: Daemon, *, everything: bool) -> list[str]:
    """Remove dead owners' labs, or every lab of this machine's; say what was removed, a line each."""
    lines = []
    for one in seen(daemon):
        if one.alive is False or (everything and is_of_this_machine(one.owner)):
            remove_lab(daemon, one.lab)
            why = "its owner is gone" if one.alive is False else "asked for"
            lines.append(f"removed lab {one.name} ({one.lab}) with {len(one.hosts)} hosts from docker: {why}")
    return lines
