"""IP packets of both families: ends, options, fragments, and the datagrams in them."""

from __future__ import annotations

import pytest

from labctl.observe.packet import Fragment, decode
from labctl.observe.packet.model import TCP, UDP
from tests.unit.observe.packets import (
    CLIENT,
    CLIENT6,
    CLIENT_PORT,
    PORT,
    SERVER,
    SERVER6,
    ethernet,
    frame4,
    frame6,
    ip4,
    pieces4,
    pieces6,
    tcp,
    udp,
)

ROUTER_ALERT = bytes.fromhex("94040000")
DESTINATION = bytes([UDP, 0, 1, 4, 0, 0, 0, 0])


def test_a_datagram_has_ends_and_a_payload() -> None:
    """Over either family."""
    four, six = decode(frame4(udp(), UDP, id=77)), decode(frame6(udp(), UDP))
    assert (four.family, four.source, four.destination) == (4, CLIENT, SERVER)
    assert (six.family, six.source, six.destination) == (6, CLIENT6, SERVER6)
    assert (four.identification, six.identification) == (77, 0)
    for packet in (four, six):
        assert packet.kind == "udp"
        assert (packet.source_port, packet.port, packet.payload, packet.length) == (CLIENT_PORT, PORT, b"hello", 5)
        assert (packet.protocol, packet.hops, packet.fragment) == (UDP, 64, None)


def test_options_and_extension_headers_are_looked_behind() -> None:
    """Their kinds are kept."""
    four = decode(frame4(udp(), UDP, options=b"\x01\x01\x01\x00" + ROUTER_ALERT))
    assert (four.payload, four.extensions) == (b"hello", ())
    four = decode(frame4(udp(), UDP, options=b"\x01\x01\x01\x01" + ROUTER_ALERT))
    assert (four.payload, four.extensions) == (b"hello", (0x94,))
    hop_by_hop = bytes([51, 0, 1, 4, 0, 0, 0, 0])
    authentication = bytes([43, 2, 0, 0]) + bytes(12)
    routing = bytes([60, 0, 4, 0, 0, 0, 0, 0])
    six = decode(frame6(udp(), UDP, extensions=hop_by_hop + authentication + routing + DESTINATION, first=0))
    assert (six.payload, six.extensions) == (b"hello", (0, 51, 43, 60))


def test_fragments_say_where_they_belong() -> None:
    """Only the first has ports."""
    first, second, last = (decode(frame) for frame in pieces4(udp(bytes(100)), size=48, id=9))
    assert first.fragment is not None
    assert first.fragment == Fragment(9, 0, False, first.fragment.data)
    assert (first.kind, first.port, first.length, len(first.fragment.data)) == ("udp", PORT, 40, 48)
    assert second.fragment == Fragment(9, 48, False, bytes(48))
    assert (second.kind, second.port, second.payload) == ("udp", 0, bytes(48))
    assert last.fragment == Fragment(9, 96, True, bytes(12))
    assert first.flaws == second.flaws == last.flaws == ()


def test_fragments_of_ipv6_say_where_they_belong() -> None:
    """Headers that were cut up with the datagram are looked behind in the first."""
    first, last = (decode(frame) for frame in pieces6(udp(bytes(100)), size=80, id=9, inner=DESTINATION))
    assert first.fragment is not None
    assert (first.fragment.id, first.fragment.offset, first.fragment.is_last, first.fragment.start) == (9, 0, False, 8)
    assert (first.kind, first.port, first.extensions) == ("udp", PORT, (44, 60))
    assert last.fragment == Fragment(9, 80, True, bytes(36))


def test_a_fragment_that_is_all_there_is_is_none() -> None:
    """A translator may have put the header there (RFC 6946)."""
    packet = decode(frame6(udp(), UDP, extensions=bytes([UDP, 0, 0, 0, 0, 0, 0, 9]), first=44))
    assert (packet.fragment, packet.payload) == (None, b"hello")


def test_another_protocol_keeps_its_bytes() -> None:
    """It has no ports."""
    packet = decode(frame4(b"whatever", 132))
    assert (packet.kind, packet.protocol, packet.payload, packet.port) == ("ip", 132, b"whatever", 0)


def test_one_that_its_sender_has_still_to_cut_up_is_read_to_its_end() -> None:
    """Recorded before that, it may be too long for its own length."""
    whole = bytearray(ip4(tcp(b"x" * 50)))
    whole[2:4] = b"\0\0"
    assert decode(ethernet(bytes(whole), 0x0800)).length == 50
    six = bytearray(frame6(tcp(b"x" * 50)))
    six[18:20] = b"\0\0"
    assert decode(bytes(six)).length == 50


def test_of_a_datagram_that_was_cut_off_the_length_is_known() -> None:
    """A capture may keep less than there was."""
    packet = decode(frame4(udp(bytes(100)), UDP)[:-60])
    assert (len(packet.payload), packet.length) == (40, 100)
    assert packet.flaws == ("68 of the 128 bytes of an IP packet are there",)


@pytest.mark.parametrize(
    ("at", "value", "flaw"),
    [
        (0, 0x44, "an IPv4 header of 16 bytes is too short to be one"),
        (3, 10, "an IPv4 packet of 10 bytes is shorter than its header"),
        (25, 50, "UDP says that it has 50 bytes, IP that it has 13"),
        (25, 3, "UDP says that it has 3 bytes, IP that it has 13"),
    ],
)
def test_lengths_that_cannot_be_are_said(at: int, value: int, flaw: str) -> None:
    """What is there is read nevertheless."""
    data = bytearray(ip4(udp(), UDP))
    data[at] = value
    packet = decode(ethernet(bytes(data), 0x0800))
    assert flaw in packet.flaws
    assert (packet.source, packet.destination) == (CLIENT, SERVER)


def test_options_that_cannot_be_are_said() -> None:
    """An option that would reach beyond the header."""
    assert decode(frame4(udp(), UDP, options=b"\x94\x09\0\0")).flaws == ("IPv4 option 148 is broken",)
    assert decode(frame6(b"", UDP, extensions=b"", first=60)).flaws[0] == "IPv6 extension header 60 is cut off"


def test_headers_alone_are_whole() -> None:
    """Nothing need follow them."""
    packet = decode(frame4(b"", 253))
    assert (packet.source, packet.payload, packet.flaws) == (CLIENT, b"", ())
    packet = decode(frame6(b"", UDP, extensions=DESTINATION, first=60))
    assert packet.flaws == ("0 bytes of a UDP header are there",)


def test_a_protocol_of_the_other_family_is_none() -> None:
    """ICMP for IPv4 has no meaning over IPv6."""
    assert decode(frame6(bytes(8), 1)).icmp is None
    assert decode(frame4(tcp(), TCP)).icmp is None
