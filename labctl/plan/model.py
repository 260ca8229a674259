"""What will be built, with nothing optional left: hosts, addresses, names, limits."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from msgspec import Struct
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


class HostPlan(Struct, frozen=True, kw_only=True):
    """One host. Its hostname is its name. `address4`/`address6` are None where the lab doesn't speak it.

    `aliases`: what else it is called; hosts may share one, and that name then has all their addresses.
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

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has, IPv4 first."""
        return tuple(address for address in (self.address4, self.address6) if address)

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

    @property
    def addresses(self) -> tuple[str, ...]:
        """Those that it has, IPv4 first."""
        return tuple(address for address in (self.address4, self.address6) if address)


class Plan(Struct, frozen=True, kw_only=True):
    """One lab. The same scenario and compose.yaml give the same plan to the byte, on every engine.

    `subnet4`/`subnet6` are where the addresses come from; an engine that must share the machine with other
    labs moves a plan to another subnet with `labctl.plan.place.moved`. `attended` are the hosts that a sidecar
    will be asked for, as far as that is known beforehand. `notes` says in words what of compose.yaml the namespace
    engine can't honour.
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

    def host(self, name: str) -> HostPlan:
        """The host of that name. KeyError if there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        raise KeyError(name)

    def all_attended(self) -> Plan:
        """The same lab with a sidecar asked for beside every host."""
        return replace(self, attended=tuple(host.name for host in self.hosts))
