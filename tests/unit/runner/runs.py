"""Scenarios to run on the fake engine, and what is there of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from labctl.plan.compose_file import read_compose
from labctl.plan.make import make_plan
from labctl.plan.shipped import shipped
from labctl.runner.events import Event
from labctl.runner.run import Job
from labctl.scenario.read import read_scenario

GOOD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: /bin/true\n"
BAD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: /bin/false\n  - on: client\n    run: /bin/true\n"
ENDLESS = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: tail -f /dev/null\n"


def job(folder: Path, name: str, text: str) -> Job:
    """A scenario of this text."""
    path = folder / f"{name}.yaml"
    path.write_text(text)
    compose = read_compose(shipped("compose.yaml"))
    scenario = read_scenario(path, services=list(compose.services))
    return Job(name, scenario, make_plan(scenario, compose, scenario.families[0]))


def children() -> set[str]:
    """The pids of this process's children, whichever thread has them."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # that thread has ended meanwhile
            found.update(Path(f"/proc/self/task/{task}/children").read_text().split())
    return found


def quietly(event: Event) -> None:
    """Nobody listens."""
