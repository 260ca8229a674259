"""The short form of `make torture-repeat`: what the same scenario does is the same every time."""

from __future__ import annotations

import pytest

from labctl.engine.contract import Engine
from tests.torture.campaign import failures_of
from tests.torture.repeat import CAMPAIGN


@pytest.mark.parametrize("name", ["basic", "faults/udp-random-loss", "multiple-clients"])
def test_the_journal_of_a_scenario_is_the_same_but_for_chance(engine: Engine, name: str) -> None:
    """One conversation; datagrams that are lost by chance drawn from a seed; clients that race."""
    assert failures_of(CAMPAIGN, engine.name, runs=4 if engine.name == "netns" else 2, case=name) == []
