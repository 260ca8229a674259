"""The bytes of an IP packet -> who sends what to whom, as far as rules ask for it.

IPv4 (RFC 791), IPv6 (RFC 8200), TCP (RFC 9293), UDP (RFC 768). What comes here is whole: fragments were put together.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
_NEIGHBOUR_DISCOVERY = range(133, 138)
_EXTENSIONS = (0, 43, 44, 60, 135)  # hop-by-hop, routing, fragment, destination, mobility

_PLAIN_IPV4 = struct.Struct("!xxH5xBxx4s4xHHxxxx")
"""Of a header without options: its length with what follows, the protocol, the source, and two ports."""
_PORTS = struct.Struct("!HH")
_SEQUENCE = struct.Struct("!I")


class Packet(NamedTuple):
    """A packet. Ports are 0 for what has none; `start` and `end` are where its payload lies in the bytes.

    `same`: how many with its flow, sequence number and length have come, this one included; 0 where nobody counts.
    """

    source: bytes
    protocol: int
    source_port: int
    port: int
    transport: int
    start: int
    end: int
    sequence: int
    flags: int
    same: int = 0

    @property
    def length(self) -> int:
        """Bytes of payload."""
        return self.end - self.start

    @property
    def occupies(self) -> int:
        """What a TCP segment takes of the sequence numbers."""
        return self.length + bool(self.flags & SYN) + bool(self.flags & FIN)


Flow = tuple[bytes | int, ...]
MOST_FLOWS = 4096
"""What is known of so many flows is kept for a next packet; then it is found out anew."""


def flow_of(packet: Packet) -> Flow:
    """Source, protocol and ports: packets that have these in common are about the same rules and views."""
    return packet[:4]


def parse(data: bytes) -> Packet | None:
    """The packet; None for what belongs to the link itself (neighbour discovery), or is no packet at all."""
    if len(data) < 20:
        return None
    if data[0] == 0x45 and data[9] == UDP and len(data) >= 28:  # most packets, quicker
        end, _, source, source_port, port = _PLAIN_IPV4.unpack_from(data)
        if 28 <= end <= len(data):
            return Packet(source, UDP, source_port, port, 20, 28, end, 0, 0)
    if data[0] >> 4 == 4:
        transport, end = (data[0] & 15) * 4, int.from_bytes(data[2:4], "big")
        return _transport(data, data[12:16], data[9], transport, end)
    if data[0] >> 4 != 6 or len(data) < 40:
        return None
    protocol, at = data[6], 40
    end = at + int.from_bytes(data[4:6], "big")
    while protocol in _EXTENSIONS and at + 8 <= len(data):
        protocol, at = data[at], at + (8 if protocol == 44 else 8 * (data[at + 1] + 1))
    return _transport(data, data[8:24], protocol, at, end)


def _transport(data: bytes, source: bytes, protocol: int, at: int, end: int) -> Packet | None:
    end = min(end, len(data))
    if protocol == TCP and at + 20 <= end:
        source_port, port = _PORTS.unpack_from(data, at)
        start = min(at + (data[at + 12] >> 4) * 4, end)
        sequence = _SEQUENCE.unpack_from(data, at + 4)[0]
        return Packet(source, TCP, source_port, port, at, start, end, sequence, data[at + 13])
    if protocol == UDP and at + 8 <= end:
        source_port, port = _PORTS.unpack_from(data, at)
        return Packet(source, UDP, source_port, port, at, at + 8, end, 0, 0)
    if protocol == ICMPV6 and at < end and data[at] in _NEIGHBOUR_DISCOVERY:
        return None
    return Packet(source, ICMP if protocol == ICMPV6 else protocol, 0, 0, at, min(at + 8, end), end, 0, 0)


def is_whole(data: bytes) -> bool:
    """Whether these are all bytes of a packet: of the very longest the kernel gives no more than 65531."""
    length = int.from_bytes(data[2:4], "big") if data[0] >> 4 == 4 else 40 + int.from_bytes(data[4:6], "big")
    return len(data) >= length


def damaged(data: bytes, packet: Packet, place: int, *, is_visible: bool) -> bytes:
    """The packet with one byte of its payload turned over.

    A visible damage has its checksum mended, so that no kernel finds it; an invisible one is thrown away by the
    receiving kernel. A packet without payload has its checksum damaged either way.
    """
    changed = bytearray(data)
    if packet.length:
        changed[packet.start + place % packet.length] ^= 0xFF
        if not is_visible:
            _spoil_checksum(changed, packet)
        else:
            _mend_checksum(changed, packet)
    else:
        _spoil_checksum(changed, packet)
    return bytes(changed)


def _checksum_at(packet: Packet) -> int | None:
    where = {TCP: 16, UDP: 6, ICMP: 2}.get(packet.protocol)
    return None if where is None or packet.transport + where + 2 > packet.end else packet.transport + where


def _spoil_checksum(changed: bytearray, packet: Packet) -> None:
    """Make sure that there is one and that it is wrong: on a virtual link it may not be reckoned at all."""
    _mend_checksum(changed, packet)
    if (at := _checksum_at(packet)) is not None:
        wrong = changed[at] ^ 0xFF
        changed[at] = wrong if wrong or changed[at + 1] else 1  # 0 in UDP would say: no checksum


def _mend_checksum(changed: bytearray, packet: Packet) -> None:
    at = _checksum_at(packet)
    if at is None:
        return
    changed[at : at + 2] = b"\0\0"
    body = bytes(changed[packet.transport : packet.end])
    is_ipv4 = changed[0] >> 4 == 4
    if packet.protocol == ICMP and is_ipv4:
        pseudo = b""
    else:
        addresses = bytes(changed[12:20] if is_ipv4 else changed[8:40])
        protocol = ICMPV6 if packet.protocol == ICMP else packet.protocol
        pseudo = addresses + struct.pack("!II", len(body), protocol)
    value = checksum(pseudo + body)
    changed[at : at + 2] = (value or 0xFFFF if packet.protocol == UDP else value).to_bytes(2, "big")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    padded = data + bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
