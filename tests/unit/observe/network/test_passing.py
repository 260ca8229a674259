"""Packets have the names that an `order` of a scenario asks for."""

from __future__ import annotations

from itertools import product

import pytest

from labctl.observe.network.passing import DATAGRAM, icmp_passes, segment_passes
from labctl.observe.packet.model import ACK, FIN, PSH, RST, SYN
from labctl.scenario.links.order import PASSING


@pytest.mark.parametrize(
    ("flags", "payload", "passes"),
    [
        (SYN, 0, ("SYN",)),
        (SYN | ACK, 0, ("SYN-ACK",)),
        (ACK, 0, ("ACK",)),
        (ACK | PSH, 0, ("ACK",)),
        (ACK | PSH, 6, ("DATA",)),
        (ACK, 1, ("DATA",)),
        (FIN | ACK, 0, ("FIN",)),
        (FIN | ACK | PSH, 6, ("DATA", "FIN")),
        (RST, 0, ("RST",)),
        (RST | ACK, 0, ("RST",)),
        (SYN, 6, ("SYN", "DATA")),
        (0, 0, ()),
    ],
)
def test_a_segment_is_named_by_its_bits_and_its_bytes(flags: int, payload: int, passes: tuple[str, ...]) -> None:
    assert segment_passes(flags, payload) == passes


@pytest.mark.parametrize(
    ("version", "kind", "code", "word"),
    [
        (4, 8, 0, "ECHO"),
        (6, 128, 0, "ECHO"),
        (4, 0, 0, "ECHO-REPLY"),
        (6, 129, 0, "ECHO-REPLY"),
        (4, 3, 3, "PORT-UNREACHABLE"),
        (6, 1, 4, "PORT-UNREACHABLE"),
        (4, 3, 1, "HOST-UNREACHABLE"),
        (6, 1, 3, "HOST-UNREACHABLE"),
        (4, 3, 0, "NET-UNREACHABLE"),
        (6, 1, 0, "NET-UNREACHABLE"),
        (4, 3, 13, "ADMIN-PROHIBITED"),
        (6, 1, 1, "ADMIN-PROHIBITED"),
        (4, 11, 0, "TIME-EXCEEDED"),
        (6, 3, 1, "TIME-EXCEEDED"),
    ],
)
def test_an_icmp_message_of_either_family_has_one_name(version: int, kind: int, code: int, word: str) -> None:
    assert icmp_passes(version, kind, code) == (word,)


@pytest.mark.parametrize(("version", "kind", "code"), [(4, 3, 4), (4, 5, 0), (6, 2, 0), (6, 135, 0), (6, 8, 0)])
def test_other_icmp_messages_have_none(version: int, kind: int, code: int) -> None:
    """Such as what tells of a smaller MTU, and a neighbour's solicitation."""
    assert icmp_passes(version, kind, code) == ()


def test_every_word_of_the_language_is_some_packets_name() -> None:
    segments = {word for flags in range(0x40) for payload in (0, 1) for word in segment_passes(flags, payload)}
    messages = {word for kind, code in product(range(256), range(16)) for word in icmp_passes(4, kind, code)}
    newer = {word for kind, code in product(range(256), range(16)) for word in icmp_passes(6, kind, code)}

    assert segments == {word for word, protocol in PASSING.items() if protocol == "tcp"}
    assert messages == newer == {word for word, protocol in PASSING.items() if protocol == "icmp"}
    assert segments | messages | {*DATAGRAM} == PASSING.keys()
