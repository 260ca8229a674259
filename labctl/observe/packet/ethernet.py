"""The bytes of an Ethernet frame -> the packet in it."""

from __future__ import annotations

from functools import lru_cache

from labctl.observe.packet import model
from labctl.observe.packet.arp import arp_packet
from labctl.observe.packet.ip import ip_packet
from labctl.observe.packet.model import Link, Packet, mac_address

_HEADER, _TAG = 14, 4
_LEAST_TYPE = 0x0600  # below that it is the length of an IEEE 802.3 frame


def decode(data: bytes) -> Packet:
    """What a frame says, from its Ethernet header on. Never raises, whatever the bytes: `flaws` says what is wrong."""
    if len(data) < _HEADER:
        return Packet(kind="other", payload=data, length=len(data), flaws=(_too_short(len(data)),))
    link, at = _link(data[:_HEADER]), _HEADER
    while link.carries in (model.VLAN, model.SERVICE_VLAN):
        if len(data) < at + _TAG:
            return Packet(kind="other", link=link, flaws=("the frame ends in its VLAN tag",))
        link = Link(
            link.source_mac,
            link.mac,
            int.from_bytes(data[at + 2 : at + 4], "big"),
            int.from_bytes(data[at : at + 2], "big") & 0x0FFF,
        )
        at += _TAG
    if link.carries in (model.IPV4, model.IPV6):
        return ip_packet(data[at:], 4 if link.carries == model.IPV4 else 6, link)
    if link.carries == model.ARP:
        return arp_packet(data[at:], link)
    rest = data[at:]
    if link.carries < _LEAST_TYPE:
        rest = rest[: link.carries]
    return Packet(kind="other", link=link, payload=rest, length=len(rest))


@lru_cache(maxsize=4096)
def _link(header: bytes) -> Link:
    return Link(mac_address(header[6:12]), mac_address(header[:6]), int.from_bytes(header[12:], "big"))


def _too_short(length: int) -> str:
    return f"{length} bytes are too few for an Ethernet header"
