"""`make torture-broken_ground`: what a lab stands on breaks or is missing; is that told, in time, and never a PASS?"""

from __future__ import annotations

import sys
from collections.abc import Callable

from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.ground import clock, on_docker, on_netns
from tests.torture.ground.runs import longest_s


def cases(place: str) -> list[Case]:
    """Those of a place."""
    breaks = {"netns": _of_netns, "docker": on_docker.breaks}[place]()
    return [Case(place, name, run) for name, run in breaks.items()]


def _of_netns() -> dict[str, Callable[[Run], str]]:
    found = on_netns.breaks()
    if clock.works():
        found["the clock is set"] = clock.set_during_a_run
        found["the clock is set while order is recorded"] = clock.set_while_order_is_recorded
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
