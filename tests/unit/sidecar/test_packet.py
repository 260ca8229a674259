"""Packets as they travel, and such as never should."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.sidecar.packet import ACK, FIN, ICMP, ICMPV6, PSH, SYN, TCP, UDP, checksum, damaged, parse
from tests.unit.sidecar.packets import RIGHT4, RIGHT6, folded, ipv4, ipv6, is_sealed, parsed, ping, tcp, udp

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)

HOP_BY_HOP = bytes([60, 0]) + bytes(6)
DESTINATION = bytes([UDP, 1]) + bytes(14)
FRAGMENT = bytes([UDP, 0]) + bytes(6)

SHAPES: dict[str, tuple[Callable[[bytes], bytes], int]] = {
    "udp over ipv4": (lambda payload: ipv4(udp(payload)), UDP),
    "udp over ipv4 with options": (lambda payload: ipv4(udp(payload), options=bytes(8)), UDP),
    "udp over ipv6": (lambda payload: ipv6(udp(payload)), UDP),
    "udp over ipv6 with extensions": (
        lambda payload: ipv6(udp(payload), extensions=HOP_BY_HOP + DESTINATION, first=0),
        UDP,
    ),
    "udp in one fragment over ipv6": (lambda payload: ipv6(udp(payload), extensions=FRAGMENT, first=44), UDP),
    "tcp over ipv4": (lambda payload: ipv4(tcp(payload), TCP), TCP),
    "tcp over ipv6": (lambda payload: ipv6(tcp(payload), TCP), TCP),
    "icmp": (lambda payload: ipv4(ping(payload), ICMP), ICMP),
    "icmp over ipv6": (lambda payload: ipv6(ping(payload, kind=128), ICMPV6), ICMP),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_packet_is_read_whatever_carries_it(shape: str) -> None:
    """Its sender, protocol, ports and payload; ICMP of both families is one protocol."""
    make, protocol = SHAPES[shape]
    data = make(b"some payload")
    packet = parsed(data)
    ports = (0, 0) if protocol == ICMP else (40000, 51717)
    source = RIGHT6 if data[0] >> 4 == 6 else RIGHT4
    assert packet[:4] == (source, protocol, *ports)
    assert data[packet.start : packet.end] == b"some payload"
    assert packet.length == 12


def test_a_segment_has_flags_and_sequence_numbers() -> None:
    """What it takes of them: its payload, one for SYN, one for FIN."""
    packet = parsed(ipv4(tcp(b"abc", sequence=0xFFFFFFFF, flags=FIN | ACK | PSH), TCP))
    assert (packet.sequence, packet.flags, packet.occupies) == (0xFFFFFFFF, FIN | ACK | PSH, 4)
    assert parsed(ipv4(tcp(flags=SYN), TCP)).occupies == 1
    assert parsed(ipv4(tcp(flags=ACK), TCP)).occupies == 0


def test_what_pads_a_frame_is_no_payload() -> None:
    """A short packet is filled up by some links; its own length counts."""
    assert parsed(ipv4(udp(b"ab")) + bytes(20)).length == 2
    assert parsed(ipv6(udp(b"ab")) + bytes(20)).length == 2


@pytest.mark.parametrize("kind", range(133, 138))
def test_neighbour_discovery_is_none_of_ours(kind: int) -> None:
    """It belongs to the link itself, as ARP does."""
    assert parse(ipv6(ping(kind=kind), ICMPV6)) is None


@pytest.mark.parametrize("data", [b"", b"\x45", bytes(19), bytes(60), b"\x60" + bytes(38), b"\x50" + bytes(59)])
def test_what_is_no_packet_is_none(data: bytes) -> None:
    """Too short, or of another version."""
    assert parse(data) is None


def test_another_protocol_has_no_ports() -> None:
    """It is still counted, where nothing is said about protocols."""
    packet = parsed(ipv4(b"12345678901234567890", 132))
    assert (packet.protocol, packet.source_port, packet.port) == (132, 0, 0)


@SAME_EVERYWHERE
@given(
    some.binary(max_size=120), some.sampled_from([b"", b"\x45", b"\x46", b"\x4f", b"\x40", b"\x60"]), some.booleans()
)
def test_no_bytes_are_too_broken(rest: bytes, start: bytes, is_visible: bool) -> None:
    """They are read as something or as nothing, and what is damaged keeps its length."""
    data = start + rest
    packet = parse(data)
    if packet is not None:
        assert 0 <= packet.start <= packet.end <= len(data)
        assert len(damaged(data, packet, 3, is_visible=is_visible)) == len(data)


@SAME_EVERYWHERE
@given(some.sampled_from(sorted(SHAPES)), some.data())
def test_a_packet_that_was_cut_off_is_not_too_broken(shape: str, chance: some.DataObject) -> None:
    """Wherever it was cut."""
    whole = SHAPES[shape][0](b"some payload")
    data = whole[: chance.draw(some.integers(0, len(whole)))]
    packet = parse(data)
    if packet is not None:
        assert len(damaged(data, packet, 0, is_visible=False)) == len(data)


@pytest.mark.parametrize("shape", SHAPES)
@SAME_EVERYWHERE
@given(payload=some.binary(min_size=1, max_size=40), place=some.integers(0, 100))
def test_visible_damage_turns_one_byte_and_no_kernel_finds_it(shape: str, payload: bytes, place: int) -> None:
    """The checksum is mended."""
    data = SHAPES[shape][0](payload)
    packet = parsed(data)
    changed = damaged(data, packet, place, is_visible=True)
    assert is_sealed(changed)
    differs = [at for at in range(len(payload)) if changed[packet.start + at] != payload[at]]
    assert differs == [place % len(payload)]
    assert changed[: packet.transport] == data[: packet.transport]


@pytest.mark.parametrize("shape", SHAPES)
@SAME_EVERYWHERE
@given(payload=some.binary(max_size=40), place=some.integers(0, 100))
def test_invisible_damage_is_found_by_every_kernel(shape: str, payload: bytes, place: int) -> None:
    """There is a checksum, and it is wrong."""
    data = SHAPES[shape][0](payload)
    packet = parsed(data)
    changed = damaged(data, packet, place, is_visible=False)
    assert not is_sealed(changed)
    if packet.protocol == UDP:
        assert changed[packet.transport + 6 : packet.transport + 8] != b"\0\0"


def test_damage_without_payload_is_damage_of_the_checksum() -> None:
    """An empty datagram can't be damaged visibly: nothing of it is shown."""
    data = ipv4(udp(b""))
    assert not is_sealed(damaged(data, parsed(data), 7, is_visible=True))


def test_a_datagram_without_a_checksum_gets_one() -> None:
    """UDP over IPv4 may have none (RFC 768); then damage would be seen that is not to be."""
    data = bytearray(ipv4(udp(b"hello")))
    data[26:28] = b"\0\0"
    packet = parsed(bytes(data))
    assert is_sealed(damaged(bytes(data), packet, 0, is_visible=True))
    changed = damaged(bytes(data), packet, 0, is_visible=False)
    assert changed[26:28] != b"\0\0"
    assert not is_sealed(changed)


@SAME_EVERYWHERE
@given(some.binary(max_size=99))
def test_a_checksum_makes_the_sum_whole(data: bytes) -> None:
    """RFC 1071, also of an odd number of bytes."""
    even = data + bytes(len(data) % 2)
    assert folded(even + struct.pack("!H", checksum(data))) == 0xFFFF
