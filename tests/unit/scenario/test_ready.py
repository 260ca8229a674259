"""`ready` of a start: a port, a state, or that its host is healthy."""

from __future__ import annotations

from labctl.scenario.model import Healthy, Start
from labctl.scenario.read import scenario_of
from labctl.scenario.verbs import READY
from labctl.scenario.yaml.tree import parse


def test_a_program_is_ready_when_its_host_is_healthy() -> None:
    """By that word, which the schema has, too."""
    text = "hosts: {a: {}}\nsteps:\n  - {on: a, start: x, ready: healthy}\n"

    [step] = scenario_of(parse(text, "x.yaml"), services=["a"]).steps

    assert isinstance(step, Start)
    assert step.ready == Healthy()
    assert "healthy" in READY.schema["anyOf"][0]["enum"]
