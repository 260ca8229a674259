"""The short forms of the tortures about others: what is not ours stays as it is, and labs don't hear one another."""

from __future__ import annotations

import pytest

from tests.contract.conftest import NETWORKED, engine_named
from tests.torture import decoys, side_by_side
from tests.torture.campaign import failures_of


@pytest.fixture(params=NETWORKED)
def place(request: pytest.FixtureRequest) -> str:
    """An engine that works."""
    return engine_named(request.param).name


def test_cleaning_up_harms_nothing_that_is_not_ours(place: str) -> None:
    """Every kind of decoy that can be made here is there at once, and as it was afterwards."""
    assert len(decoys.kinds_in(place)) >= {"netns": 8, "docker": 15}[place]
    assert failures_of(decoys.CAMPAIGN, place, case=decoys.ALL) == []


def test_labs_side_by_side_hear_only_their_own(place: str) -> None:
    """The same scenario, names and ports at once, as commands of their own and as jobs of one."""
    assert failures_of(side_by_side.SHORT, place) == []


def test_a_word_that_another_lab_said_would_be_found() -> None:
    """What a server is expected to have heard is the whole of it, with the lab's own word."""
    assert '"Here is the message: w1\\nHere is the message: w1\\nHere is the message: w1"' in side_by_side.scenario(
        "w1"
    )
