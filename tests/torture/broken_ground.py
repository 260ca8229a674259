"""`make torture-broken_ground`: what a lab stands on breaks or is missing; is that told, in time, and never a PASS?"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.torture import broken_clock, broken_docker, broken_netns
from tests.torture.broken_run import longest_s
from tests.torture.campaign import Campaign, Case, Run, main_of


def cases(place: str) -> list[Case]:
    """Those of a place."""
    breaks = {"netns": _of_netns, "docker": broken_docker.breaks}[place]()
    return [Case(place, name, run) for name, run in breaks.items()]


def _of_netns() -> dict[str, Callable[[Run], str]]:
    found = broken_netns.breaks()
    if broken_clock.works():
        found["the clock is set"] = broken_clock.set_during_a_run
        found["the clock is set while order is recorded"] = broken_clock.set_while_order_is_recorded
    return found


CAMPAIGN = Campaign(
    name="broken_ground",
    about="What a lab stands on breaks or is missing.",
    places=("netns", "docker"),
    cases=cases,
)

if __name__ == "__main__":
    status = main_of(CAMPAIGN)
    for (engine, case), took_s in sorted(longest_s.items()):
        print(f"{engine}/{case}: over {took_s:.1f} s after the break at the latest")
    sys.exit(status)
