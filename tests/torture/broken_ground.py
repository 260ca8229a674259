"""`make torture-broken_ground`: what a lab stands on breaks or is missing; is that told, in time, and never a PASS?"""

from __future__ import annotations

import sys

from tests.torture import broken_docker, broken_netns
from tests.torture.broken_run import longest_s
from tests.torture.campaign import Campaign, Case, main_of


def cases(place: str) -> list[Case]:
    """Those of a place."""
    breaks = {"netns": broken_netns.breaks, "docker": broken_docker.breaks}[place]()
    return [Case(place, name, run) for name, run in breaks.items()]


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
