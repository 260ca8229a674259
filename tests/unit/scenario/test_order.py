"""What is expected of the order in which packets pass a link."""

from __future__ import annotations

import pytest

from labctl.scenario.links.order import PASSING
from labctl.scenario.model import Check, LinkState, Num, Passing
from labctl.scenario.problems import ScenarioError
from tests.unit.scenario.written import step


def order(text: str, *, link: str = "client -> cheerios", only: str = "") -> tuple[Passing, ...]:
    """What a check of a link expects that has this list under `order`."""
    state = step(Check, f"{{check: {link}, {f'only: {only}, ' if only else ''}expect: {{order: {text}}}}}").expect
    assert isinstance(state, LinkState)
    return state.order


@pytest.mark.parametrize("word", PASSING)
def test_a_packet_goes_there_or_back(word: str) -> None:
    assert order(f"[-> {word}, <- {word}]") == (Passing(True, word), Passing(False, word))


def test_packets_keep_their_order() -> None:
    assert order("[-> SYN, <- SYN-ACK, -> ACK]") == (
        Passing(True, "SYN"),
        Passing(False, "SYN-ACK"),
        Passing(True, "ACK"),
    )


def test_an_order_stands_beside_counters() -> None:
    state = step(Check, "{check: client -> cheerios, expect: {sent: 3, order: [-> DATA]}}").expect

    assert state == LinkState(sent=Num(3, 3), order=(Passing(True, "DATA"),))


@pytest.mark.parametrize("link", ["client <-> cheerios", "any -> cheerios", "client-1 -> client-2"])
def test_any_link_between_two_ends_has_an_order(link: str) -> None:
    assert order("[-> SYN]", link=link) == (Passing(True, "SYN"),)


@pytest.mark.parametrize(
    ("only", "words"),
    [("tcp", "[-> SYN, <- RST]"), ("udp 51717", "[-> DATAGRAM]"), ("icmp", "[-> ECHO, <- PORT-UNREACHABLE]")],
)
def test_packets_of_one_protocol_may_be_chosen(only: str, words: str) -> None:
    assert len(order(words, only=only)) == words.count(",") + 1


@pytest.mark.parametrize(("only", "word"), [("tcp", "ECHO"), ("udp 7", "RST"), ("icmp", "DATAGRAM")])
def test_a_packet_that_is_not_chosen_can_not_be_expected(only: str, word: str) -> None:
    with pytest.raises(ScenarioError, match=f"'{word}' is about"):
        order(f"[-> {word}]", only=only)
