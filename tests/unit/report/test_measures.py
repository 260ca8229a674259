"""Times and counts in words."""

from __future__ import annotations

import pytest

from labctl.report.measures import counted, seconds_in_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0, "0 ms"),
        (0.0042, "4 ms"),
        (0.0994, "99 ms"),
        (0.0999, "0.10 s"),
        (0.19, "0.19 s"),
        (9.99, "9.99 s"),
        (9.999, "10.0 s"),
        (59.9, "59.9 s"),
        (59.99, "1 min 0 s"),
        (125.4, "2 min 5 s"),
    ],
)
def test_a_time_is_as_exact_as_it_is_short(seconds: float, words: str) -> None:
    assert seconds_in_words(seconds) == words


def test_one_is_no_plural() -> None:
    assert [counted(number, "step") for number in (0, 1, 2)] == ["0 steps", "1 step", "2 steps"]
    assert counted(2, "step was", "steps were") == "2 steps were"
