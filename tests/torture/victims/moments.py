"""A run that goes on -> a random moment of it: by the clock, or by what its journal says."""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.contract.waiting import until
from tests.torture.victims.victim import LONGEST_S, Victim

MOST_LINES = 40
"""So many lines of the journal at the most after a lab has come up."""
_LOOK_EVERY_S = 0.02


def at_any_moment(victim: Victim, chance: random.Random) -> bool:
    """Wait for a random moment of a run; whether it still goes on."""
    moment_s = chance.random() * victim.length_s
    return _looking(victim, lambda: time.monotonic() - victim.began_s >= moment_s)


def while_a_lab_stands(victim: Victim, chance: random.Random) -> bool:
    """Wait until a lab stands, and for a random line of the journal after that; whether it stands still."""
    lines = chance.randint(0, MOST_LINES)
    begins: list[int] = []

    def is_there() -> bool:
        if not victim.stands():
            begins.clear()
            return False
        begins.append(len(victim.journals()))
        return begins[-1] - begins[0] >= lines

    return _looking(victim, is_there) and victim.labs_seen()


def _looking(victim: Victim, is_there: Callable[[], bool]) -> bool:
    """Look around until the moment is there; whether it came before the victim's end."""

    def is_over() -> bool:
        victim.look()
        return is_there() or victim.has_ended

    assert until(is_over, within_s=LONGEST_S, every_s=_LOOK_EVERY_S), "the run doesn't end"
    return not victim.has_ended
