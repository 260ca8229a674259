"""A plan -> the same plan in another subnet, for an engine that shares its machine with other labs."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address

from msgspec.structs import replace

from labctl.plan.model import AbsentHost, HostPlan, Plan


def moved(plan: Plan, subnet4: IPv4Network | None, subnet6: IPv6Network | None) -> Plan:
    """The plan with every address at the same offset of another subnet; names, order and MACs stay.

    A subnet of a family that the lab doesn't speak is not looked at; None leaves that family where it is.
    IndexError if a host has no room there.
    """
    to4 = plan.subnet4 and (subnet4 or plan.subnet4)
    to6 = plan.subnet6 and (subnet6 or plan.subnet6)

    def there(host: HostPlan | AbsentHost) -> dict[str, str | None]:
        return {
            "address4": _address(host.address4, plan.subnet4, to4),
            "address6": _address(host.address6, plan.subnet6, to6),
        }

    return replace(
        plan,
        subnet4=to4,
        subnet6=to6,
        hosts=tuple(replace(host, **there(host)) for host in plan.hosts),
        absent=tuple(replace(host, **there(host)) for host in plan.absent),
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
