"""A lab's id and size -> subnets of its own, most likely free; which of them are taken.

Docker's default pools hold 31 networks in all, so labs bring their own subnets. A lab's bridge has no address on
the machine, hence no route there either: only Docker's other networks can be in the way, no VPN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

from labctl.plan.addresses import prefix_for
from labctl.plan.model import Network, Plan
from labctl.plan.place import moved

RANGES4 = (IPv4Network("10.64.0.0/10"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))
"""Where a lab's subnet may be: in the first as a rule, in the others where networks cover that as a whole."""
RANGE6 = IPv6Network("fd51:717::/32")
SMALLEST = 28
TRIES = 16
"""In each of the ranges."""

Pairs = Iterator[tuple[IPv4Network, IPv6Network]]


def candidates(lab: str, hosts: int) -> Pairs:
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


class Choice(NamedTuple):
    """A plan in subnets that may be free. `spares4`: an IPv4 subnet for each network, for one that has none."""

    plan: Plan
    spares4: dict[str, IPv4Network]

    @property
    def chosen(self) -> list[IPv4Network | IPv6Network]:
        """The subnets that it would have on the daemon, but for those that are asked for."""
        found = [] if self.plan.nets[0].subnet4 is not None else list(self.spares4.values())
        kept = {subnet for _, subnet in self.plan.kept}
        return [*found, *(one for network in self.plan.nets for one in network.subnets if one not in kept)]


class Chooser:
    """Chooses subnets for the networks of a plan: each time others, and none that something known is in the way of."""

    def __init__(self, plan: Plan, lab: str, candidates: Callable[[str, int], Pairs]) -> None:
        self._plan = plan
        self._pairs = {
            network.name: candidates(f"{lab} {network.name}" if number else lab, _size(plan, network))
            for number, network in enumerate(plan.nets)
        }

    def next(self, taken: Sequence[str]) -> Choice | None:
        """The next choice; None when there is none left."""
        plan, spares4 = self._plan, {}
        in_the_way = [*taken, *(str(subnet) for _, subnet in plan.kept)]
        for network in self._plan.nets:
            pair = self._first_free(network, in_the_way)
            if pair is None:
                return None
            four, six = pair
            in_the_way += [str(four), str(six)]
            spares4[network.name] = four
            plan = moved(plan, None if network.keeps4 else four, None if network.keeps6 else six, network=network.name)
        return Choice(plan, spares4)

    def _first_free(self, network: Network, in_the_way: Sequence[str]) -> tuple[IPv4Network, IPv6Network] | None:
        for subnet4, subnet6 in self._pairs[network.name]:
            if not overlaps((subnet4, subnet6 if network.subnet6 is not None else None), in_the_way):
                return subnet4, subnet6
        return None


def _size(plan: Plan, network: Network) -> int:
    """How many addresses it needs."""
    wires = [
        *(wire for host in plan.hosts for wire in host.wires),
        *(wire for one in plan.absent for wire in one.wires),
    ]
    return sum(wire.network == network.name for wire in wires)


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
