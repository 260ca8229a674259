"""Containers and networks with our labels -> labs; those that dead owners left -> removed."""

from __future__ import annotations

import threading
from contextlib import suppress

from labctl.engine.contract import EngineError, LabSeen
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.labels import Made, is_of_this_machine, lives
from labctl.engine.docker.orphans import end_orphans
from labctl.engine.docker.removal import pause, remove_lab

_SETTLED_LOOKS = 5


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


def sweep_beside(daemon: Daemon) -> threading.Thread:
    """Begin to look for what dead owners left, and to remove it, while other things go on; to be joined."""
    thread = threading.Thread(target=_sweep_quietly, args=(daemon,), daemon=True)
    thread.start()
    return thread


def _sweep_quietly(daemon: Daemon) -> None:
    with suppress(EngineError):  # whoever's run this is, it isn't about that; `labctl down --all` says it
        swept(daemon, everything=False)


def swept(daemon: Daemon, *, everything: bool) -> list[str]:
    """Remove dead owners' labs, or every lab of this machine's; say what was removed, a line each.

    A dead owner's Compose may still be at it: it is ended first, and what it asked for last is waited for.
    """
    looks = _SETTLED_LOOKS if end_orphans(is_known_dead) else 1
    lines: list[str] = []
    while looks:
        removed = _swept_once(daemon, everything=everything)
        lines += [line for line in removed if line not in lines]
        looks -= not removed
        if removed or looks:
            pause()
    return lines


def is_known_dead(owner: str) -> bool:
    """Whether that owner ran here, and does no more."""
    return lives(owner) is False


def _swept_once(daemon: Daemon, *, everything: bool) -> list[str]:
    lines = []
    for one in seen(daemon):
        if one.alive is False or (everything and is_of_this_machine(one.owner)):
            remove_lab(daemon, one.lab)
            why = "its owner is gone" if one.alive is False else "asked for"
            what = ", ".join(one.hosts) or "a network"
            lines.append(f"removed lab {one.name} ({one.lab}) from docker, {why}: {what}")
    return lines
