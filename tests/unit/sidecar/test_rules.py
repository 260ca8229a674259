"""What a rule says of a sender's n-th packet."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.sidecar.packet import ICMP, ICMPV6, TCP
from labctl.sidecar.rules import Counter, Rule, missing, rule_from
from tests.unit.sidecar.packets import LEFT4, RIGHT4, ipv4, ipv6, parsed, ping, tcp, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


def rule(name: str = "loss", fault: str = "drop", **values: Any) -> Rule:  # Any: JSON's own types
    """A rule from its JSON."""
    return rule_from({"name": name, "fault": fault, **values})


def chosen(count: int, *, name: str = "loss", seed: int = 1, sender: str = "client", **which: Any) -> list[int]:
    """Which of so many packets a rule chooses."""
    counter = Counter(rule(name, which=which, seed=seed), sender)
    return [n for n in range(1, count + 1) if counter.chooses(b"")]


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        ({"ordinals": [2, 4]}, [2, 4]),
        ({"first": 3}, [1, 2, 3]),
        ({"every": 5}, [5, 10]),
        ({"every": 1}, list(range(1, 13))),
        ({"share": 1.0}, list(range(1, 13))),
        ({}, []),
    ],
)
def test_packets_are_chosen_by_their_number(which: dict[str, Any], expected: list[int]) -> None:
    """Counting is from 1."""
    assert chosen(12, **which) == expected


def test_packets_are_chosen_by_what_they_contain() -> None:
    """As a part, in UTF-8; the number doesn't matter."""
    counter = Counter(rule(which={"contains": "é!"}), "client")
    payloads = ["é", "né!", "", "é!é!", "e!"]
    assert [counter.chooses(text.encode()) for text in payloads] == [False, True, False, True, False]
    assert (counter.came, counter.chosen) == (5, 2)


def test_a_seed_gives_the_same_list_every_time() -> None:
    """On every machine and in every version of Python: the list stands here."""
    expected = [11, 18, 27, 33]
    assert chosen(40, share=0.2, seed=7) == chosen(40, share=0.2, seed=7)
    assert chosen(40, share=0.2, seed=7) == expected


@pytest.mark.parametrize("other", [{"seed": 8}, {"sender": "cheerios"}, {"name": "loss #2"}])
def test_another_seed_sender_or_rule_gives_another_list(other: dict[str, Any]) -> None:
    """So that two senders are not unlucky together."""
    assert chosen(200, share=0.2, **({"seed": 7} | other)) != chosen(200, share=0.2, seed=7)


@pytest.mark.parametrize("share", [0.01, 0.2, 0.5, 0.9])
def test_a_share_is_about_that_share(share: float) -> None:
    """Within four standard deviations; this seed is always the same."""
    count = 20_000
    assert abs(len(chosen(count, share=share)) - count * share) < 4 * (count * share * (1 - share)) ** 0.5


@pytest.mark.parametrize(("share", "burst"), [(0.05, 4.0), (0.2, 3.0), (0.3, 10.0), (0.5, 1.5), (0.75, 3.0)])
def test_bursts_have_their_mean_length_and_their_share(share: float, burst: float) -> None:
    """Gilbert's model, up to the largest share that bursts of this length can have."""
    count = 60_000
    lost = set(chosen(count, share=share, burst=burst))
    runs = [len(list(run)) for is_lost, run in groupby(n in lost for n in range(1, count + 1)) if is_lost]
    assert sum(runs) / len(runs) == pytest.approx(burst, rel=0.06)
    assert len(lost) / count == pytest.approx(share, rel=0.08)


@SAME_EVERYWHERE
@given(some.floats(0.001, 0.999), some.floats(1.0, 50.0), some.integers())
def test_any_share_with_any_burst_decides_the_same_again(share: float, burst: float, seed: int) -> None:
    """And chooses nothing that never came."""
    once = chosen(50, share=share, burst=burst, seed=seed)
    assert once == chosen(50, share=share, burst=burst, seed=seed)


def test_who_put_a_rule_there_does_not_change_its_luck() -> None:
    """A rule of a lab that stands has the name of its scenario before its own."""
    assert chosen(100, share=0.3, name="one/loss") == chosen(100, share=0.3, name="two/loss")


@pytest.mark.parametrize(
    ("which", "came", "chosen_", "expected"),
    [
        ({"ordinals": [2, 4]}, 3, 1, "packet 4 never came: there were 3"),
        ({"ordinals": [2, 4]}, 4, 2, ""),
        ({"first": 3}, 2, 2, "packet 3 never came: there were 2"),
        ({"every": 5}, 4, 0, "packet 5 never came: there were 4"),
        ({"every": 5}, 7, 1, ""),
        ({"contains": "x"}, 7, 0, "no packet with 'x' came: there were 7"),
        ({"contains": "x"}, 7, 1, ""),
        ({"share": 0.2}, 0, 0, "no packet came"),
        ({"share": 0.2}, 1, 0, ""),
        ({}, 0, 0, ""),
    ],
)
def test_what_never_came_is_said(which: dict[str, Any], came: int, chosen_: int, expected: str) -> None:
    """Luck may spare all that came; a number, or a text, must come."""
    assert missing(rule(which=which), came, chosen_) == expected


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (None, ["udp", "other port", "tcp", "icmp", "icmp6"]),
        ({"protocol": "udp"}, ["udp", "other port"]),
        ({"protocol": "udp", "port": 51717}, ["udp"]),
        ({"protocol": "udp", "port": 40000}, ["udp", "other port"]),
        ({"protocol": "tcp", "port": 51717}, ["tcp"]),
        ({"protocol": "icmp"}, ["icmp", "icmp6"]),
    ],
)
def test_a_rule_is_about_the_packets_it_says(only: dict[str, Any] | None, expected: list[str]) -> None:
    """A port counts on either side; ICMP is that of both families."""
    packets = {
        "udp": ipv4(udp()),
        "other port": ipv4(udp(port=9)),
        "tcp": ipv4(tcp(), TCP),
        "icmp": ipv4(ping(), ICMP),
        "icmp6": ipv6(ping(kind=128), ICMPV6),
    }
    about = rule(only=only)
    assert [name for name, data in packets.items() if about.is_about(parsed(data))] == expected


def test_a_rule_is_about_its_senders() -> None:
    """By address; without any it is about everybody."""
    from_right = rule(senders=[RIGHT4.hex()])
    assert from_right.is_about(parsed(ipv4(udp())))
    assert not from_right.is_about(parsed(ipv4(udp(), source=LEFT4)))
    assert rule().is_about(parsed(ipv4(udp(), source=LEFT4)))
