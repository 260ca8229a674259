"""Verdicts on packets of a queue, as the kernel is told them."""

from __future__ import annotations

import struct

from labctl.sidecar.nfqueue import Verdict, told

ONE, UP_TO = 1, 3
ACCEPT, DROP = 1, 0


def said(verdicts: list[Verdict], *, are_all: bool = True) -> list[tuple[int, int, int]]:
    """Of each message its kind, its verdict and its packet's number (linux/netfilter/nfnetlink_queue.h)."""
    messages = told(7, verdicts, are_all=are_all)
    assert all(struct.unpack_from("=I", message)[0] == len(message) for message in messages)
    return [(message[4], *struct.unpack_from("!II", message, 24)) for message in messages]


def test_packets_that_go_on_have_one_verdict_for_all() -> None:
    assert said([Verdict(number, True) for number in range(4, 9)]) == [(UP_TO, ACCEPT, 8)]


def test_what_becomes_of_one_is_told_between_those_before_and_after() -> None:
    verdicts = [Verdict(1, True), Verdict(2, True), Verdict(3, False), Verdict(4, True, b"mark"), Verdict(5, True)]

    assert said(verdicts) == [(UP_TO, ACCEPT, 2), (ONE, DROP, 3), (ONE, ACCEPT, 4), (UP_TO, ACCEPT, 5)]


def test_no_verdict_is_on_a_packet_that_is_still_held() -> None:
    assert said([Verdict(1, True), Verdict(3, True)], are_all=False) == [(ONE, ACCEPT, 1), (ONE, ACCEPT, 3)]


def test_one_that_is_overtaken_goes_on_after_the_other() -> None:
    assert said([Verdict(2, True), Verdict(1, True), Verdict(3, True)]) == [
        (ONE, ACCEPT, 2),
        (ONE, ACCEPT, 1),
        (ONE, ACCEPT, 3),
    ]


def test_nothing_was_decided() -> None:
    assert said([]) == []
