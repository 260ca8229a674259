"""Containers and networks with our labels -> labs; those that dead owners left -> removed."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from functools import partial

from labctl.engine.contract import EngineError, LabSeen
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.labels import OWNER, Made, lives
from labctl.engine.docker.removal import remove_lab


def seen(daemon: Daemon) -> list[LabSeen]:
    """Every lab that has a container or a network left, by name."""
    return sorted((_lab(parts) for parts in _labs(daemon)), key=lambda one: (one.name, one.lab))


def _labs(daemon: Daemon) -> list[list[Made]]:
    """The parts of each lab. What has a lab's label but another owner is not of it."""
    labs: dict[tuple[str, str], list[Made]] = {}
    for part in (*daemon.containers(), *daemon.networks()):
        labs.setdefault((part.lab, part.owner), []).append(part)
    return list(labs.values())


def _lab(parts: Sequence[Made]) -> LabSeen:
    first = parts[0]
    return LabSeen(
        engine="docker",
        lab=first.lab,
        name=first.name,
        hosts=tuple(sorted(part.host for part in parts if part.host)),
        alive=lives(parts),
        owner=first.owner,
        created=max(part.created for part in parts),
    )


def sweep_if_needed(daemon: Daemon) -> None:
    """Look for what dead owners left, and remove it on the side: nobody waits for it, the next one may finish it."""
    if any(one.alive is False for one in seen(daemon)):
        threading.Thread(target=_sweep_quietly, args=(daemon,), daemon=True).start()


def _sweep_quietly(daemon: Daemon) -> None:
    with suppress(EngineError):
        swept(daemon)


def swept(daemon: Daemon, *, older_than_s: float | None = None) -> list[str]:
    """Remove dead owners' labs, and such as old as that whose owner can't be judged; say which, a line each."""
    lines = []
    for parts in _labs(daemon):
        lab = _lab(parts)
        why = _why_removed(lab, older_than_s)
        others = {part.id for part in parts if why and _took_over_its_labels(part, daemon)}
        own = [part for part in parts if part.id not in others]
        if why and own:
            remove_lab(daemon, lab.lab, is_its=partial(_is_of, lab.owner, others))
            what = ", ".join(sorted(part.host for part in own if part.host)) or "a network"
            lines.append(f"removed lab {lab.name} ({lab.lab}) from docker, {why}: {what}")
    return sorted(lines)


def _why_removed(lab: LabSeen, older_than_s: float | None) -> str:
    """Empty if it has to stay."""
    if lab.alive is False:
        return "its owner is gone"
    if lab.alive is None and older_than_s is not None and time.time() - lab.created > older_than_s:
        return "nobody here knows its owner, and it is old"
    return ""


def _is_of(owner: str, others: Collection[str], part: Made) -> bool:
    return part.owner == owner and part.id not in others


def _took_over_its_labels(part: Made, daemon: Daemon) -> bool:
    """Whether it was made from an image that somebody made of a lab's host (`docker commit`): so it is theirs."""
    return bool(part.image) and daemon.labels_of_image(part.image).get(OWNER) == part.owner
