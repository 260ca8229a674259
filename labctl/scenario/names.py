"""Which hosts and programs a name stands for: x-1 … x-N for a counted x, hosts first, then copies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from labctl.scenario.model import HostSpec, Run, Scenario, Start, Step
from labctl.scenario.problems import Position

HostNames = Mapping[str, tuple[str, ...]]
"""What each name that `on` may take stands for: a counted host's plain name for all of them."""


class Placed(Struct, frozen=True):
    """A program as it is started: its own name, its host, and what {n} is for it (from 1)."""

    name: str
    host: str
    number: int


def copies(name: str, count: int | None) -> tuple[str, ...]:
    """NAME-1 … NAME-N, or NAME itself where nothing is counted."""
    return (name,) if count is None else tuple(f"{name}-{number}" for number in range(1, count + 1))


def host_specs(scenario: Scenario, services: Collection[str]) -> tuple[HostSpec, ...]:
    """The hosts of a scenario; where it names none, all services of compose.yaml, once each."""
    if scenario.hosts is not None:
        return scenario.hosts
    at = Position(str(scenario.path), 1, 1)
    return tuple(HostSpec(service, at) for service in services)


def hosts_of(scenario: Scenario, services: Collection[str]) -> tuple[str, ...]:
    """The names of all hosts of a scenario, absent ones too, counted ones each, in the order of the page."""
    return tuple(name for spec in host_specs(scenario, services) for name in copies(spec.service, spec.count))


def hosts_by_name(specs: Iterable[HostSpec]) -> dict[str, tuple[str, ...]]:
    """Every name a step may use for hosts, and the hosts it stands for."""
    named: dict[str, tuple[str, ...]] = {}
    for spec in specs:
        names = copies(spec.service, spec.count)
        named |= {name: (name,) for name in names}
        named[spec.service] = names
    return named


def program_name(name: str | None, command: tuple[str, ...]) -> str:
    """The name a program goes by: the one it was given, else its command's first word without folders."""
    return name or command[0].rpartition("/")[2]


def programs_of(step: Start | Run, hosts: HostNames) -> tuple[Placed, ...]:
    """The programs that a step starts, in the order of their numbers.

    A program is counted when it has a `count` or when `on` is a counted host's plain name: then it is
    NAME-1 … NAME-N, all copies on the first host, then all on the second. `hosts` is from hosts_by_name().
    """
    name = program_name(step.name, step.command)
    on = hosts[step.on]
    if step.count is None and on == (step.on,):
        return (Placed(name, step.on, 1),)
    places = [host for host in on for _ in range(step.count or 1)]
    return tuple(Placed(f"{name}-{n}", host, n) for n, host in enumerate(places, start=1))


def programs_by_name(steps: Iterable[Step], hosts: HostNames) -> dict[str, tuple[Placed, ...]]:
    """Every name a step may use for started programs, and the programs it stands for."""
    named: dict[str, tuple[Placed, ...]] = {}
    for step in steps:
        if isinstance(step, Start):
            programs = programs_of(step, hosts)
            named |= {program.name: (program,) for program in programs}
            named[program_name(step.name, step.command)] = programs
    return named
