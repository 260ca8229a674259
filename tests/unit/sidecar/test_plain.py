"""What a kernel without a packet queue is told to lose, and what it has lost by the counts."""

from __future__ import annotations

import pytest

from labctl.sidecar.packet import TCP, UDP
from labctl.sidecar.plain import MOST, Run, lost_of, made, matches, may_meet, refusal
from labctl.sidecar.rules import Json, Only, rule_from


def run(number: int = 1, **values: object) -> Run:
    told: Json = {"name": f"loss #{number}", "fault": "drop", "only": {"protocol": "udp"}, **values}
    return Run(number, rule_from(told), "client", 1)


def test_a_packet_meets_one_condition_at_most() -> None:
    """One between two equal ports would be counted twice."""
    addresses = [bytes([10, 0, 0, 1]), bytes(15) + b"\1"]

    assert matches(addresses, Only(UDP, 7)) == [
        "ip saddr { 10.0.0.1 } udp sport 7 ",
        "ip saddr { 10.0.0.1 } udp sport != 7 udp dport 7 ",
        "ip6 saddr { ::1 } udp sport 7 ",
        "ip6 saddr { ::1 } udp sport != 7 udp dport 7 ",
    ]


def test_chance_is_drawn_in_advance() -> None:
    chosen = run(which={"share": 0.2}, seed=7)
    elements = [text for text in made(chosen) if "add element" in text]
    places = [int(word.strip(" ,}")) for text in elements for word in text.partition("{")[2].split() if word != "}"]

    assert [place + 1 for place in places] == lost_of(MOST, [(chosen, MOST, len(places))])


def test_rules_pass_one_after_another() -> None:
    """The second counts what the first has let pass."""
    first, second = run(1, which={"every": 2}), run(2, which={"ordinals": [2]})

    assert lost_of(6, [(first, 6, 3), (second, 3, 1)]) == [2, 3, 4, 6]


def test_a_rule_loses_nothing_after_its_end() -> None:
    assert lost_of(10, [(run(which={"every": 2}), 5, 2)]) == [2, 4]


def test_counts_that_do_not_fit_tell_nothing() -> None:
    assert lost_of(10, [(run(which={"every": 2}), 10, 4)]) is None
    assert lost_of(3, [(run(which={"every": 2}), 10, 5)]) is None


@pytest.mark.parametrize(
    ("values", "can_be"),
    [
        ({"which": {"first": 1}}, True),
        ({"which": {"first": 1}, "only": {"protocol": "icmp"}}, True),
        ({"which": {"first": 1}, "only": None}, False),
        ({"which": {"contains": "x"}}, False),
        ({"fault": "cut", "only": None}, True),
        ({"fault": "reorder", "which": {"first": 1}}, False),
    ],
)
def test_what_a_kernel_can_not_do_alone_is_refused(values: Json, can_be: bool) -> None:
    assert (not refusal(run(**values).rule)) == can_be


def test_packets_may_be_of_two_kinds() -> None:
    assert may_meet(Only(UDP, None), Only(None, 7))
    assert not may_meet(Only(UDP, None), Only(TCP, None))
    assert not may_meet(Only(UDP, 7), Only(UDP, 8))
