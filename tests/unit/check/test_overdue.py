"""Somebody else's code is interrupted when its time is up, and not after."""

from __future__ import annotations

import pytest

from labctl.check.overdue import Overdue, time_limit


def test_a_loop_without_an_end_is_interrupted() -> None:
    """Even one that catches every Exception."""
    with pytest.raises(Overdue), time_limit(0.05):
        _go_on_for_ever()


def _go_on_for_ever() -> None:
    while True:
        try:
            sum(range(100))
        except Exception:
            continue


def test_what_ends_in_time_is_left_alone() -> None:
    """Its timer is gone, and nothing is raised later."""
    with time_limit(60.0):
        done = True
    assert done
