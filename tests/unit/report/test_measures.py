"""Times and counts in words."""

from __future__ import annotations

import pytest

from labctl.report.measures import counted, seconds_in_words, span_in_words


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


@pytest.mark.parametrize(
    ("nanoseconds", "words"),
    [
        (52_400, "0.05 ms"),
        (1_890_000, "1.89 ms"),
        (9_996_000, "10.0 ms"),
        (31_940_000, "31.9 ms"),
        (319_400_000, "319 ms"),
        (999_600_000, "1.00 s"),
        (125_400_000_000, "2 min 5 s"),
    ],
)
def test_a_span_of_a_drawing_has_three_digits(nanoseconds: int, words: str) -> None:
    """Where it is not much shorter than a millisecond."""
    assert span_in_words(nanoseconds) == words
