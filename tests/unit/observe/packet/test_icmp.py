"""ICMP of both families: what it says, and about which packet."""

from __future__ import annotations

import ipaddress

import pytest

from labctl.observe.packet import Icmp, Packet, Tcp, decode
from labctl.observe.packet.model import ICMP, ICMPV6, UDP
from tests.unit.observe.packets import (
    CLIENT,
    CLIENT6,
    CLIENT_MAC,
    CLIENT_PORT,
    PORT,
    SERVER,
    SERVER6,
    frame4,
    frame6,
    icmp,
    ip4,
    ip6,
    mac,
    tcp,
    udp,
)

GROUP = "ff02::fb"


def over4(type_: int, code: int = 0, rest: bytes = bytes(4), body: bytes = b"") -> Packet:
    """A message over IPv4."""
    return decode(frame4(icmp(type_, code, rest, body), ICMP))


def over6(type_: int, code: int = 0, rest: bytes = bytes(4), body: bytes = b"") -> Packet:
    """A message over IPv6."""
    return decode(frame6(icmp(type_, code, rest, body), ICMPV6))


def told(packet: Packet) -> Icmp:
    """The message of a packet that has one."""
    assert packet.icmp is not None
    return packet.icmp


def packed(address: str) -> bytes:
    """An address as bytes."""
    return ipaddress.ip_address(address).packed


def test_echoes_have_a_number_and_a_payload() -> None:
    """Over either family."""
    rest = bytes.fromhex("00070009")
    for packet, name in ((over4(8, 0, rest, b"ping"), "echo request"), (over6(129, 0, rest, b"ping"), "echo reply")):
        message = told(packet)
        assert (message.name, message.identifier, message.sequence) == (name, 7, 9)
        assert (packet.kind, packet.payload, packet.length) == ("icmp", b"ping", 4)


@pytest.mark.parametrize(
    ("code4", "code6", "name"),
    [
        (0, 0, "net unreachable"),
        (1, 3, "host unreachable"),
        (3, 4, "port unreachable"),
        (13, 1, "admin prohibited"),
    ],
)
def test_what_is_out_of_reach_is_said_alike(code4: int, code6: int, name: str) -> None:
    """The families have other numbers for it, and the same words here."""
    four = over4(3, code4, body=ip4(udp(), UDP))
    six = over6(1, code6, body=ip6(udp(), UDP))
    assert told(four).name == told(six).name == name
    assert four.about is not None
    assert six.about is not None
    assert (four.about.kind, four.about.source, four.about.destination) == ("udp", CLIENT, SERVER)
    assert (six.about.kind, six.about.source, six.about.destination) == ("udp", CLIENT6, SERVER6)
    for about in (four.about, six.about):
        assert (about.source_port, about.port, about.payload, about.link) == (CLIENT_PORT, PORT, b"hello", None)


def test_what_is_quoted_in_short_is_read_as_far_as_it_goes() -> None:
    """A header and 8 bytes of what it carries (RFC 792)."""
    about = over4(3, 3, body=ip4(udp(bytes(100)), UDP)[:28]).about
    assert about is not None
    assert (about.port, about.payload, about.length) == (PORT, b"", 100)
    about = over4(11, 0, body=ip4(tcp(b"hello", sequence=77))[:28]).about
    assert about is not None
    assert (about.source_port, about.port) == (CLIENT_PORT, PORT)
    assert about.tcp == Tcp(sequence=77, is_short=True)


def test_extensions_are_not_quoted() -> None:
    """A message may say how long its quotation is (RFC 4884)."""
    quoted4, quoted6 = ip4(udp(bytes(200)), UDP)[:128], ip6(udp(bytes(200)), UDP)[:128]
    four = over4(11, 0, rest=bytes([0, 32, 0, 0]), body=quoted4 + b"extension")
    six = over6(3, 0, rest=bytes([16, 0, 0, 0]), body=quoted6 + b"extension")
    assert four.about is not None
    assert six.about is not None
    assert [about.payload for about in (four.about, six.about)] == [bytes(100), bytes(80)]


def test_an_mtu_is_no_length_of_a_quotation() -> None:
    """It stands in the same place."""
    packet = over6(2, 0, rest=bytes([1, 0, 0, 0]), body=ip6(udp(), UDP))
    assert packet.about is not None
    assert packet.about.payload == b"hello"


def test_what_is_quoted_quotes_nothing() -> None:
    """One look is deep enough."""
    inner = ip4(icmp(3, 3, body=ip4(udp(), UDP)), ICMP)
    about = over4(3, 1, body=inner).about
    assert about is not None
    assert told(about).name == "port unreachable"
    assert about.about is None


def test_a_packet_that_is_too_big_is_told_what_would_fit() -> None:
    """The MTU of the next link."""
    rest = bytes.fromhex("00000578")
    for message in (told(over4(3, 4, rest, ip4(udp(), UDP))), told(over6(2, 0, rest, ip6(udp(), UDP)))):
        assert (message.name, message.mtu) == ("packet too big", 1400)


def test_time_runs_out_in_two_ways() -> None:
    """On the way, or while fragments are waited for."""
    assert [told(over4(11, code)).name for code in (0, 1)] == ["hop limit exceeded", "reassembly time exceeded"]
    assert [told(over6(3, code)).name for code in (0, 1)] == ["hop limit exceeded", "reassembly time exceeded"]


def test_neighbours_ask_and_answer() -> None:
    """About an address, with an Ethernet address."""
    question = told(over6(135, body=packed(SERVER6) + bytes([1, 1]) + mac(CLIENT_MAC)))
    assert (question.name, question.target, question.mac) == ("neighbour solicitation", SERVER6, CLIENT_MAC)
    answer = told(over6(136, rest=bytes([0x60, 0, 0, 0]), body=packed(CLIENT6) + bytes([2, 1]) + mac(CLIENT_MAC)))
    assert (answer.name, answer.target, answer.mac) == ("neighbour advertisement", CLIENT6, CLIENT_MAC)
    assert told(over6(135, body=packed(SERVER6))).mac == ""


def test_routers_are_known_by_their_options() -> None:
    """They say their Ethernet address, too."""
    assert told(over6(133, body=bytes([1, 1]) + mac(CLIENT_MAC))).mac == CLIENT_MAC
    advertisement = told(over6(134, body=bytes(8) + bytes([5, 1, 0, 0, 0, 0, 5, 0xDC, 1, 1]) + mac(CLIENT_MAC)))
    assert (advertisement.name, advertisement.mac) == ("router advertisement", CLIENT_MAC)


def test_redirects_name_the_better_router() -> None:
    """And quote the packet that went the longer way."""
    four = over4(5, 1, packed(SERVER), ip4(udp(), UDP))
    assert told(four).target == SERVER
    quoted = ip6(udp(b"hel"), UDP)
    option = bytes([4, (8 + len(quoted) + 7) // 8]) + bytes(6) + quoted.ljust(56, b"\0")
    six = over6(137, body=packed(SERVER6) + packed(CLIENT6) + option)
    assert told(six).target == SERVER6
    for packet in (four, six):
        assert packet.about is not None
        assert packet.about.port == PORT


def test_listeners_name_their_groups() -> None:
    """In both versions; a general question names none."""
    assert told(over6(131, body=packed(GROUP))).groups == (GROUP,)
    assert told(over6(130, body=bytes(16))).groups == ()
    one = bytes([4, 0, 0, 0]) + packed(GROUP)
    another = bytes([3, 1, 0, 1]) + packed("ff02::1") + packed(CLIENT6) + bytes(4)
    packet = over6(143, rest=bytes([0, 0, 0, 3]), body=one + another + one)
    assert told(packet).groups == (GROUP, "ff02::1", GROUP)
    assert packet.flaws == ()


@pytest.mark.parametrize(
    ("packet", "flaw"),
    [
        (decode(frame4(b"\x08\0\0", ICMP)), "3 bytes are too few for an ICMP message"),
        (over6(135, body=bytes(15)), "23 bytes are too few for a neighbour solicitation"),
        (over6(135, body=bytes(16) + bytes([1, 0]) + bytes(6)), "an option of a neighbour solicitation is broken"),
        (over6(131, body=bytes(8)), "a message about listeners is cut off"),
        (over6(143, rest=bytes([0, 0, 0, 2]), body=bytes(20)), "a report of listeners is cut off"),
    ],
)
def test_what_is_wrong_is_said(packet: Packet, flaw: str) -> None:
    """In words; the rest is read."""
    assert packet.flaws == (flaw,)
    assert packet.kind == "icmp"


def test_a_message_that_is_not_known_is_told_by_its_numbers() -> None:
    """There are many."""
    assert told(over4(42, 7)).name == "ICMP type 42 code 7"
    assert told(over6(200, 1)).name == "ICMPv6 type 200 code 1"
    assert told(over4(3, 99)).name == "unreachable"
