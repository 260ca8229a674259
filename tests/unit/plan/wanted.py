"""Scenarios and services, spelled shortly, for tests of plans."""

from __future__ import annotations

from pathlib import Path

from labctl.plan.compose_file import ComposeFile, Service
from labctl.scenario.model import HostSpec, Scenario
from labctl.scenario.problems import Position


def compose(*names: str, sysctls: dict[str, str] | None = None, notes: tuple[str, ...] = ()) -> ComposeFile:
    at = Position("compose.yaml", 1, 1)
    services = {
        name: Service(name=name, at=at, image=f"{name}:latest", sysctls=sysctls or {}, notes=notes) for name in names
    }
    return ComposeFile(Path("compose.yaml"), services)


def scenario(*hosts: HostSpec, several: bool = False) -> Scenario:
    return Scenario(
        path=Path("scenarios/basic.yaml"),
        name="basic",
        hosts=hosts or None,
        steps=(),
        several_families=several,
    )


def host(
    service: str, *, count: int | None = None, absent: bool = False, sysctls: dict[str, str] | None = None
) -> HostSpec:
    at = Position("scenarios/basic.yaml", 2, 9)
    return HostSpec(service, at, count=count, absent=absent, sysctls=sysctls or {})
