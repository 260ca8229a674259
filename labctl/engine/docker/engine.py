"""The engine on Docker: hosts are containers, made and removed by Docker Compose."""

from __future__ import annotations

from pathlib import Path

from labctl.engine.contract import LabSeen, Readiness, Say
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.docker.images import make_images
from labctl.engine.docker.lab import DockerLab
from labctl.engine.docker.readiness import findings
from labctl.engine.docker.sweep import seen, swept
from labctl.engine.docker.up import bring_up
from labctl.plan.model import Plan


class DockerEngine:
    """The engine (labctl.engine.contract) on the daemon that `docker` would talk to."""

    def __init__(self) -> None:
        self._endpoint = find_endpoint()

    @property
    def name(self) -> str:
        return "docker"

    def readiness(self) -> Readiness:
        return Readiness("docker", findings(self._endpoint))

    def prepare(self, plan: Plan, say: Say) -> None:
        make_images(plan, self._endpoint, say)

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> DockerLab:
        return bring_up(plan, lab=lab, folder=folder, endpoint=self._endpoint, say=say)

    def labs(self) -> list[LabSeen]:
        daemon = Daemon(self._endpoint)
        try:
            return seen(daemon)
        finally:
            daemon.close()

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        daemon = Daemon(self._endpoint)
        try:
            return swept(daemon, older_than_s=older_than_s)
        finally:
            daemon.close()
