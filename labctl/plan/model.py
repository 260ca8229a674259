"""What will be built, with nothing optional left: hosts, addresses, names, limits."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import replace

from labctl.scenario.model import Family


class ProgramFolder(Struct, frozen=True):
    """A folder or file of the project, read-only on the host at `target` (from the Dockerfile's COPY)."""

    source: Path
    target: str


class Limits(Struct, frozen=True):
    """What a host's programs may use. Sizes in bytes, counts of processes and of open files per process.

    `asked` names those that compose.yaml asks for: they are in force, or nothing is run. The others may be stricter
    where the machine is.
    """

    processes: int = 256
    memory: int = 512 * 1024 * 1024
    files: int = 1024
    file_size: int = 256 * 1024 * 1024
    output: int = 8 * 1024 * 1024
    asked: tuple[str, ...] = ()


ONLY = "lab"
"""What the network of a lab that has one, and asks for nothing about it, is called."""


class Network(Struct, frozen=True, kw_only=True):
    """One network of a lab: hosts that share it reach each other.

    `keeps4`/`keeps6`: compose.yaml asks for that subnet, so no engine takes another. `gateway4`/`gateway6`: the
    address that no host gets, where compose.yaml says which; else it is the subnet's first.
    """

    name: str
    subnet4: IPv4Network | None
    subnet6: IPv6Network | None
    keeps4: bool = False
    keeps6: bool = False
    gateway4: str | None = None
    gateway6: str | None = None

    @property
    def subnets(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """Those that it has, IPv4 first."""
        return tuple(subnet for subnet in (self.subnet4, self.subnet6) if subnet is not None)


class Interface(Struct, frozen=True, kw_only=True):
    """A host's end on one of the lab's networks. `aliases`: what else the host is called there alone.

    `device` and `mac` are what namespaces make. Docker has its own for all but a host's first network.
    """

    network: str
    device: str = "eth0"
    mac: str = ""
    address4: str | None
    address6: str | None
    aliases: tuple[str, ...] = ()

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has, IPv4 first."""
        return tuple(address for address in (self.address4, self.address6) if address)


class Building(Struct, frozen=True, kw_only=True):
    """What compose.yaml says of how an image is built, besides from where: build arguments, and up to which stage."""

    args: dict[str, str] = {}
    target: str = ""


class Health(Struct, frozen=True, kw_only=True):
    """What says whether a host is healthy: a command that then ends with 0, and how often it may not (compose.yaml)."""

    command: tuple[str, ...]
    interval_s: float = 30.0
    timeout_s: float = 30.0
    start_period_s: float = 0.0
    retries: int = 3


class HostPlan(Struct, frozen=True, kw_only=True):
    """One host. Its hostname is its name. `address4`/`address6` are None where the lab doesn't speak it.

    `mac`, `address4` and `address6` are those on its first network. `interfaces` are all of them, that one first, where
    the lab has several networks, or one that is asked for in detail; else it is unset (see `wires`).
    `aliases`: what else it is called on every network that it is on; hosts may share one, and that name then has all
    their addresses.
    `build` is the folder the image is built from, with `dockerfile` in it; None where nothing says how.
    `brought`: what is put there though no image has it, read-only, on every engine.
    `path` is where programs are looked for, in this order; it isn't in `environment`. `sysctls` are all kernel
    settings that are made; `declared` are those of them that the scenario or compose.yaml asks for.
    """

    name: str
    service: str
    mac: str
    address4: str | None
    address6: str | None
    image: str
    build: Path | None
    dockerfile: str = "Dockerfile"
    programs: tuple[ProgramFolder, ...] = ()
    brought: tuple[ProgramFolder, ...] = ()
    path: tuple[str, ...] = ()
    environment: dict[str, str] = {}
    sysctls: dict[str, str] = {}
    declared: dict[str, str] = {}
    limits: Limits = Limits()
    aliases: tuple[str, ...] = ()
    interfaces: tuple[Interface, ...] | UnsetType = UNSET
    health: Health | UnsetType = UNSET
    building: Building | UnsetType = UNSET

    @property
    def wires(self) -> tuple[Interface, ...]:
        """Its interface on each of its networks, in their order."""
        return wires_of(self, self.mac)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has, network after network, IPv4 first."""
        return tuple(address for wire in self.wires for address in wire.addresses)

    @property
    def names(self) -> tuple[str, ...]:
        """All that it is called, by whomever: its name first."""
        return tuple(dict.fromkeys((self.name, *self.aliases, *(name for wire in self.wires for name in wire.aliases))))

    @property
    def pinned(self) -> dict[str, str]:
        """The kernel settings that nobody asked for: they make a lab behave alike everywhere."""
        return {name: value for name, value in self.sysctls.items() if name not in self.declared}


class AbsentHost(Struct, frozen=True, kw_only=True):
    """A name and an address that no machine has."""

    name: str
    address4: str | None
    address6: str | None
    aliases: tuple[str, ...] = ()
    interfaces: tuple[Interface, ...] | UnsetType = UNSET

    @property
    def wires(self) -> tuple[Interface, ...]:
        """Where it would be on each of its networks."""
        return wires_of(self)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has, network after network, IPv4 first."""
        return tuple(address for wire in self.wires for address in wire.addresses)


def wires_of(host: HostPlan | AbsentHost, mac: str = "") -> tuple[Interface, ...]:
    """Its interface on each of its networks; where it has no list of them it is on the lab's only one."""
    if not isinstance(host.interfaces, UnsetType):
        return host.interfaces
    return (Interface(network=ONLY, mac=mac, address4=host.address4, address6=host.address6),)


class Plan(Struct, frozen=True, kw_only=True):
    """One lab. The same scenario and compose.yaml give the same plan to the byte, on every engine.

    `subnet4`/`subnet6` are where the addresses of its first network come from; an engine that must share the machine
    with other labs moves a plan to another subnet with `labctl.plan.place.moved`. `networks` are all of them, that one
    first, where there are several, or one that is asked for in detail; else it is unset (see `nets`).
    `attended` are the hosts that a sidecar will be asked for, as far as that is known beforehand. `notes` says in words
    what of compose.yaml the namespace engine can't honour.
    """

    name: str
    family: Family
    subnet4: IPv4Network | None
    subnet6: IPv6Network | None
    hosts: tuple[HostPlan, ...]
    absent: tuple[AbsentHost, ...] = ()
    internet: bool = False
    attended: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    networks: tuple[Network, ...] | UnsetType = UNSET

    @property
    def nets(self) -> tuple[Network, ...]:
        """Its networks, in the order of compose.yaml."""
        if not isinstance(self.networks, UnsetType):
            return self.networks
        return (Network(name=ONLY, subnet4=self.subnet4, subnet6=self.subnet6),)

    @property
    def kept(self) -> tuple[tuple[str, IPv4Network | IPv6Network], ...]:
        """The subnets that compose.yaml asks for, each with its network's name: no engine takes others."""
        found = ((one.name, one.keeps4, one.subnet4, one.keeps6, one.subnet6) for one in self.nets)
        return tuple(
            (name, subnet)
            for name, keeps4, subnet4, keeps6, subnet6 in found
            for keeps, subnet in ((keeps4, subnet4), (keeps6, subnet6))
            if keeps and subnet is not None
        )

    def net(self, name: str) -> Network:
        """The network of that name. KeyError if there is none."""
        for network in self.nets:
            if network.name == name:
                return network
        raise KeyError(name)

    def host(self, name: str) -> HostPlan:
        """The host of that name. KeyError if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def all_attended(self) -> Plan:
        """The same lab with a sidecar asked for beside every host."""
        return replace(self, attended=tuple(host.name for host in self.hosts))
