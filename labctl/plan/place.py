"""A plan -> the same plan in another subnet, for an engine that shares its machine with other labs."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import TypeVar

from msgspec import UnsetType
from msgspec.structs import replace

from labctl.plan.model import AbsentHost, HostPlan, Interface, Network, Plan

_Host = TypeVar("_Host", HostPlan, AbsentHost)


def moved(plan: Plan, subnet4: IPv4Network | None, subnet6: IPv6Network | None, *, network: str | None = None) -> Plan:
    """The plan with every address on a network at the same offset of another subnet; names, order and MACs stay.

    `network`: which one; None for the first. A subnet of a family that the lab doesn't speak is not looked at; None
    leaves that family where it is. IndexError if a host has no room there.
    """
    here = plan.nets[0] if network is None else plan.net(network)
    there = replace(
        here, subnet4=here.subnet4 and (subnet4 or here.subnet4), subnet6=here.subnet6 and (subnet6 or here.subnet6)
    )
    if not isinstance(plan.networks, UnsetType):
        plan = replace(plan, networks=tuple(there if one is here else one for one in plan.nets))
    if here.name == plan.nets[0].name:
        plan = replace(plan, subnet4=there.subnet4, subnet6=there.subnet6)
    return replace(
        plan,
        hosts=tuple(_moved(host, here, there) for host in plan.hosts),
        absent=tuple(_moved(host, here, there) for host in plan.absent),
    )


def _moved(host: _Host, here: Network, there: Network) -> _Host:
    wires = tuple(_wire(wire, here, there) if wire.network == here.name else wire for wire in host.wires)
    if not isinstance(host.interfaces, UnsetType):
        host = replace(host, interfaces=wires)
    return replace(host, address4=wires[0].address4, address6=wires[0].address6)


def _wire(wire: Interface, here: Network, there: Network) -> Interface:
    return replace(
        wire,
        address4=_address(wire.address4, here.subnet4, there.subnet4),
        address6=_address(wire.address6, here.subnet6, there.subnet6),
    )


def _address(
    address: str | None, here: IPv4Network | IPv6Network | None, there: IPv4Network | IPv6Network | None
) -> str | None:
    if address is None or here is None or there is None:
        return None
    offset = int(ip_address(address)) - int(here.network_address)
    if offset >= there.num_addresses - (1 if there.version == 4 else 0):
        raise IndexError(f"{there} has no room for {address} of {here}")
    return str(there.network_address + offset)
