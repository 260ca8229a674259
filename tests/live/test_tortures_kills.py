"""The short form of the tortures that kill labctl and signal it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.contract.conftest import NETWORKED, engine_named
from tests.torture import kills, signals
from tests.torture.campaign import failures_of
from tests.torture.victims import apart


@pytest.mark.parametrize("place", NETWORKED)
def test_a_killed_labctl_leaves_nothing(place: str) -> None:
    engine_named(place)
    assert failures_of(kills.CAMPAIGN, place, case="while a lab stands") == []


@pytest.mark.parametrize("way", [random.choice(list(signals.WAYS))])
@pytest.mark.parametrize("place", NETWORKED)
def test_a_labctl_that_is_told_to_end_ends_clean(place: str, way: str) -> None:
    """One way each time, since each takes seconds; all of them are run by the torture itself."""
    engine_named(place)
    assert failures_of(signals.CAMPAIGN, place, case=way) == []


@pytest.mark.skipif(not apart.IS_POSSIBLE, reason="only root can leave links and mounts")
def test_links_and_mounts_that_are_left_are_seen(tmp_path: Path) -> None:
    """So that seeing none means something."""
    assert apart.is_seen(tmp_path)
