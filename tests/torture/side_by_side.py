"""`make torture-side_by_side`: many labs at once, with the same scenario, names and ports: no error, no cross-talk.

Each lab has a word of its own. Its clients send it, over TCP and UDP; its servers must hear it so often, and nothing
else. `processes` are as many commands as there are labs, begun together; `jobs` is one command that runs them with -j.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from tests.torture.campaign import TOP, Campaign, Case, Run, main_of
from tests.torture.decoy.cleaning import Ground

AT_ONCE = {"netns": 100, "docker": 25}
FEW = {"netns": 12, "docker": 4}
"""In the short form."""
MOST_JOBS = 64
TAKES_AT_MOST_S = 600.0
_CLIENTS = 3

Start = Callable[[Ground, Sequence[Path]], list[str]]
"""Runs all these scenarios at once; what went wrong."""


def scenario(word: str) -> str:
    """A lab whose servers tell what they heard, to the byte."""
    heard = [f"{said}: {word}" for said in ("Here is the message", "Received a datagram") for _ in range(_CLIENTS)]
    tcp, udp = (json.dumps({"equals": "\n".join(lines)}) for lines in (heard[:_CLIENTS], heard[_CLIENTS:]))
    return (
        "hosts: {cheerios: {}, client: {}}\n"
        "steps:\n"
        "  - {on: cheerios, start: server-fork 51717, ready: tcp 51717}\n"
        "  - {on: cheerios, start: server-udp 51717, ready: udp 51717}\n"
        f"  - {{on: client, run: client cheerios 51717, stdin: {word}, count: {_CLIENTS},"
        " expect: {stdout: I got your message}}\n"
        f"  - {{on: client, run: client-udp cheerios 51717, stdin: {word}, count: {_CLIENTS},"
        " expect: {stdout: Got your message}}\n"
        f"  - {{stop: server-fork, expect: {{stdout: {tcp}}}}}\n"
        f"  - {{stop: server-udp, expect: {{stdout: {udp}}}}}\n"
    )


def scenarios(folder: Path, labs: int, chance: random.Random) -> list[Path]:
    """A file for each lab, with a word that no other one has."""
    files = [folder / f"lab-{number}.yaml" for number in range(labs)]
    for number, file in enumerate(files):
        file.write_text(scenario(f"w{number}-{chance.getrandbits(32):08x}"))
    return files


def as_processes(ground: Ground, files: Sequence[Path]) -> list[str]:
    """A command for each."""
    logs = [file.with_suffix(".log") for file in files]
    running = []
    for file, log in zip(files, logs, strict=True):
        words = ground.words("run", "--engine", ground.engine, "-q", str(file))
        with log.open("wb") as output:
            running.append(subprocess.Popen(words, cwd=TOP, env=ground.environment, stdout=output, stderr=output))
    ends = [process.wait(TAKES_AT_MOST_S) for process in running]
    return [f"exit {end}: {log.read_text(errors='replace')}" for end, log in zip(ends, logs, strict=True) if end]


def as_jobs(ground: Ground, files: Sequence[Path]) -> list[str]:
    """One command for all."""
    at_once = str(min(len(files), MOST_JOBS))
    words = ground.words("run", "--engine", ground.engine, "-q", "-j", at_once, *map(str, files))
    done = subprocess.run(
        words, cwd=TOP, env=ground.environment, capture_output=True, text=True, timeout=TAKES_AT_MOST_S
    )
    told = f"{len(files)} passed on {ground.engine} "
    return (
        [] if done.returncode == 0 and told in done.stdout else [f"exit {done.returncode}: {done.stdout}{done.stderr}"]
    )


def _round(place: str, labs: int, start: Start, run: Run) -> str:
    ground = Ground(place, run.folder)
    wrong = start(ground, scenarios(run.folder, labs, run.chance))
    return f"{len(wrong)} of {labs}: {wrong[0]}" if wrong else ""


def cases_of(sizes: dict[str, int], place: str) -> list[Case]:
    """Both ways to be many; none where the engine doesn't work."""
    engine: Engine = Netns() if place == "netns" else DockerEngine()
    if not engine.readiness().works:
        return []
    labs = sizes[place]
    ways: dict[str, Start] = {"processes": as_processes, "jobs": as_jobs}
    return [Case(place, f"{labs}-{name}", partial(_round, place, labs, start)) for name, start in ways.items()]


_ABOUT = "Labs side by side: no error, no cross-talk."
CAMPAIGN = Campaign("side_by_side", _ABOUT, ("netns", "docker"), partial(cases_of, AT_ONCE))
SHORT = Campaign("side_by_side", _ABOUT, ("netns", "docker"), partial(cases_of, FEW))

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
