"""A lab's id and size -> subnets of its own, most likely free; which of them are taken.

Docker's default pools hold 31 networks in all, so labs bring their own subnets. A lab's bridge has no address on
the machine, hence no route there either: only Docker's other networks can be in the way, no VPN.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network

from labctl.plan.addresses import prefix_for

RANGES4 = (IPv4Network("10.64.0.0/10"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
"""Where a lab's subnet may be: in the first as a rule, in the others where networks cover that as a whole."""
RANGE6 = IPv6Network("fd51:717::/32")
SMALLEST = 28
TRIES = 16
"""In each of the ranges."""


def candidates(lab: str, hosts: int) -> Iterator[tuple[IPv4Network, IPv6Network]]:
    """A few pairs of subnets with room for so many hosts, the same for the same lab, unlike for others."""
    prefix = min(SMALLEST, prefix_for(hosts))
    for number, whole in enumerate(RANGES4):
        for attempt in range(TRIES if prefix > whole.prefixlen else 0):
            chance = int.from_bytes(sha256(f"{lab} {number * TRIES + attempt}".encode()).digest()[:16], "big")
            place4 = chance % 2 ** (prefix - whole.prefixlen) << (32 - prefix)
            place6 = chance % 2 ** (64 - RANGE6.prefixlen) << 64
            yield (
                IPv4Network((int(whole.network_address) + place4, prefix)),
                IPv6Network((int(RANGE6.network_address) + place6, 64)),
            )


def overlaps(subnets: Iterable[IPv4Network | IPv6Network | None], taken: Iterable[str]) -> bool:
    """Whether any of the subnets shares an address with a taken one; what is no subnet is not in the way."""
    wanted = [subnet for subnet in subnets if subnet is not None]
    for text in taken:
        try:
            other = ip_network(text, strict=False)
        except ValueError:
            continue
        if any(other.version == subnet.version and other.overlaps(subnet) for subnet in wanted):
            return True
    return False
