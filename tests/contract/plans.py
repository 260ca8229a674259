"""Host names -> a plan, with the settings that every lab of labctl's gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from labctl.plan import addresses
from labctl.plan.model import AbsentHost, HostPlan, Limits, Plan, ProgramFolder
from labctl.plan.sysctls import pinned
from labctl.scenario.model import Family

IMAGES = Path(__file__).parents[2] / "images"


def plan_of(
    *names: str,
    family: Family = Family.IPV4,
    absent: Sequence[str] = (),
    limits: Limits | None = None,
    sysctls: Mapping[str, str] | None = None,
    image: str = "labctl-host",
    name: str = "contract",
) -> Plan:
    """A lab of these hosts, made from images/host. `sysctls` are on top of the pinned ones."""
    subnet4 = None if family is Family.IPV6 else addresses.subnet4(len(names) + len(absent))
    subnet6 = None if family is Family.IPV4 else addresses.SUBNET6

    def address4(place: int) -> str | None:
        return addresses.address(subnet4, place) if subnet4 else None

    def address6(place: int) -> str | None:
        return addresses.address(subnet6, place) if subnet6 else None

    hosts = [
        HostPlan(
            name=host,
            service=host,
            mac=addresses.mac(place),
            address4=address4(place),
            address6=address6(place),
            image=image,
            build=IMAGES / "host",
            programs=(ProgramFolder(source=IMAGES / "host" / "bin", target="/opt/lab/bin"),),
            path=("/opt/lab/bin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"),
            sysctls=pinned(family) | dict(sysctls or {}),
            limits=limits or Limits(),
        )
        for place, host in enumerate(names)
    ]
    nobodies = [
        AbsentHost(name=host, address4=address4(place), address6=address6(place))
        for place, host in enumerate(absent, len(names))
    ]
    return Plan(name=name, family=family, subnet4=subnet4, subnet6=subnet6, hosts=tuple(hosts), absent=tuple(nobodies))
