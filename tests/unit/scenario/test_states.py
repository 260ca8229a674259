"""What is expected: ends, times, texts."""

from __future__ import annotations

import pytest

from labctl.scenario.model import End, Match, Num, Run, Span
from tests.unit.scenario.written import end, stdout, step


@pytest.mark.parametrize(
    ("text", "exit"), [("0", 0), ("255", 255), ("KILL", "KILL"), ("nonzero", "nonzero"), ("any", "any")]
)
def test_an_exit_is_a_status_a_signal_nonzero_or_any(text: str, exit: int | str) -> None:
    assert end(f"{{exit: {text}}}").exit == exit


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("{min: 40ms}", Span(0.04, None)),
        ("{max: 2m}", Span(None, 120.0)),
        ("{min: 0s, max: 1.5s}", Span(0.0, 1.5)),
    ],
)
def test_took_is_a_range_of_times(text: str, span: Span) -> None:
    assert end(f"{{took: {text}}}").took == span


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("hello", Match(contains=("hello",))),
        ("[a, b]", Match(contains=("a", "b"))),
        ('""', Match(contains=("",))),
        ("{contains: a, count: 3}", Match(contains=("a",), count=Num(3, 3))),
        ("{equals: a}", Match(equals="a")),
        ("{matches: '^a$', count: {min: 1}}", Match(matches="^a$", count=Num(1, None))),
        ("{not: [a, b]}", Match(absent=("a", "b"))),
        ("{contains: a, strict: b}", Match(contains=("a",), strict="b")),
    ],
)
def test_a_match_is_a_text_a_list_or_a_map(text: str, match: Match) -> None:
    assert stdout(text) == match


def test_a_list_of_ends_accounts_for_every_program() -> None:
    read = step(Run, "{on: client, run: client, count: 2, expect: [{count: 1}, {count: 3, exit: any}]}")

    assert read.expect == (End(count=1), End(exit="any", count=3))
