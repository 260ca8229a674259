"""What a packet says, as values: addresses as text, numbers as they stand in it, and what is wrong with it in words."""

from __future__ import annotations

from functools import lru_cache
from socket import AF_INET6, inet_ntoa, inet_ntop

from msgspec import Struct

from labctl.observe.story import Kind

IPV4, ARP, VLAN, SERVICE_VLAN, IPV6 = 0x0800, 0x0806, 0x8100, 0x88A8, 0x86DD
"""What an Ethernet frame carries (IEEE 802 numbers)."""
ICMP, IGMP, TCP, UDP, ICMPV6 = 1, 2, 6, 17, 58
"""Protocols over IP (IANA's protocol numbers)."""
FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = 1, 2, 4, 8, 16, 32, 64, 128
"""Flags of a TCP segment (RFC 9293, RFC 3168)."""


class Link(Struct, frozen=True, gc=False):
    """The Ethernet header. `carries` is the type of what follows; `vlan` a tag's number (IEEE 802.1Q)."""

    source_mac: str
    mac: str
    carries: int
    vlan: int | None = None


class Fragment(Struct, frozen=True, gc=False):
    """A piece of a datagram: `data` are its bytes, which begin at `offset` of all. `is_last`: there are no more.

    `start` is where in `data` what IP carries begins: after IPv6 extension headers that were cut up with it.
    """

    id: int
    offset: int
    is_last: bool
    data: bytes
    start: int = 0


class Tcp(Struct, frozen=True, kw_only=True, gc=False):
    """The header of a segment and its options (RFC 9293, 7323, 2018).

    `scale` is the shift that a SYN offers; `others` are the kinds of options that are not known here. Of a segment that
    an ICMP message quotes in short, `sequence` is all there is: `is_short`.
    """

    sequence: int
    acknowledgement: int = 0
    flags: int = 0
    window: int = 0
    urgent: int = 0
    mss: int | None = None
    scale: int | None = None
    may_sack: bool = False
    sacks: tuple[tuple[int, int], ...] = ()
    timestamps: tuple[int, int] | None = None
    others: tuple[int, ...] = ()
    is_short: bool = False


class Icmp(Struct, frozen=True, kw_only=True, gc=False):
    """An ICMP message of either family. `name` says it in words, the same ones for both families.

    `target` is the address that neighbour discovery asks for or speaks of, and a redirect's better router; `mac` what
    neighbour discovery says of it. `groups`: multicast groups that are listened to.
    """

    type: int
    code: int
    name: str
    identifier: int | None = None
    sequence: int | None = None
    mtu: int | None = None
    target: str = ""
    mac: str = ""
    groups: tuple[str, ...] = ()


class Arp(Struct, frozen=True, gc=False):
    """A question (`operation` 1) or an answer (2) of the address resolution protocol (RFC 826)."""

    operation: int
    sender_mac: str
    sender: str
    target_mac: str
    target: str


class Packet(Struct, frozen=True, kw_only=True, gc=False):
    """A packet. What it has none of is 0, empty or None.

    `family` is 4 or 6; `protocol` the number of what IP carries; `identification` that of an IPv4 header. `payload` is
    what is there of the bytes for a program (UDP, TCP, echo), or of what follows the last header that is known;
    `length` how many they were when it was sent. `extensions` are the kinds of IPv4 options or of IPv6 extension
    headers. A fragment other than the first has no ports. `about` is the packet that an ICMP message quotes.
    """

    kind: Kind
    link: Link | None = None
    family: int = 0
    source: str = ""
    destination: str = ""
    hops: int = 0
    identification: int = 0
    extensions: tuple[int, ...] = ()
    protocol: int = 0
    source_port: int = 0
    port: int = 0
    payload: bytes = b""
    length: int = 0
    fragment: Fragment | None = None
    tcp: Tcp | None = None
    icmp: Icmp | None = None
    arp: Arp | None = None
    about: Packet | None = None
    flaws: tuple[str, ...] = ()


@lru_cache(maxsize=4096)
def address(packed: bytes) -> str:
    """An IPv4 or IPv6 address as text."""
    return inet_ntoa(packed) if len(packed) == 4 else inet_ntop(AF_INET6, packed)


@lru_cache(maxsize=4096)
def mac_address(packed: bytes) -> str:
    """An Ethernet address as text."""
    return packed.hex(":")
