"""The short form of `make torture-escapes`: every target once on each engine."""

from __future__ import annotations

import pytest

from labctl.engine.contract import Engine
from tests.torture.campaign import failures_of
from tests.torture.escapes import CAMPAIGN


@pytest.mark.parametrize("case", ["the machine and beyond dual", "another lab dual", "what has no address"])
def test_nothing_outside_a_lab_is_reached(engine: Engine, case: str) -> None:
    """Not the machine, what is behind it, another lab, nor what has no address; both families at once."""
    assert failures_of(CAMPAIGN, engine.name, case=case) == []
