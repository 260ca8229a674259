"""The bytes of an address resolution packet -> who asks for whom (RFC 826)."""

from __future__ import annotations

import struct

from labctl.observe.packet import model
from labctl.observe.packet.model import Arp, Link, Packet, address, mac_address

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET = 1


def arp_packet(data: bytes, link: Link | None) -> Packet:
    """ARP for IPv4 over Ethernet; of any other what is there is the payload."""
    if len(data) < _ARP.size:
        flaw = f"ARP has {len(data)} bytes where it needs {_ARP.size}"
        return Packet(kind="arp", link=link, payload=data, length=len(data), flaws=(flaw,))
    hardware, protocol, mac_size, size, operation, sender_mac, sender, target_mac, target = _ARP.unpack_from(data)
    if (hardware, protocol, mac_size, size) != (_ETHERNET, model.IPV4, 6, 4):
        flaw = "ARP for other addresses than IPv4 over Ethernet"
        return Packet(kind="arp", link=link, payload=data, length=len(data), flaws=(flaw,))
    arp = Arp(operation, mac_address(sender_mac), address(sender), mac_address(target_mac), address(target))
    return Packet(kind="arp", link=link, source=arp.sender, destination=arp.target, arp=arp)
