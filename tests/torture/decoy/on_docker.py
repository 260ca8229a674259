"""Decoys on the Docker daemon: containers, networks, images and volumes that look like labctl's own."""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from itertools import count
from uuid import uuid4

from msgspec.structs import replace

from labctl.engine.docker.labels import HOST, LAB, NAME, OWNER
from labctl.engine.owner import Owner, myself
from labctl.plan.image import HOST_IMAGE
from tests.torture.decoy.kind import Kind, Scene, State, output_of

COMPOSE = "com.docker.compose"
_CONTAINER = "{{.Id}} {{.State.Status}} {{.State.Pid}} {{.State.StartedAt}} {{.RestartCount}} {{json .Config.Labels}}"
_NETWORK = "{{.Id}} {{.Created}} {{json .IPAM.Config}} {{json .Labels}}"

_NUMBERS = count(random.randrange(4096))  # of subnets: no two decoys get the same

Labels = Callable[[str], dict[str, str]]
"""Of a lab's id."""


def _ended() -> Owner:
    """One that was alive here, and is not any more."""
    with subprocess.Popen(["true"]) as process:
        owner = replace(myself(), pid=process.pid, start=1)
    return owner


def _owned(owner: Callable[[], Owner | str]) -> Labels:
    return lambda lab: {LAB: lab, NAME: "passes", HOST: "cheerios", OWNER: str(owner())}


LABELLED: dict[str, Labels] = {
    "like-named": lambda lab: {},
    "without-owner": lambda lab: {LAB: lab, NAME: "passes", HOST: "cheerios"},
    "owner-is-no-owner": _owned(lambda: "somebody"),
    "of-another-machine": _owned(lambda: replace(_ended(), machine="another", boot="another")),
    "of-another-pid-namespace": _owned(lambda: replace(_ended(), pid_namespace="1")),
    "of-a-copied-machine": _owned(lambda: replace(_ended(), boot="another")),
    "of-a-living-owner": _owned(myself),
    "with-a-dead-owner-but-no-lab": lambda lab: {OWNER: str(_ended()), HOST: "cheerios"},
    "of-a-compose-project": lambda lab: {
        f"{COMPOSE}.project": f"labctl-{lab}",
        f"{COMPOSE}.service": "cheerios",
        f"{COMPOSE}.container-number": "1",
        f"{COMPOSE}.oneoff": "False",
        f"{COMPOSE}.network": "lab",
    },
}
"""What a decoy says of itself. Everything here is somebody else's, or can't be known not to be."""


def _container(labels: Labels) -> Callable[[Scene], AbstractContextManager[State]]:
    @contextmanager
    def make(_: Scene) -> Iterator[State]:
        lab = f"{uuid4().hex[:4]}-{uuid4().hex[:8]}"
        with _running(f"labctl-{lab}_cheerios_1", labels(lab), HOST_IMAGE) as state:
            yield state

    return make


@contextmanager
def _running(name: str, labels: dict[str, str], image: str) -> Iterator[State]:
    words = [word for label, value in labels.items() for word in ("--label", f"{label}={value}")]
    run = ["docker", "run", "--detach", "--name", name, "--network=none", "--entrypoint=sleep", *words, image, "1000"]
    container = output_of(*run)
    try:

        def state() -> str:
            assert output_of("docker", "exec", container, "echo", "here") == "here"
            return output_of("docker", "container", "inspect", "--format", _CONTAINER, container)

        yield state
    finally:
        output_of("docker", "rm", "--force", container)


@contextmanager
def ended_container(_: Scene) -> Iterator[State]:
    """It has ended, as labs' containers have when they are left."""
    name = f"labctl-{uuid4().hex[:8]}_client_1"
    container = output_of(
        "docker", "run", "--detach", "--name", name, "--network=none", "--entrypoint=true", HOST_IMAGE
    )
    output_of("docker", "wait", container)
    try:
        yield lambda: output_of("docker", "container", "inspect", "--format", _CONTAINER, container)
    finally:
        output_of("docker", "rm", "--force", container)


@contextmanager
def of_a_committed_host(_: Scene) -> Iterator[State]:
    """Somebody made an image of a lab's host, with all its labels, and runs it; the lab's owner is dead."""
    lab, image = uuid4().hex[:12], f"labctl-kept-{uuid4().hex[:8]}"
    labels = _owned(_ended)(lab) | {COMPOSE + ".project": f"labctl-{lab}"}
    changes = [word for label, value in labels.items() for word in ("--change", f"LABEL {label}={value}")]
    with ExitStack() as undo:
        source = output_of("docker", "create", "--network=none", HOST_IMAGE)
        undo.callback(output_of, "docker", "rm", "--force", source)
        output_of("docker", "commit", *changes, source, image)
        undo.callback(output_of, "docker", "rmi", image)
        yield undo.enter_context(_running(f"mine-{lab}", {}, image))


def _network(labels: Labels) -> Callable[[Scene], AbstractContextManager[State]]:
    @contextmanager
    def make(_: Scene) -> Iterator[State]:
        lab = uuid4().hex[:12]
        number = next(_NUMBERS) % 4096 * 16
        words = [word for label, value in labels(lab).items() for word in ("--label", f"{label}={value}")]
        subnet = f"10.63.{number // 256}.{number % 256}/28"
        network = output_of(
            "docker", "network", "create", "--internal", f"--subnet={subnet}", *words, f"labctl-{lab}_lab"
        )
        try:
            yield lambda: output_of("docker", "network", "inspect", "--format", _NETWORK, network)
        finally:
            output_of("docker", "network", "rm", network)

    return make


@contextmanager
def images(_: Scene) -> Iterator[State]:
    """Tags that are like those that labctl makes."""
    some = uuid4().hex[:8]
    tags = [f"labctl-host:{some}", f"labctl-sidecar-{some}:latest", f"mine/labctl-base:{some}"]
    for tag in tags:
        output_of("docker", "tag", HOST_IMAGE, tag)
    try:
        yield lambda: output_of("docker", "image", "inspect", "--format", "{{.Id}} {{.Created}}", *tags)
    finally:
        output_of("docker", "rmi", *tags)


@contextmanager
def volumes(_: Scene) -> Iterator[State]:
    """A volume, which no lab has, with a lab's labels and a dead owner."""
    lab = uuid4().hex[:12]
    words = [word for label, value in _owned(_ended)(lab).items() for word in ("--label", f"{label}={value}")]
    name = output_of("docker", "volume", "create", *words, f"labctl-{lab}_data")
    try:
        yield lambda: output_of("docker", "volume", "inspect", "--format", "{{json .}}", name)
    finally:
        output_of("docker", "volume", "rm", name)


KINDS = [
    *(Kind(f"container-{name}", _container(labels)) for name, labels in LABELLED.items()),
    *(Kind(f"network-{name}", _network(labels)) for name, labels in LABELLED.items()),
    Kind("container-that-ended", ended_container),
    Kind("container-of-a-committed-host", of_a_committed_host),
    Kind("images", images),
    Kind("volumes", volumes),
]
