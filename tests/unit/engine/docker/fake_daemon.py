"""A daemon in memory, as far as removing and sweeping ask it."""

from __future__ import annotations

from labctl.engine.contract import EngineError
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.labels import Made


class FakeDaemon(Daemon):
    """Keeps containers and networks. A network goes only after `busy` refusals, and `late` come up one a look."""

    def __init__(self, containers: list[Made], networks: list[Made], *, busy: int = 0) -> None:
        self.here = {one.id: one for one in containers}
        self.nets = {one.id: one for one in networks}
        self.late: list[Made] = []
        self.images: dict[str, dict[str, str]] = {}
        self.busy = busy

    def containers(self, lab: str | None = None) -> list[Made]:
        seen = [one for one in self.here.values() if lab in (None, one.lab)]
        if self.late:
            late = self.late.pop()
            self.here[late.id] = late
        return seen

    def labels_of_image(self, identity: str) -> dict[str, str]:
        return self.images.get(identity, {})

    def networks(self, lab: str | None = None) -> list[Made]:
        return [one for one in self.nets.values() if lab in (None, one.lab)]

    def remove_container(self, container: str) -> None:
        self.here.pop(container, None)

    def remove_network(self, network: str) -> None:
        if self.busy:
            self.busy -= 1
            raise EngineError("network has active endpoints")
        self.nets.pop(network, None)


def part(identity: str, lab: str = "l1", *, host: str = "", owner: str = "") -> Made:
    return Made(identity, lab, f"name of {lab}", host, owner)
