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
from labctl.engine.docker.orphans import end_orphans
from labctl.engine.docker.removal import GONE_WITHIN_S, pause, remove_lab
from labctl.engine.owner import is_alive, parse

_SETTLED_LOOKS = 5
_BESIDE_WITHIN_S = 2.0
"""So long a run waits for what somebody else has left, and can't be removed."""


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


def sweep_beside(daemon: Daemon) -> threading.Thread:
    """Begin to look for what dead owners left, and to remove it, while other things go on; to be joined."""
    thread = threading.Thread(target=_sweep_quietly, args=(daemon,), daemon=True)
    with suppress(RuntimeError):  # no thread can be had: the next run sweeps
        thread.start()
    return thread


def _sweep_quietly(daemon: Daemon) -> None:
    with suppress(EngineError):  # whoever's run this is, it isn't about that; `labctl down --all` says it
        swept(daemon, within_s=_BESIDE_WITHIN_S)


def swept(daemon: Daemon, *, older_than_s: float | None = None, within_s: float = GONE_WITHIN_S) -> list[str]:
    """Remove dead owners' labs, and such as old as that whose owner can't be judged; say which, a line each.

    Of each lab what can't be removed within so many seconds is said too. A dead owner's Compose may still be at it: it
    is ended first, and what it asked for last is waited for.
    """
    looks = _SETTLED_LOOKS if end_orphans(is_known_dead) else 1
    lines: list[str] = []
    stuck: dict[str, str] = {}
    while looks:
        removed = _swept_once(daemon, older_than_s, within_s, stuck)
        lines += [line for line in removed if line not in lines]
        looks -= not removed
        if removed or looks:
            pause()
    return [*lines, *stuck.values()]


def is_known_dead(owner: str) -> bool:
    """Whether that owner ran here, and does no more."""
    known = parse(owner)
    return known is not None and is_alive(known) is False


def _swept_once(daemon: Daemon, older_than_s: float | None, within_s: float, stuck: dict[str, str]) -> list[str]:
    """What was removed. In `stuck` is what can't be, by lab; it is not tried again."""
    lines = []
    for parts in _labs(daemon):
        lab = _lab(parts)
        if lab.lab in stuck:
            continue
        why = _why_removed(lab, older_than_s)
        others = {part.id for part in parts if why and _took_over_its_labels(part, daemon)}
        own = [part for part in parts if part.id not in others]
        if why and own:
            try:
                remove_lab(daemon, lab.lab, is_its=partial(_is_of, lab.owner, others), within_s=within_s)
            except EngineError as error:
                stuck[lab.lab] = f"{error}; {error.hint}"
                continue
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
