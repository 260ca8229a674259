"""Hosts and the networks that compose.yaml puts them on -> subnets, and each host's interfaces. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from msgspec import UNSET, Struct, UnsetType

from labctl.plan import addresses
from labctl.plan.attachments import Attachment
from labctl.plan.compose_file import ComposeFile
from labctl.plan.model import Interface, Network
from labctl.plan.networks import DEFAULT, NetworkAsked
from labctl.scenario.model import Family, HostSpec
from labctl.scenario.problems import Position, Problem, quoted

_Subnet = IPv4Network | IPv6Network
_Fixed = frozenset[IPv4Address | IPv6Address]


class Wanted(Struct, frozen=True):
    """A host that there is to be, and what the scenario says of it."""

    name: str
    spec: HostSpec

    @property
    def shared(self) -> tuple[str, ...]:
        """The name that it shares with the other copies."""
        return () if self.spec.count is None else (self.spec.service,)


class Wiring(Struct, frozen=True):
    """The networks of a lab, and by host its interfaces. `is_plain`: one network, of which nothing is asked for."""

    networks: tuple[Network, ...]
    wires: dict[str, tuple[Interface, ...]]
    is_plain: bool

    @property
    def networks_told(self) -> tuple[Network, ...] | UnsetType:
        """As a plan has them."""
        return UNSET if self.is_plain else self.networks

    def told(self, host: str) -> tuple[Interface, ...] | UnsetType:
        """A host's interfaces, as a plan has them."""
        return UNSET if self.is_plain else self.wires[host]

    def aliases(self, host: str) -> tuple[str, ...]:
        """What else a host is called on the only network there is; of several each has its own."""
        return self.wires[host][0].aliases if self.is_plain else ()


def wired(wanted: Sequence[Wanted], compose: ComposeFile, family: Family, problems: list[Problem]) -> Wiring:
    """Who is where. What can't be is added to the problems; then the wiring is of no use.

    Networks stand in the order of compose.yaml, the default one first unless that has it elsewhere. On each the hosts
    stand in the scenario's order, and so do the addresses of those that ask for none. A name without a machine is on
    the networks of its service; where there is none, on all.
    """
    places = _places(wanted, compose)
    names = _names(places, wanted, compose)
    asked = {name: compose.networks.get(name, NetworkAsked(name=name)) for name in names}
    members = {name: [host for host in wanted if name in _on(host, places, names)] for name in names}
    networks = _networks(asked, members, family)
    _demand_single(wanted, places, problems)
    found: dict[str, dict[str, Interface]] = {host.name: {} for host in wanted}
    for number, network in enumerate(networks):
        kept = _kept(asked[network.name], compose)
        give4 = _Giver(network.subnet4, asked[network.name], kept)
        give6 = _Giver(network.subnet6, asked[network.name], kept)
        for place, host in enumerate(members[network.name]):
            one = places[host.name].get(network.name, Attachment(network=network.name))
            found[host.name][network.name] = Interface(
                network=network.name,
                device=f"eth{list(_on(host, places, names)).index(network.name)}",
                mac=addresses.mac(place + number * addresses.OF_A_NETWORK),
                address4=give4.next(one.address4),
                address6=give6.next(one.address6),
                aliases=one.aliases,
            )
        for give in (give4, give6):
            if give.is_short:
                at = asked[network.name].at or wanted[0].spec.at
                count = len(members[network.name])
                message = f"the subnet {give.subnet} of {quoted(network.name)} has no room for {count} hosts"
                problems.append(Problem(at, message, "give it a wider one"))
    wires = {
        host.name: tuple(found[host.name][name] for name in _on(host, places, names) if name in found[host.name])
        for host in wanted
    }
    is_plain = len(networks) == 1 and not (networks[0].keeps4 or networks[0].keeps6)
    return Wiring(networks, wires, is_plain)


_Places = Mapping[str, Mapping[str, Attachment]]
"""By host, what compose.yaml says of its networks, by their name; nothing of a name that is no service."""


def _places(wanted: Iterable[Wanted], compose: ComposeFile) -> _Places:
    places: dict[str, dict[str, Attachment]] = {}
    for host in wanted:
        service = compose.services.get(host.spec.service)
        on = () if service is None else service.networks or (Attachment(network=DEFAULT),)
        places[host.name] = {one.network: one for one in on}
    return places


def _names(places: _Places, wanted: Iterable[Wanted], compose: ComposeFile) -> list[str]:
    """The networks that a machine is on."""
    used = {name for host in wanted if not host.spec.absent for name in places[host.name]}
    in_order = [DEFAULT] * (DEFAULT not in compose.networks) + list(compose.networks)
    return [name for name in in_order if name in used] or [DEFAULT]


def _on(host: Wanted, places: _Places, names: Sequence[str]) -> Sequence[str]:
    """The networks that a host is on, in its order."""
    return [name for name in places[host.name] if name in names] or (list(names) if host.spec.absent else [])


def _networks(
    asked: Mapping[str, NetworkAsked], members: Mapping[str, Sequence[Wanted]], family: Family
) -> tuple[Network, ...]:
    taken: list[_Subnet] = [subnet for one in asked.values() for subnet in (one.subnet4, one.subnet6) if subnet]
    networks = []
    for name, one in asked.items():
        subnet4 = one.subnet4 or addresses.free4(len(members[name]), taken)
        subnet6 = one.subnet6 or addresses.free6(taken)
        taken += [subnet4, subnet6]
        has4, has6 = family is not Family.IPV6, family is not Family.IPV4
        networks.append(
            Network(
                name=name,
                subnet4=subnet4 if has4 else None,
                subnet6=subnet6 if has6 else None,
                keeps4=has4 and one.subnet4 is not None,
                keeps6=has6 and one.subnet6 is not None,
                gateway4=str(one.gateway4) if one.gateway4 and has4 else None,
                gateway6=str(one.gateway6) if one.gateway6 and has6 else None,
            )
        )
    return tuple(networks)


def _demand_single(wanted: Iterable[Wanted], places: _Places, problems: list[Problem]) -> None:
    """A fixed address is one host's."""
    for spec in {host.name: host.spec for host in wanted if (host.spec.count or 1) > 1}.values():
        for one in places[f"{spec.service}-1"].values():
            if one.fixed:
                message = f"{spec.count} hosts can't all have {one.fixed[0]}, which {quoted(spec.service)} asks for" + (
                    f" ({_place_of(one.at)})" if one.at is not None else ""
                )
                problem = Problem(spec.at, message, "leave out `count`, or the address in compose.yaml")
                if problem not in problems:
                    problems.append(problem)


def _place_of(at: Position) -> str:
    return f"{at.file.rpartition('/')[2]}:{at.line}:{at.column}"


def _kept(network: NetworkAsked, compose: ComposeFile) -> _Fixed:
    """The addresses there that services ask for, whether they are in this lab or not."""
    every = (one for service in compose.services.values() for one in service.networks)
    return frozenset(address for one in every if one.network == network.name for address in one.fixed)


class _Giver:
    """Gives a network's addresses of one family one after another. `is_short`: there were not enough."""

    def __init__(self, subnet: _Subnet | None, asked: NetworkAsked, kept: _Fixed) -> None:
        self.subnet = subnet
        self.is_short = False
        self._asked, self._kept = asked, kept
        self._place = 0

    def next(self, fixed: IPv4Address | IPv6Address | None) -> str | None:
        """The one that is asked for, or the next that nobody asks for. None where the lab doesn't speak the family."""
        if self.subnet is None:
            return None
        if fixed is not None:
            return str(fixed)
        while True:
            try:
                text = addresses.address(self.subnet, self._place)
            except IndexError:
                self.is_short = True
                return None
            self._place += 1
            address = ip_address(text)
            if address not in self._kept and not self._is_reserved(address):
                return text

    def _is_reserved(self, address: IPv4Address | IPv6Address) -> bool:
        return self._asked.subnet_for(address) is not None and self._asked.is_kept_free(address)
