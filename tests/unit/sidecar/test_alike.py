"""Packets -> a number among those that look alike."""

from __future__ import annotations

import pytest

from labctl.sidecar import alike
from labctl.sidecar.alike import Alike
from tests.unit.sidecar.packets import ipv4, parsed, tcp, udp


def test_packets_that_look_alike_are_numbered() -> None:
    """By flow, length, and for segments the sequence number: what a capture can tell, too."""
    counted = Alike()
    come = [udp(b"one"), udp(b"two"), udp(b"three"), udp(b"six"), udp(b"one", source_port=4)]
    assert [counted.numbered(parsed(ipv4(each))).same for each in come] == [1, 2, 1, 3, 1]
    segments = [tcp(b"a", sequence=1), tcp(b"a", sequence=2), tcp(b"a", sequence=1)]
    assert [counted.numbered(parsed(ipv4(each, 6))).same for each in segments] == [1, 1, 2]


def test_beyond_so_many_kinds_new_ones_have_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are known go on counting."""
    counted = Alike()
    for length in range(3):
        counted.numbered(parsed(ipv4(udp(bytes(length)))))
    monkeypatch.setattr(alike, "MOST", 3)
    assert counted.numbered(parsed(ipv4(udp(bytes(9))))).same == 0
    assert counted.numbered(parsed(ipv4(udp(bytes(1))))).same == 2
