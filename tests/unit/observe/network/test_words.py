"""Packets in words."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.network.segments import NOTHING, remarks
from labctl.observe.network.words import LONGEST_TEXT, is_noise, line, short, text_of
from labctl.observe.packet import decode
from labctl.observe.packet.model import ACK, CWR, ECE, FIN, ICMP, ICMPV6, IGMP, PSH, RST, SYN, UDP, URG
from tests.unit.observe.network.conversations import SACK_13_TO_19
from tests.unit.observe.packets import (
    CLIENT6,
    CLIENT_MAC,
    SERVER6,
    Talk,
    arp,
    ethernet,
    frame4,
    frame6,
    icmp,
    ip4,
    mac,
    pieces4,
    pieces6,
    tcp,
    udp,
)

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


def packed(address: str) -> bytes:
    """An address as bytes."""
    return ipaddress.ip_address(address).packed


UNREACHABLE = frame4(icmp(3, 3, body=ip4(udp(), UDP)), ICMP)
SOLICITATION = frame6(icmp(135, body=packed(SERVER6) + bytes([1, 1]) + mac(CLIENT_MAC)), ICMPV6)
ADVERTISEMENT = frame6(icmp(136, body=packed(CLIENT6) + bytes([2, 1]) + mac(CLIENT_MAC)), ICMPV6)
ECHO = frame4(icmp(8, rest=bytes.fromhex("00070009"), body=b"ping"), ICMP)
REPORT = frame6(icmp(131, body=packed("ff02::fb")), ICMPV6)

SHORT = [
    (frame4(tcp(flags=SYN)), "SYN"),
    (frame4(tcp(flags=SYN | ECE | CWR)), "SYN"),
    (frame4(tcp(flags=SYN | ACK)), "SYN ACK"),
    (frame4(tcp(flags=ACK)), "ACK"),
    (frame4(tcp(b"hello\n", flags=PSH | ACK)), "DATA 6"),
    (frame4(tcp(b"hello\n", flags=PSH | ACK | FIN)), "DATA 6, FIN"),
    (frame4(tcp(b"hello\n", flags=SYN)), "SYN, DATA 6"),
    (frame4(tcp(b"!", flags=ACK | URG)), "DATA 1, URG"),
    (frame4(tcp(flags=FIN | ACK)), "FIN"),
    (frame4(tcp(flags=RST)), "RST"),
    (frame4(tcp(flags=RST | ACK)), "RST"),
    (frame4(tcp(flags=PSH)), "no flags"),
    (frame4(tcp())[:40], "TCP"),
    (frame4(tcp())[:45], "a segment"),
    (frame4(udp(b"hello, world"), UDP), "UDP 12"),
    (frame6(udp(b""), UDP), "UDP 0"),
    (UNREACHABLE, "port unreachable"),
    (ECHO, "echo request"),
    (SOLICITATION, f"who has {SERVER6}?"),
    (ADVERTISEMENT, f"{CLIENT6} is at {CLIENT_MAC}"),
    (frame6(icmp(136, body=packed(CLIENT6)), ICMPV6), f"{CLIENT6} is here"),
    (REPORT, "multicast listener report"),
    (arp(1), "who has 10.51.0.1?"),
    (arp(2), f"10.51.0.2 is at {CLIENT_MAC}"),
    (arp(1, target="10.51.0.2"), f"10.51.0.2 is at {CLIENT_MAC}"),
    (arp(3), "ARP operation 3"),
    (arp(1)[:20], "ARP"),
    (frame4(b"\x16\0\0\0" + bytes(4), IGMP), "IGMP"),
    (frame4(b"whatever", 132), "SCTP"),
    (frame4(b"whatever", 253), "IP protocol 253"),
    (ethernet(b"\x46", 0x0800), "IP"),
    (ethernet(b"whatever", 0x88CC), "Ethernet type 0x88cc"),
    (b"abc", "no Ethernet frame"),
    (pieces4(udp(bytes(5000)))[1], "fragment of UDP"),
]


@pytest.mark.parametrize(("data", "words"), SHORT)
def test_a_packet_is_told_in_short(data: bytes, words: str) -> None:
    """As it stands on an arrow."""
    assert short(decode(data), NOTHING) == words


@pytest.mark.parametrize(
    ("frames", "words"),
    [
        (pieces4(udp(bytes(5000))), ["fragment 1 of UDP 5000", "fragment 4 of UDP 5000"]),
        (
            pieces6(udp(bytes(5000)), inner=bytes([UDP, 0, 1, 4, 0, 0, 0, 0])),
            ["fragment 1 of UDP 5000", "fragment 4 of UDP 5000"],
        ),
        (pieces4(udp(bytes(5000)))[1:3], ["fragment 2 of UDP", "fragment 3 of UDP"]),
        (pieces4(udp(bytes(5000)))[3:], ["fragment of UDP 5000", "fragment of UDP 5000"]),
        (pieces4(icmp(8, body=bytes(2000)), ICMP), ["fragment 1 of ICMP 2000", "fragment 2 of ICMP 2000"]),
    ],
)
def test_a_fragment_is_told_by_its_number(frames: list[bytes], words: list[str]) -> None:
    """And what it is a part of, as far as that is known."""
    packets = [decode(frame) for frame in frames]
    told = [short(packet, remark) for packet, remark in zip(packets, remarks(packets), strict=True)]
    assert [told[0], told[-1]] == words


def lines(frames: list[bytes]) -> list[str]:
    """The full lines of these frames."""
    packets = [decode(frame) for frame in frames]
    return [line(packet, remark) for packet, remark in zip(packets, remarks(packets), strict=True)]


def test_a_line_has_all_of_a_segment() -> None:
    """Ends, flags, relative numbers, window, its place in the stream and options."""
    talk = Talk().opened().client(b"hello\n").server(b"!", flags=ACK | URG, urgent=1)
    talk.client(flags=FIN | ACK).server(options=SACK_13_TO_19 + b"\xfe\x04\xf9\x89")
    assert lines(talk.frames) == [
        "TCP 10.51.0.2:40000 -> 10.51.0.1:51717: SYN, sequence 0, window 64240, MSS 1460, window scale 7, "
        "SACK permitted, timestamps 1 0",
        "TCP 10.51.0.1:51717 -> 10.51.0.2:40000: SYN ACK, sequence 0, acknowledges 1, window 65160, MSS 1460, "
        "window scale 7, SACK permitted, timestamps 1 0",
        "TCP 10.51.0.2:40000 -> 10.51.0.1:51717: ACK, sequence 1, acknowledges 1, window 64256",
        "TCP 10.51.0.2:40000 -> 10.51.0.1:51717: DATA 6, flags PSH ACK, sequence 1, acknowledges 1, window 64256, "
        "bytes 0 to 5 of the stream",
        "TCP 10.51.0.1:51717 -> 10.51.0.2:40000: DATA 1, URG, flags ACK URG, sequence 1, acknowledges 7, "
        "window 64256, byte 0 of the stream, urgent up to 1",
        "TCP 10.51.0.2:40000 -> 10.51.0.1:51717: FIN, flags FIN ACK, sequence 7, acknowledges 2, window 64256",
        "TCP 10.51.0.1:51717 -> 10.51.0.2:40000: ACK, sequence 2, acknowledges 8, window 64256, SACK 13 to 19, "
        "option 254",
    ]


def test_without_remarks_a_line_has_the_numbers_of_the_header() -> None:
    """And says that the window may have to be scaled."""
    told = line(decode(frame6(tcp(flags=ACK, sequence=77, acknowledgement=99))), NOTHING)
    assert told == (
        "TCP [fd51:717::2]:40000 -> [fd51:717::1]:51717: ACK, sequence 77, acknowledges 99, window 502 before scaling"
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (frame4(udp(), UDP), "UDP 10.51.0.2:40000 -> 10.51.0.1:51717: UDP 5"),
        (
            UNREACHABLE,
            "ICMP 10.51.0.2 -> 10.51.0.1: port unreachable, about UDP 10.51.0.2:40000 -> 10.51.0.1:51717, UDP 5",
        ),
        (ECHO, "ICMP 10.51.0.2 -> 10.51.0.1: echo request, identifier 7, sequence 9"),
        (
            SOLICITATION,
            "ICMPv6 fd51:717::2 -> fd51:717::1: who has fd51:717::1?, neighbour solicitation of fd51:717::1",
        ),
        (REPORT, "ICMPv6 fd51:717::2 -> fd51:717::1: multicast listener report, group ff02::fb"),
        (
            frame4(icmp(3, 4, bytes.fromhex("00000578"), ip4(udp(), UDP)[:28]), ICMP),
            "ICMP 10.51.0.2 -> 10.51.0.1: packet too big, MTU 1400, "
            "about UDP 10.51.0.2:40000 -> 10.51.0.1:51717, UDP 5",
        ),
        (arp(1), "ARP 02:00:00:00:00:02 -> 02:00:00:00:00:01: who has 10.51.0.1?"),
        (ethernet(b"", 0x88CC), "Ethernet type 0x88cc 02:00:00:00:00:02 -> 02:00:00:00:00:01"),
        (b"abc", "no Ethernet frame, 3 bytes are too few for an Ethernet header"),
    ],
)
def test_a_line_has_all_of_other_packets(data: bytes, words: str) -> None:
    """What they quote, and what is wrong with them."""
    assert line(decode(data), NOTHING) == words


def test_a_line_says_what_of_a_datagram_never_came() -> None:
    """In bytes of what IP carries."""
    frames = pieces4(udp(bytes(5000)))
    assert lines([frames[0], frames[2]])[1] == (
        "UDP 10.51.0.2 -> 10.51.0.1: fragment 3 of UDP 5000, id 7, bytes 2960 to 4439 of what IP carries, "
        "bytes 1480 to 2959 never came, what follows byte 4439 never came"
    )


@pytest.mark.parametrize(
    ("data", "noise"),
    [
        (arp(1), True),
        (SOLICITATION, True),
        (REPORT, True),
        (frame6(icmp(133), ICMPV6), True),
        (frame6(icmp(143, body=bytes(20)), ICMPV6), True),
        (frame4(b"\x16\0\0\0" + bytes(4), IGMP), True),
        (ECHO, False),
        (UNREACHABLE, False),
        (frame6(icmp(128), ICMPV6), False),
        (frame6(icmp(1, 4), ICMPV6), False),
        (frame4(icmp(143), ICMP), False),
        (frame4(tcp()), False),
        (frame4(udp(), UDP), False),
        (b"abc", False),
    ],
)
def test_what_is_of_the_link_itself_is_noise(data: bytes, noise: bool) -> None:
    """Nobody looks for it first."""
    assert is_noise(decode(data)) is noise


@pytest.mark.parametrize(
    ("payload", "text"),
    [
        (b"", ""),
        (b"hello\n", "hello\\n"),
        (b"a\r\n\tb\0", "a\\r\\n\\tb\\0"),
        (b"\x1b[1m\x7f", "\\x1b[1m\\x7f"),
        (b"C:\\n", "C:\\\\n"),
        ("größer ☃".encode(), "größer ☃"),
        (b"\xff\xfeab", "\\xff\\xfeab"),
        ("\u202eevil\u200b".encode(), "\\xe2\\x80\\xaeevil\\xe2\\x80\\x8b"),
        (b"x" * 60, "x" * 60),
        (b"x" * 61, "x" * 59 + "…"),
        (b"x" * 58 + b"\n\n", "x" * 58 + "…"),
        (b"\xff" * 100, "\\xff" * 14 + "…"),
        ("☃".encode() * 100, "☃" * 59 + "…"),
        (b"x" + "𝄞".encode() * 100, "x" + "𝄞" * 58 + "…"),
    ],
)
def test_a_payload_is_shown_as_people_read_it(payload: bytes, text: str) -> None:
    """What can't be seen is escaped, an escape is not cut in two, and what was left out is said."""
    assert text_of(payload) == text


@SAME_EVERYWHERE
@given(some.binary(max_size=300))
def test_any_payload_can_be_shown(payload: bytes) -> None:
    """On one line, and no longer than there is room for."""
    text = text_of(payload)
    assert text == "" or text.isprintable()
    assert len(text) <= LONGEST_TEXT


@SAME_EVERYWHERE
@given(
    some.sampled_from([data for data, _ in SHORT]), some.lists(some.tuples(some.integers(0, 99), some.integers(0, 255)))
)
def test_any_packet_can_be_told(whole: bytes, changes: list[tuple[int, int]]) -> None:
    """Whatever bytes are turned, there are words for it."""
    damaged = bytearray(whole)
    for at, value in changes:
        damaged[at % len(damaged)] = value
    packet = decode(bytes(damaged))
    (remark,) = remarks([packet])
    assert short(packet, remark)
    assert short(packet, remark) in line(packet, remark)
    assert line(packet, NOTHING).isprintable()
