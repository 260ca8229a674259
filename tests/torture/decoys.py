"""`make torture-decoys`: whatever labctl cleans up, and however often, nothing else on the machine is touched.

Each case is a kind of decoy: it is made, everything of labctl's that cleans is done (a run that passes, one that fails,
one that impairs a link, one that is killed and swept by the next, `up`, `ps`, `down --all`), and the decoy must be what
it was, to its process ids, inodes and rules. `all-at-once` is every kind together.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.decoy import of_others, on_docker, on_the_machine
from tests.torture.decoy.cleaning import Ground, clean
from tests.torture.decoy.kind import Kind, Scene, State

ALL = "all-at-once"
_KINDS = {
    "netns": [*on_the_machine.KINDS, *of_others.KINDS],
    "docker": [
        *on_the_machine.KINDS,
        *on_docker.KINDS,
        *of_others.KINDS,
        *of_others.KINDS_ON_DOCKER,
    ],
}


def kinds_in(place: str) -> list[Kind]:
    """Those that can be made here."""
    return [kind for kind in _KINDS[place] if not kind.why_not()]


def cases(place: str) -> list[Case]:
    """Every kind by itself, then all of them together; none where the engine doesn't work."""
    engine: Engine = Netns() if place == "netns" else DockerEngine()
    if not engine.readiness().works:
        return []
    kinds = kinds_in(place)
    return [
        *(Case(place, kind.name, partial(_harm_in_a_round, place, [kind])) for kind in kinds),
        Case(place, ALL, partial(_harm_in_a_round, place, kinds)),
    ]


def _harm_in_a_round(place: str, kinds: Sequence[Kind], run: Run) -> str:
    """Which of the decoys was harmed, and how; empty if none was."""
    ground = Ground(place, _new_folder(run.folder, "ground"))
    with ExitStack() as undo:
        states: dict[str, State] = {}
        for kind in kinds:
            states[kind.name] = undo.enter_context(kind.make(Scene(_new_folder(run.folder, kind.name), ground)))
        before = {name: state() for name, state in states.items()}
        assert all(before.values()), "a decoy was not there to begin with"
        clean(ground, run.chance)
        harms = [_harm(name, before[name], state) for name, state in states.items()]
    return "; ".join(harm for harm in harms if harm)


def _harm(name: str, before: str, state: State) -> str:
    try:
        now = state()
    except (AssertionError, OSError) as error:
        return f"{name}: {error}"
    return "" if now == before else f"{name}: was {before}, is {now}"


def _new_folder(top: Path, name: str) -> Path:
    folder = top / name
    folder.mkdir()
    return folder


CAMPAIGN = Campaign("decoys", "Cleaning harms nobody.", ("netns", "docker"), cases)

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # decoys must go, however this ends
    for where in CAMPAIGN.places:
        for missing in _KINDS[where]:
            if reason := missing.why_not():
                print(f"{where}/{missing.name}: not on this machine: {reason}")
    sys.exit(main_of(CAMPAIGN))
