"""A host's place in the lab (0, 1, 2 …) -> its addresses, its MAC, and a subnet that has room for all."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Network

FIRST4 = IPv4Address("10.51.0.0")
"""Where a lab's IPv4 addresses come from if nothing else is asked for (RFC 1918)."""

SUBNET6 = IPv6Network("fd51:717::/64")
"""Where a lab's IPv6 addresses come from if nothing else is asked for (a unique local prefix, RFC 4193)."""

RESERVED = 2
"""Addresses before the first host's: the network's own and the one Docker takes for a gateway."""

MAX_HOSTS = 1000
"""A Linux bridge takes 1023 ports; the next one is refused."""

OF_A_NETWORK = 1024
"""So many MACs belong to each network of a lab."""


def subnet4(hosts: int) -> IPv4Network:
    """The default subnet: a /24, or a wider one where so many hosts need it."""
    return IPv4Network((FIRST4, min(24, prefix_for(hosts))))


def free4(hosts: int, taken: Iterable[IPv4Network | IPv6Network]) -> IPv4Network:
    """The first subnet of that size, from FIRST4 on, that shares no address with those."""
    subnet, others = subnet4(hosts), [one for one in taken if isinstance(one, IPv4Network)]
    while any(one.overlaps(subnet) for one in others):
        subnet = IPv4Network((subnet.broadcast_address + 1, subnet.prefixlen))
    return subnet


def free6(taken: Iterable[IPv4Network | IPv6Network]) -> IPv6Network:
    """The first /64, from SUBNET6 on, that shares no address with those."""
    subnet, others = SUBNET6, [one for one in taken if isinstance(one, IPv6Network)]
    while any(one.overlaps(subnet) for one in others):
        subnet = IPv6Network((subnet.broadcast_address + 1, subnet.prefixlen))
    return subnet


def prefix_for(hosts: int) -> int:
    """The longest IPv4 prefix with room for so many hosts beside reserved and broadcast addresses."""
    return 32 - (hosts + RESERVED).bit_length()


def address(subnet: IPv4Network | IPv6Network, place: int) -> str:
    """The address of the host at that place. IndexError if the subnet has no room for it."""
    last = subnet.num_addresses - (1 if isinstance(subnet, IPv6Network) else 2)
    if place + RESERVED > last:
        raise IndexError(f"{subnet} has no room for host {place + 1}")
    return str(subnet.network_address + RESERVED + place)


def mac(place: int) -> str:
    """The MAC of the host at that place: locally administered 02:42, then its default IPv4 address.

    It says nothing about where the lab is: a plan moved to another subnet keeps its MACs.
    """
    return "02:42:" + (FIRST4 + RESERVED + place).packed.hex(":")
