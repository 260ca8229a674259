"""The name of an engine -> the engine; for `auto` the one that works here, and a word about why."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec.structs import replace

from labctl.engine.contract import Engine, EngineError, Finding, Readiness, Say
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.model import Plan

EngineName = Literal["auto", "docker", "netns"]
NAMES: tuple[EngineName, ...] = ("auto", "docker", "netns")

_ANSWERS_WITHIN_S = 3


def choose(name: EngineName, plans: Sequence[Plan], say: Say) -> Engine:
    """The engine to run these plans on. Raises EngineError where it can't be had.

    `auto` is Docker where its daemon and Compose are there and have the images of the plans, else namespaces;
    `say` is told which and why. Looking takes some milliseconds; a daemon that hangs, three seconds.
    """
    if name == "docker":
        return docker()
    if name == "netns":
        return netns()
    hindrance = _hindrance(plans)
    if hindrance is None:
        say("engine docker: the daemon answers and the images are there")
        return docker()
    if sys.platform != "linux":
        raise EngineError(f"no engine works here: {hindrance}", hint="run `labctl doctor`")
    say(f"engine netns: {hindrance}")
    return netns()


def maker_of(engine: Engine) -> Callable[[], Engine]:
    """What makes an engine of the same kind in another process."""
    return docker if engine.name == "docker" else netns


def docker() -> Engine:
    """The engine on Docker, whether or not a daemon answers."""
    try:
        from labctl.engine.docker.engine import DockerEngine
    except ImportError as error:
        message = f"the docker engine needs the Python package '{(error.name or 'docker').partition('.')[0]}'"
        raise EngineError(message, hint="run `pip install docker`") from error

    return DockerEngine()


def netns() -> Engine:
    """The engine on namespaces. EngineError where there are none."""
    if sys.platform != "linux":
        raise EngineError("the netns engine needs Linux", hint="use `--engine docker`")
    from labctl.engine.netns.engine import Netns

    return Netns()


def _hindrance(plans: Sequence[Plan]) -> str | None:
    """Why labs can't be made on Docker right now, None if nothing stands in the way."""
    from labctl.engine.docker.endpoint import find_endpoint

    endpoint = find_endpoint()
    if endpoint.socket_path is not None and not os.path.exists(endpoint.socket_path):
        return f"no Docker daemon is at {endpoint.socket_path}"
    from labctl.engine.docker.compose import find_compose
    from labctl.engine.docker.glance import look

    try:
        looks = look(endpoint, answers_within_s=_ANSWERS_WITHIN_S)
        looks.version()
        find_compose()
        images = dict.fromkeys(host.image for plan in plans for host in plan.hosts)
        if any(plan.attended or not plan.internet for plan in plans):
            images[SIDECAR_IMAGE] = None
        missing = [image for image in images if looks.image_labels(image) is None]
    except EngineError as error:
        return str(error)
    except ImportError:
        return "the Python package 'docker' is not installed"
    if missing:
        return f"Docker has no image '{missing[0]}' (`labctl build` makes it)"
    return None


def readiness_of_all() -> tuple[Readiness, ...]:
    """What each engine needs and whether it is there; an engine that can't even be asked says why.

    Of those that work, also which mechanisms of faults do. Takes a second or two.
    """
    known = (("docker", docker, _mechanisms_on_docker), ("netns", netns, _mechanisms_on_netns))
    return tuple(_readiness(*one) for one in known)


def _readiness(name: str, engine: Callable[[], Engine], mechanisms: Callable[[], tuple[Finding, ...]]) -> Readiness:
    try:
        found = engine().readiness()
    except EngineError as error:
        return Readiness(name, (Finding(f"engine {name}", works=False, detail=str(error), mend=error.hint),))
    if not found.works:
        return found
    try:
        return replace(found, mechanisms=mechanisms())
    except EngineError as error:
        untried = Finding("faults", works=False, detail=f"not tried: {error}", mend=error.hint)
        return replace(found, mechanisms=(untried,))


def _mechanisms_on_docker() -> tuple[Finding, ...]:
    from labctl.engine.docker.endpoint import find_endpoint
    from labctl.engine.docker.mechanisms import mechanisms

    return mechanisms(find_endpoint())


def _mechanisms_on_netns() -> tuple[Finding, ...]:
    from labctl.engine.netns.mechanisms import mechanisms

    return mechanisms()
