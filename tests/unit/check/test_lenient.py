"""Programs of others are held to what they do."""

from __future__ import annotations

import pytest

from labctl.check.ends import AFTER_RUN, Ended, judge
from labctl.check.lenient import of_behaviour, remark
from labctl.scenario.model import End, Match

IN_USE = End(exit=1, stderr=Match(contains=("in use",), strict="ERROR on binding: Address already in use"))


def wrong(end: End, ended: Ended) -> list[str]:
    """What is wrong with it, leniently."""
    return judge(of_behaviour(end, ended), ended, default_exits=AFTER_RUN, strict=True)


@pytest.mark.parametrize("status", [0, 1, 2, 255])
def test_any_status_will_do_after_an_error(status: int) -> None:
    """The tutorial's own client ends with 0."""
    assert wrong(IN_USE, Ended(status, stderr=b"bind: Address already in use\n")) == []


def test_what_must_be_told_must_be_told() -> None:
    """Not the lab's own words, but the reason."""
    assert wrong(IN_USE, Ended(0, stderr=b"cannot bind\n")) != []


def test_a_crash_is_no_error_that_was_noticed() -> None:
    """A signal ended it."""
    assert any("SEGV" in each for each in wrong(IN_USE, Ended(signal="SEGV", stderr=b"in use")))


@pytest.mark.parametrize("end", [End(), End(exit=0), End(exit="KILL")])
def test_other_ends_are_asked_for_to_the_letter(end: End) -> None:
    """A program that has nothing to complain of ends with 0, and one that is killed by that."""
    assert wrong(end, Ended(3)) != []


@pytest.mark.parametrize(
    ("exit", "status", "words"),
    [
        (1, 0, "client ended with status 0 after an error"),
        ("nonzero", 0, "client ended with status 0 after an error"),
        (1, 255, "client ended with status 255 after an error, where the lab's own has 1"),
        (1, 1, None),
        ("nonzero", 7, None),
        (0, 0, None),
        (None, 0, None),
    ],
)
def test_what_is_not_wrong_and_not_as_it_should_be_is_said(
    exit: int | str | None, status: int, words: str | None
) -> None:
    said = remark(End(exit=exit), Ended(status), "client")

    assert said is None if words is None else said is not None and said.startswith(words)
