"""Words about packets -> their bytes, with checksums that are right; and whether those of a packet are."""

from __future__ import annotations

import ipaddress
import struct

from labctl.sidecar.packet import ACK, ICMP, ICMPV6, TCP, UDP, Packet, parse

LEFT4, RIGHT4 = (ipaddress.ip_address(text).packed for text in ("10.51.0.1", "10.51.0.2"))
LEFT6, RIGHT6 = (ipaddress.ip_address(text).packed for text in ("fd51:717::1", "fd51:717::2"))
_CHECKSUM_AT = {TCP: 16, UDP: 6, ICMP: 2, ICMPV6: 2}


def udp(payload: bytes = b"hello", *, port: int = 51717, source_port: int = 40000) -> bytes:
    """A datagram without its IP header."""
    return struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload


def tcp(
    payload: bytes = b"", *, sequence: int = 1, flags: int = ACK, port: int = 51717, source_port: int = 40000
) -> bytes:
    """A segment without its IP header, with one option."""
    fixed = struct.pack("!HHIIBBHHH", source_port, port, sequence, 0, 6 << 4, flags, 65535, 0, 0)
    return fixed + b"\x01\x01\x01\x00" + payload


def ping(payload: bytes = b"ping", *, kind: int = 8) -> bytes:
    """An echo request without its IP header."""
    return struct.pack("!BBHHH", kind, 0, 0, 1, 1) + payload


def ipv4(body: bytes, protocol: int = UDP, *, options: bytes = b"", source: bytes = RIGHT4) -> bytes:
    """A packet to left."""
    size = 20 + len(options) + len(body)
    header = struct.pack("!BBHHHBBH", 0x40 | 5 + len(options) // 4, 0, size, 1, 0, 64, protocol, 0)
    pseudo = b"" if protocol == ICMP else source + LEFT4 + struct.pack("!II", len(body), protocol)
    return header + source + LEFT4 + options + _sealed(body, protocol, pseudo)


def ipv6(body: bytes, protocol: int = UDP, *, extensions: bytes = b"", first: int | None = None) -> bytes:
    """A packet to left. `first`: the kind of the first of its `extensions`; they end with `protocol`."""
    header = struct.pack("!IHBB", 6 << 28, len(extensions) + len(body), protocol if first is None else first, 64)
    pseudo = RIGHT6 + LEFT6 + struct.pack("!II", len(body), protocol)
    return header + RIGHT6 + LEFT6 + extensions + _sealed(body, protocol, pseudo)


def _sealed(body: bytes, protocol: int, pseudo: bytes) -> bytes:
    at = _CHECKSUM_AT.get(protocol)
    if at is None:
        return body
    value = folded(pseudo + body) ^ 0xFFFF
    return body[:at] + value.to_bytes(2, "big") + body[at + 2 :]


def folded(data: bytes) -> int:
    """The sum of 16-bit words with end-around carry: 0xFFFF over what carries a right checksum (RFC 1071)."""
    total = 0
    for at in range(0, len(data), 2):
        total += int.from_bytes(data[at : at + 2].ljust(2, b"\0"), "big")
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def is_sealed(data: bytes) -> bool:
    """Whether a packet's checksum is right. UDP's 0 is none."""
    packet = parsed(data)
    body = data[packet.transport : packet.end]
    if data[0] >> 4 == 4:
        addresses, protocol = data[12:20], packet.protocol
    else:
        addresses, protocol = data[8:40], ICMPV6 if packet.protocol == ICMP else packet.protocol
    if packet.protocol == UDP and body[6:8] == b"\0\0":
        return False
    pseudo = b"" if protocol == ICMP else addresses + struct.pack("!II", len(body), protocol)
    return folded(pseudo + body) == 0xFFFF


def parsed(data: bytes) -> Packet:
    """A packet that is one."""
    packet = parse(data)
    assert packet is not None
    return packet
