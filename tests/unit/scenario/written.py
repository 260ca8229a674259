"""Texts of scenario files, and what they are read as."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from labctl.scenario.model import End, Match, Run, Scenario, Step
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse

EXAMPLES = Path(__file__).parent / "examples"
HOSTS = "hosts: {cheerios: {}, client: {count: 2}}\n"
STARTED = "  - {on: cheerios, start: server 51717}\n"

S = TypeVar("S", bound=Step)


def scenario(text: str, *, services: tuple[str, ...] | None = ("cheerios", "client")) -> Scenario:
    """What a file with this text says, beside a compose.yaml with these services."""
    return scenario_of(parse(text, "folder/x.yaml"), services=services)


def step(kind: type[S], text: str) -> S:
    """The last step of a scenario that has started `server` before."""
    last = scenario(f"{HOSTS}steps:\n{STARTED}  - {text}\n").steps[-1]
    assert isinstance(last, kind)
    return last


def end(text: str) -> End:
    """What a run expects that has this under `expect`."""
    (only,) = step(Run, f"{{on: cheerios, run: server, expect: {text}}}").expect
    return only


def stdout(text: str) -> Match:
    """What a run expects of its output that has this under `stdout`."""
    match = end(f"{{stdout: {text}}}").stdout
    assert match is not None
    return match
