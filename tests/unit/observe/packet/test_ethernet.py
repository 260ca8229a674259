"""Frames: what carries packets, and what never should have been one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.packet import Arp, Link, decode
from labctl.observe.packet.model import ICMP, ICMPV6, UDP
from tests.unit.observe.packets import (
    CLIENT,
    CLIENT_MAC,
    SERVER,
    SERVER_MAC,
    USUAL_SYN,
    arp,
    ethernet,
    frame4,
    frame6,
    icmp,
    ip4,
    ip6,
    pieces4,
    pieces6,
    tagged,
    tcp,
    udp,
)

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)

SHAPES = [
    frame4(tcp()),
    frame4(tcp(b"hello", options=USUAL_SYN)),
    frame6(tcp(b"hello", options=bytes.fromhex("01010512") + bytes(16))),
    frame4(udp(), UDP, options=bytes.fromhex("94040000")),
    frame6(udp(), UDP, extensions=bytes([60, 0, 5, 2, 0, 0, 1, 0, UDP, 0, 1, 4, 0, 0, 0, 0]), first=0),
    frame4(icmp(3, 3, body=ip4(udp(), UDP)), ICMP),
    frame6(icmp(1, 4, body=ip6(icmp(1, 4, body=ip6(udp(), UDP)), ICMPV6)), ICMPV6),
    frame6(icmp(135, body=bytes(16) + bytes([1, 1, 2, 0, 0, 0, 0, 2])), ICMPV6),
    frame6(icmp(143, rest=bytes([0, 0, 0, 2]), body=bytes(40)), ICMPV6),
    pieces4(udp(bytes(2000)))[1],
    pieces6(udp(bytes(2000)), inner=bytes([UDP, 0, 1, 4, 0, 0, 0, 0]))[0],
    tagged(arp(1), 7),
]


def test_a_frame_has_both_addresses() -> None:
    """And says what it carries."""
    packet = decode(frame4(udp(), UDP))
    assert packet.link == Link(CLIENT_MAC, SERVER_MAC, 0x0800)


def test_a_tag_is_looked_behind() -> None:
    """Of two the inner one is the packet's."""
    packet = decode(tagged(tagged(frame4(udp(), UDP), 7), 9, tag=0x88A8))
    assert packet.link == Link(CLIENT_MAC, SERVER_MAC, 0x0800, 7)
    assert packet.payload == b"hello"


def test_arp_asks_and_answers() -> None:
    """Who asks is its source, who is asked about its destination."""
    packet = decode(arp(2, target_mac=SERVER_MAC))
    assert packet.kind == "arp"
    assert packet.arp == Arp(2, CLIENT_MAC, CLIENT, SERVER_MAC, SERVER)
    assert (packet.source, packet.destination) == (CLIENT, SERVER)


def test_what_fills_up_a_frame_is_nobodys() -> None:
    """Frames are at least 60 bytes on a real link."""
    assert decode(frame4(udp(b"ab"), UDP) + bytes(20)).payload == b"ab"
    assert decode(frame6(udp(b"ab"), UDP) + bytes(20)).payload == b"ab"
    assert decode(arp(1) + bytes(18)).flaws == ()


def test_other_types_are_kept_as_they_are() -> None:
    """A length in the place of a type says how much of it counts (IEEE 802.3)."""
    packet = decode(ethernet(b"whatever", 0x88CC))
    assert (packet.kind, packet.payload) == ("other", b"whatever")
    assert decode(ethernet(b"abcd" + bytes(42), 4)).payload == b"abcd"


@pytest.mark.parametrize(
    ("data", "flaw"),
    [
        (b"short", "5 bytes are too few for an Ethernet header"),
        (ethernet(b"\0", 0x8100), "the frame ends in its VLAN tag"),
        (arp(1)[:30], "ARP has 16 bytes where it needs 28"),
        (arp(1)[:14] + b"\0\x20" + arp(1)[16:], "ARP for other addresses than IPv4 over Ethernet"),
        (frame4(udp(), UDP)[:30], "16 bytes are too few for an IPv4 header"),
        (ethernet(ip6(udp(), UDP), 0x0800), "an IPv4 header says that it is of version 6"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, flaw: str) -> None:
    """In words, and nothing raises."""
    assert decode(data).flaws == (flaw,)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_whole_packet_has_no_flaws(shape: bytes) -> None:
    """There is nothing to say but where something is wrong."""
    assert decode(shape).flaws == ()


@SAME_EVERYWHERE
@given(some.sampled_from(SHAPES), some.data())
def test_wherever_a_packet_was_cut_it_is_said(whole: bytes, chance: some.DataObject) -> None:
    """And what is there is read."""
    cut = chance.draw(some.integers(0, len(whole) - 1))
    packet = decode(whole[:cut])
    assert packet.flaws
    assert len(packet.payload) <= cut


@SAME_EVERYWHERE
@given(some.sampled_from(SHAPES), some.lists(some.tuples(some.integers(0, 200), some.integers(0, 255)), max_size=8))
def test_no_damage_is_too_much(whole: bytes, changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are turned: it is read as something, and nothing appears that was not there."""
    damaged = bytearray(whole)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    packet = decode(bytes(damaged))
    assert packet.payload in bytes(damaged)
    assert packet.length >= 0


@SAME_EVERYWHERE
@given(some.binary(max_size=120), some.sampled_from([0x0800, 0x86DD, 0x0806, 0x8100, 0]), some.binary(max_size=1))
def test_no_bytes_are_too_broken(rest: bytes, carries: int, first: bytes) -> None:
    """Any bytes in any frame."""
    data = ethernet(first + rest, carries)
    assert decode(data).payload in data
