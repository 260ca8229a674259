"""The engine on Docker, where no image has a Python for an agent: what a plan says of hosts is otherwise kept."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from labctl.engine.contract import Say
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.docker.lab import DockerLab
from labctl.plan.model import HostPlan, Plan

IMAGE = "labctl-test-without-python"
_CONTEXT = Path(__file__).parent / "images" / "without-python"


class WithoutPython(DockerEngine):
    """Makes the hosts of any plan from one image, in which only programs find a Python."""

    def prepare(self, plan: Plan, say: Say) -> None:
        super().prepare(_on_it(plan), say)

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> DockerLab:
        return super().up(_on_it(plan), lab=lab, folder=folder, say=say)


def _on_it(plan: Plan) -> Plan:
    return replace(plan, hosts=tuple(map(_host_on_it, plan.hosts)))


def _host_on_it(host: HostPlan) -> HostPlan:
    return replace(host, image=IMAGE, build=_CONTEXT, path=("/opt/python", *host.path))
