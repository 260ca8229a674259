"""What was cut off a program's output is not taken for never printed."""

from __future__ import annotations

import pytest

from labctl.hosts.program import Program
from labctl.runner.session import CannotTell
from labctl.runner.whole import demand_whole
from labctl.scenario.model import Match, Num


def program(*, is_cut: bool) -> Program:
    one = Program(name="flood", host="client", number=1, command=("flood",), key="flood#1")
    one.is_cut = is_cut
    return one


@pytest.mark.parametrize(
    "match",
    [
        Match(absent=("error",)),
        Match(equals="hello"),
        Match(contains=("",)),
        Match(contains=("hello",), count=Num(1, 1)),
        Match(matches=r"\A(?:ok\n)*\Z"),
    ],
)
def test_what_is_expected_of_all_output_is_unknown_where_it_was_cut(match: Match) -> None:
    with pytest.raises(CannotTell, match="flood printed more than is kept"):
        demand_whole([program(is_cut=False), program(is_cut=True)], [None, match])


@pytest.mark.parametrize("match", [Match(contains=("hello",)), Match(contains=("hello",), count=Num(2, None))])
def test_what_was_printed_before_the_cut_was_printed(match: Match) -> None:
    demand_whole([program(is_cut=True)], [match])


def test_whole_output_can_be_judged() -> None:
    demand_whole([program(is_cut=False)], [Match(absent=("error",))])
