"""The images that a plan's hosts are made from: there and up to date, or made now."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from hashlib import sha256
from pathlib import Path

from msgspec import UnsetType

from labctl.engine.contract import EngineError, Say
from labctl.engine.docker.alone import alone
from labctl.engine.docker.building import Build
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.glance import Looks, look
from labctl.engine.docker.labels import SOURCE
from labctl.engine.docker.pythons import Lacking, lacking
from labctl.engine.docker.source import source_hash
from labctl.plan.dockerfile import read_recipe
from labctl.plan.image import COMPILER_IMAGE, HOST_IMAGE, SIDECAR_IMAGE, is_host_image
from labctl.plan.model import Building, HostPlan, Plan
from labctl.plan.shipped import shipped

HOME_MADE_BASE = "labctl-base:bookworm"
"""What images/base/build makes from Debian packages, where no registry gives an official base."""


def make_images(plan: Plan, endpoint: Endpoint, say: Say) -> None:
    """Build or get what is missing or stale: the hosts' images, and the sidecars', which closes a lab, too.

    Of an image in which no agent can run, a copy is made in which one can. A few milliseconds where nothing is missing.
    EngineError if it can't be had.
    """
    looks = look(endpoint)

    def waiting() -> None:
        say("waiting for another labctl that makes images")

    if _lacking(plan, looks):
        with alone("images", waiting):
            _make_all(plan, endpoint, look(endpoint), say)  # who was alone before may have made them
    why = partial(_why_unfit, endpoint=endpoint)
    if lacking(plan, looks, why, say):
        with alone("images", waiting):
            _make_fit(plan, endpoint, look(endpoint), say)


def _lacking(plan: Plan, looks: Looks) -> list[str]:
    """The images that are to be made."""
    missing = [host.image for host in plan.hosts if not _is_current(host.image, host.build, looks, source_of(host))]
    if (plan.attended or not plan.internet) and not sidecar_image_is_current(looks):
        missing.append(SIDECAR_IMAGE)
    return missing


def _make_all(plan: Plan, endpoint: Endpoint, looks: Looks, say: Say) -> None:
    missing = _lacking(plan, looks)
    hosts = {host.image: host for host in plan.hosts}.values()
    for host in sorted(hosts, key=lambda host: not is_host_image(host.image)):  # others may be made of labctl's own
        if host.image in missing:
            _make(host, endpoint, looks, say)
    if SIDECAR_IMAGE in missing:
        _make_own_image("sidecar", SIDECAR_IMAGE, endpoint, say)


def _make_fit(plan: Plan, endpoint: Endpoint, looks: Looks, say: Say) -> None:
    needed = lacking(plan, looks, partial(_why_unfit, endpoint=endpoint), say)
    if needed:
        if not host_image_is_current(looks):
            _make_own_image("host", HOST_IMAGE, endpoint, say)
        _make_copies(needed, endpoint, say)


def _why_unfit(image: str, endpoint: Endpoint) -> str:
    from labctl.engine.docker.copying import why_unfit  # few need it, and all would wait for its import

    return why_unfit(image, endpoint)


def _make_copies(needed: Sequence[Lacking], endpoint: Endpoint, say: Say) -> None:
    from labctl.engine.docker.copying import make_copies

    make_copies(needed, endpoint, say)


def host_image_is_current(looks: Looks) -> bool:
    """Whether the image of labctl's own hosts is there, made from the files that this labctl brings along."""
    return _is_current(HOST_IMAGE, _host_context(), looks)


def sidecar_image_is_current(looks: Looks) -> bool:
    """Whether the sidecars' image is there, made from the files that this labctl brings along."""
    return _is_current(SIDECAR_IMAGE, shipped("images") / "sidecar", looks)


def _is_current(image: str, context: Path | None, looks: Looks, source: str | None = None) -> bool:
    labels = looks.image_labels(image)
    return labels is not None and (context is None or labels.get(SOURCE) == (source or source_hash(context)))


def source_of(host: HostPlan) -> str | None:
    """What an image is built from and how, as a text; None where nothing says how. The files alone as a rule."""
    if host.build is None:
        return None
    files = source_hash(host.build)
    how = [host.dockerfile] * (host.dockerfile != "Dockerfile")
    if not isinstance(host.building, UnsetType):
        how += [f"target {host.building.target}", *(f"{name}={text}" for name, text in host.building.args.items())]
    return files if not how else f"{files}-{sha256(chr(0).join(how).encode()).hexdigest()[:16]}"


def _make(host: HostPlan, endpoint: Endpoint, looks: Looks, say: Say) -> None:
    if host.build is None:
        say(f"pulling {host.image}")
        _get(host.image, endpoint, say)
    elif is_host_image(host.image) and host.build == _host_context():
        _make_own_image("host", HOST_IMAGE, endpoint, say)
    elif host.image == COMPILER_IMAGE and host.build == shipped("images") / "compiler":
        _make_own_image("compiler", COMPILER_IMAGE, endpoint, say)
    else:
        _build(host, host.build, endpoint, looks, say)


def _host_context() -> Path:
    return shipped("images") / "host"


def _get(image: str, endpoint: Endpoint, say: Say) -> None:
    daemon = Daemon(endpoint)
    try:
        daemon.pull(image, say)
    except EngineError as error:
        hint = "look at its name in compose.yaml, or say there how to build it"
        raise EngineError(f"there is no image '{image}', and no registry gives it: {error}", hint=hint) from error
    finally:
        daemon.close()


def _make_own_image(name: str, image: str, endpoint: Endpoint, say: Say) -> None:
    """Run labctl's own script for the image of that folder.

    It makes a base from Debian packages where no registry answers.
    """
    script = shipped("images") / "build"
    say(f"building {image}")
    last = ""
    with (
        subprocess.Popen(
            [sys.executable, str(script), name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=endpoint.environment(),
        ) as child,
        ExitStack() as undo,
    ):
        undo.callback(child.terminate)  # nothing, if it has ended
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip():
                last = line.strip()
                say(last)
        child.wait()
    if child.returncode:
        hint = f"run '{script}' by hand, or use '--engine netns'"
        raise EngineError(f"the image '{image}' could not be built: {last}", hint=hint)


def _build(host: HostPlan, context: Path, endpoint: Endpoint, looks: Looks, say: Say) -> None:
    building = Building() if isinstance(host.building, UnsetType) else host.building
    text = (context / host.dockerfile).read_text()
    recipe = read_recipe(text, file=host.dockerfile, context=context, given=building.args, target=building.target)
    if is_host_image(recipe.base) and not host_image_is_current(looks):
        _make_own_image("host", HOST_IMAGE, endpoint, say)
    home_made = looks.image_labels(HOME_MADE_BASE) is not None
    say(f"building {host.image}")
    daemon = Daemon(endpoint)
    try:
        base = {"BASE": HOME_MADE_BASE} if is_host_image(host.image) and home_made else {}
        how = Build(
            context=context,
            dockerfile=host.dockerfile,
            labels={SOURCE: source_of(host) or ""},
            arguments=base | building.args,
            target=building.target,
        )
        daemon.build(host.image, how, say)
    except EngineError as error:
        hint = error.hint or f"look at {context / host.dockerfile}"
        raise EngineError(f"the image '{host.image}' could not be built: {error}", hint=hint) from error
    finally:
        daemon.close()
