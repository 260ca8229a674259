"""labctl killed by SIGKILL at random moments -> nothing is left, at once or after the next command.

On namespaces everything goes by itself within 5 s. On Docker the watchdog removes it within 15 s; where that was
killed as well, the next run or `labctl down --all` does.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.victims.moments import at_any_moment, while_a_lab_stands
from tests.torture.victims.victim import (
    LONGEST_S,
    OWN,
    Victim,
    adopting,
    environment,
    length_s,
    plainly,
    scenarios,
)

GOES_WITHIN_S = {"netns": 5.0, "docker": 15.0}
Moment = Callable[[Victim, random.Random], bool]
MOMENTS: dict[str, Moment] = {"at any moment": at_any_moment, "while a lab stands": while_a_lab_stands}
TRIES = 20

After = Callable[[Victim], str]
"""What follows the death; what went wrong, or was left when it should not."""


def kill(run: Run, engine: str, moment: Moment, after: After, *, watchdog_too: bool = False) -> str:
    """Kill it once. A run that had ended before its moment came is no kill: another one is begun."""
    with adopting():
        usual_s = length_s(engine)
        for number in range(TRIES):
            folder = run.folder / str(number)
            folder.mkdir()
            words = scenarios(run.chance, folder)
            with Victim(engine, folder, words, plainly(folder), length_s=usual_s) as victim:
                is_there = moment(victim, run.chance)
                _kill(victim, watchdog_too=watchdog_too)
                failure = after(victim)
                if failure or is_there:
                    return failure
    return f"no run of {TRIES} went on until its moment came"


def _kill(victim: Victim, *, watchdog_too: bool) -> None:
    """Both at once: stopped, it can't notice that its watchdog is dead, or begin another."""
    victim.process.send_signal(signal.SIGSTOP)
    for pid in victim.watchdogs() if watchdog_too else ():
        os.kill(pid, signal.SIGKILL)
    victim.process.kill()
    victim.wait()


def goes_by_itself(victim: Victim) -> str:
    """No further command is needed."""
    return victim.is_gone(within_s=GOES_WITHIN_S[victim.engine])


def goes_with(words: list[str], victim: Victim) -> str:
    """This command removes it, and is done when it is gone."""
    folder = victim.folder
    asked = subprocess.run(
        [sys.executable, "-m", "labctl", *words],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        timeout=LONGEST_S,
    )
    if asked.returncode != 0:
        return f"labctl {words[0]} ended with {asked.returncode}: {asked.stderr.decode()}"
    return victim.is_gone(within_s=0)


def after_the_next_run(victim: Victim) -> str:
    """Any run on Docker will do."""
    copy = victim.folder / "next.yaml"
    copy.write_bytes((Path(OWN).parents[3] / "scenarios" / "basic.yaml").read_bytes())
    return goes_with(["run", "--engine", "docker", copy.name], victim)


def cases(place: str) -> list[Case]:
    """Every way to be killed on one engine."""
    if not (Netns() if place == "netns" else DockerEngine()).readiness().works:
        return []
    found = [Case(place, name, partial(_by_itself, place, moment)) for name, moment in MOMENTS.items()]
    if place == "docker":
        found.append(Case(place, "the watchdog too, then a run", partial(_by, after_the_next_run)))
        found.append(Case(place, "the watchdog too, then down --all", partial(_by, partial(goes_with, _DOWN))))
    return found


_DOWN = ["down", "--all"]


def _by_itself(engine: str, moment: Moment, run: Run) -> str:
    return kill(run, engine, moment, goes_by_itself)


def _by(after: After, run: Run) -> str:
    return kill(run, "docker", run.chance.choice(list(MOMENTS.values())), after, watchdog_too=True)


CAMPAIGN = Campaign(name="kills", about=__doc__ or "", places=("netns", "docker"), cases=cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
