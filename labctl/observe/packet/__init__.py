"""The bytes of a frame -> what it says: `decode` and the values that it makes."""

from labctl.observe.packet.ethernet import decode
from labctl.observe.packet.model import Arp, Fragment, Icmp, Link, Packet, Tcp

__all__ = ["Arp", "Fragment", "Icmp", "Link", "Packet", "Tcp", "decode"]
