"""Scenario + compose.yaml + family -> Plan: every host resolved, numbered and addressed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import UNSET

from labctl.plan import addresses
from labctl.plan.compose_file import ComposeFile
from labctl.plan.model import AbsentHost, Building, HostPlan, Plan
from labctl.plan.sysctls import pinned
from labctl.plan.wiring import Wanted, wired
from labctl.scenario.links.places import places_of, receivers
from labctl.scenario.model import Family, Healthy, HostSpec, Scenario, Start
from labctl.scenario.names import copies
from labctl.scenario.needs import needs_capture
from labctl.scenario.problems import Position, Problem, ScenarioError, did_you_mean, quoted

LONGEST_NAME = 63
"""Of a host, in characters: a label of a domain name (RFC 1035), and one less than Linux's hostname."""


def make_plan(scenario: Scenario, compose: ComposeFile, family: Family) -> Plan:
    """The lab that a scenario asks for. The same arguments give the same plan to the byte.

    Hosts stand in the scenario's order, a counted x as x-1 … x-N in its place; so do their addresses, and
    those of absent hosts. Raises ScenarioError for an unknown service, a name given twice and the like.
    """
    specs = _specs(scenario, compose)
    wanted = [host for spec in specs for host in _counted(spec)]
    _demand_good(wanted, specs, compose, str(scenario.path))
    problems = _without_health(scenario, specs, compose)
    wiring = wired(wanted, compose, family, problems)
    if problems:
        raise ScenarioError(problems)
    first = wiring.networks[0]
    hosts: list[HostPlan] = []
    absent: list[AbsentHost] = []
    for host in wanted:
        wires = wiring.told(host.name)
        main = wiring.wires[host.name][0]
        if host.spec.absent:
            absent.append(
                AbsentHost(
                    name=host.name,
                    address4=main.address4,
                    address6=main.address6,
                    aliases=host.shared,
                    interfaces=wires,
                )
            )
            continue
        service = compose.services[host.spec.service]
        declared = service.sysctls | host.spec.sysctls
        hosts.append(
            HostPlan(
                name=host.name,
                service=service.name,
                mac=main.mac,
                address4=main.address4,
                address6=main.address6,
                image=service.image,
                build=service.build,
                dockerfile=service.dockerfile,
                programs=service.programs,
                path=service.path,
                environment=service.environment,
                sysctls=dict(sorted((pinned(family) | declared).items())),
                declared=dict(sorted(declared.items())),
                limits=service.limits,
                aliases=tuple(dict.fromkeys((*host.shared, *wiring.aliases(host.name)))),
                interfaces=wires,
                health=service.health or UNSET,
                building=UNSET if service.building == Building() else service.building,
            )
        )
    used = dict.fromkeys(host.service for host in hosts)
    networks = (compose.networks[one.name] for one in wiring.networks if one.name in compose.networks)
    notes = [*compose.notes, *(note for one in networks for note in one.notes)]
    notes += [note for name in used for note in compose.services[name].notes]
    plan = Plan(
        name=scenario.name + (_SUFFIXES[family] if scenario.several_families else ""),
        family=family,
        subnet4=first.subnet4,
        subnet6=first.subnet6,
        hosts=tuple(hosts),
        absent=tuple(absent),
        internet=scenario.allow_internet,
        attended=receivers(scenario.steps, places_of(specs)),
        notes=tuple(dict.fromkeys(notes)),
        networks=wiring.networks_told,
    )
    return plan.all_attended() if needs_capture(scenario) else plan


_SUFFIXES = {Family.IPV4: "[ipv4]", Family.IPV6: "[ipv6]", Family.DUAL: "[dual]"}


def _specs(scenario: Scenario, compose: ComposeFile) -> tuple[HostSpec, ...]:
    if scenario.hosts is not None:
        return scenario.hosts
    return tuple(HostSpec(service.name, service.at) for service in compose.services.values())


def _counted(spec: HostSpec) -> Iterator[Wanted]:
    if spec.count is None:
        yield Wanted(spec.service, spec)
        return
    for number in range(1, spec.count + 1):
        yield Wanted(f"{spec.service}-{number}", spec)


def _demand_good(wanted: list[Wanted], specs: tuple[HostSpec, ...], compose: ComposeFile, file: str) -> None:
    problems = [_unknown(spec, compose) for spec in specs if not spec.absent and spec.service not in compose.services]
    if len(wanted) > addresses.MAX_HOSTS:
        at = max(specs, key=lambda spec: spec.count or 1).at
        problems.append(
            Problem(at, f"{len(wanted)} hosts are more than a lab's {addresses.MAX_HOSTS}", "ask for fewer")
        )
    if all(spec.absent for spec in specs):
        at = specs[0].at if specs else Position(file, 1, 1)
        problems.append(Problem(at, "the lab has no host", "name a service of compose.yaml under `hosts`"))
    first: dict[str, HostSpec] = {}
    for host in wanted:
        at = host.spec.at
        if host.name in first and first[host.name] is not host.spec:
            problems.append(Problem(at, f"two hosts are called {quoted(host.name)}", "give one of them another name"))
        first.setdefault(host.name, host.spec)
        if len(host.name) > LONGEST_NAME:
            problems.append(
                Problem(at, f"the name {quoted(host.name)} is too long", f"take at most {LONGEST_NAME} characters")
            )
    if problems:
        raise ScenarioError(problems)


def _without_health(scenario: Scenario, specs: tuple[HostSpec, ...], compose: ComposeFile) -> list[Problem]:
    """A start that waits for its host to be healthy needs a healthcheck there."""
    services = {host: spec.service for spec in specs for host in (spec.service, *copies(spec.service, spec.count))}
    asked = (step for step in scenario.steps if isinstance(step, Start) and isinstance(step.ready, Healthy))
    hint = 'add one, like `healthcheck: {test: ["CMD", …], interval: 1s}`, or wait for a port: `ready: tcp 51717`'
    return [
        Problem(step.at, f"{quoted(services[step.on])} has no healthcheck in {compose.path.name}", hint)
        for step in asked
        if step.on in services and services[step.on] in compose.services
        if compose.services[services[step.on]].health is None
    ]


def _unknown(spec: HostSpec, compose: ComposeFile) -> Problem:
    message = f"no service of {compose.path.name} is called {quoted(spec.service)}"
    return Problem(spec.at, message, did_you_mean(spec.service, compose.services, kinds="services"))
