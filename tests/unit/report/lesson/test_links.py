"""Faults of links and their counters in words."""

from __future__ import annotations

import pytest

from labctl.report.lesson.steps import Told, cast_of
from labctl.report.lesson.steps import told as in_words
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse

HOSTS = "hosts: {cheerios: {}, client: {count: 3}}"


def told(step: str) -> Told:
    scenario = scenario_of(parse(f"{HOSTS}\nsteps:\n  - {{{step}}}\n", "x.yaml"), services=["cheerios", "client"])
    return in_words(scenario.steps[-1], cast_of(scenario, ("cheerios", "client")))


def outcome(keys: str) -> str:
    (only,) = told(f"link: client-1 -> cheerios, only: tcp 7, {keys}").outcomes
    return only


@pytest.mark.parametrize(
    ("step", "deed"),
    [
        (
            "link: client-1 -> cheerios, only: udp 7, drop: [2]",
            "From here on, what client-1 sends to cheerios (udp 7 only) goes through a link with faults.",
        ),
        (
            "link: client -> cheerios, cut: silent",
            "From here on, what each of client-1 to client-3 sends to cheerios goes through a link with faults.",
        ),
        (
            "link: any <-> cheerios, only: tcp, cut: silent",
            "From here on, what any host and cheerios send each other (tcp only) goes through a link with faults.",
        ),
        ("heal: all", "Heal all links: their faults are over."),
        ("heal: client-1 -> any", "Heal the link from client-1 to any host: its faults are over."),
        ("heal: any <-> any", "Heal the link between any host and any other: its faults are over."),
        (
            "check: cheerios -> client-1, only: tcp, expect: {sent: 1}",
            "Look at what cheerios sends to client-1 (tcp only).",
        ),
        (
            "wait: client-1 -> cheerios, until: {arrived: 3}",
            "Wait until, of what client-1 sends to cheerios, 3 packets arrived.",
        ),
        (
            "wait: client-1 -> cheerios, until: {sent: 5, arrived: 3}",
            "Wait until this is so of what client-1 sends to cheerios:",
        ),
    ],
)
def test_what_is_done(step: str, deed: str) -> None:
    assert told(step).deed == deed


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        ("drop: [2, 4]", "The 2nd and the 4th packet are lost"),
        ("drop: [1, 3, 11]", "The 1st, the 3rd and the 11th packet are lost"),
        ("drop: [22]", "The 22nd packet is lost"),
        ("drop: 20%", "20 % of the packets, by a chance that is the same in every run, are lost"),
        (
            "drop: 20%, burst: 3.5",
            "20 % of the packets, by a chance that is the same in every run, are lost, 3.5 in a row in the mean",
        ),
        ("drop: 100%", "Every packet is lost"),
        ("duplicate: {first: 3}", "The first 3 packets arrive twice"),
        ("duplicate: {first: 1}", "The first packet arrives twice"),
        ("reorder: {every: 5}", "Every 5th packet lets the next one go by first"),
        ("reorder: [2], hold: 3", "The 2nd packet lets the next 3 go by first"),
        (
            "corrupt: {contains: hello}",
            'Every packet that contains "hello" is damaged, and the kernel that receives it throws it away',
        ),
        ("corrupt: [1], visible: true", "The 1st packet is damaged, and the program gets it so"),
        ("delay: 40ms", "Every packet arrives 40 ms later"),
        ("delay: 40ms, jitter: 5ms", "Every packet arrives 40 ms later, give or take 5 ms, in order"),
        ("rate: 1.5mbit", "It carries 1.5 Mbit a second; what would have to wait longer than 50 ms is lost"),
        ("rate: 300bit, queue: 1s", "It carries 300 bit a second; what would have to wait longer than 1.00 s is lost"),
        ("cut: silent", "Nothing arrives, and nobody is told"),
        ("cut: reset", "Nothing arrives; who sends with tcp is answered with a reset (RST)"),
        ("cut: host-unreachable", "Nothing arrives; the sender is told by ICMP that the host can't be reached"),
    ],
)
def test_what_a_fault_does(keys: str, sentence: str) -> None:
    assert outcome(keys) == sentence


def test_several_faults_are_several_sentences_in_the_order_of_their_passage() -> None:
    assert told("link: client-1 -> cheerios, delay: 1s, drop: fragments").outcomes == (
        "Every fragment of a datagram but the first is lost",
        "Every packet arrives 1.00 s later",
    )


def test_what_the_counters_must_say() -> None:
    asked = "sent: 5, arrived: {min: 3}, dropped: [2, 4], retransmitted: 1, resets: 0"

    assert told(f"check: client-1 -> cheerios, only: tcp 7, expect: {{{asked}}}").outcomes == (
        "5 packets were sent",
        "At least 3 packets arrived",
        "The 2nd and the 4th packet were lost on the link, and no other",
        "1 segment was sent again",
        "No reset (RST) was sent",
    )
    assert told("check: client-1 -> cheerios, expect: {dropped: 1}").outcomes == ("1 packet was lost on the link",)
