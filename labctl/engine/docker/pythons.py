"""Images of a user's own -> those that no agent can run in, and a copy of each with labctl's own Python in it.

An agent needs Python 3.9, and an image may have none, not even a C library. Its copy has all else as it was, so every
feature works there. Copies stay on the daemon, as images do; they are found again by the id of what they are of. That
an image needs none is remembered on this machine.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct

import labctl
from labctl.engine.contract import Say
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.glance import Looks, look
from labctl.engine.docker.labels import SOURCE
from labctl.plan.image import COMPILER_IMAGE, is_host_image
from labctl.plan.model import Plan

COPY = "labctl-with-python"
OF, WHY = "labctl.of", "labctl.why"
"""Labels of a copy: the name of the image that it is of, and why that one needed it."""

_PACKERS = ("agent/carried.py", "sidecar/packing.py")
NO_PYTHON = "there is no Python"


class Lacking(Struct, frozen=True):
    """An image that no agent can run in: `why`, in words that follow on "in the image"."""

    image: str
    copy: str
    why: str


def lacking(plan: Plan, looks: Looks, why_unfit: Callable[[str], str], say: Say) -> list[Lacking]:
    """Which of a plan's images need a copy that isn't there yet. Each image is tried once, by `why_unfit`.

    That says why no agent can run in an image (labctl.engine.docker.copying).
    """
    found = []
    for image, identity in _own_images(plan, looks):
        if _is_current(looks.image_labels(_copy(identity))) or _is_known_as_fit(identity):
            continue
        say(f"looking for Python in {image}")
        if why := why_unfit(image):
            found.append(Lacking(image, _copy(identity), why))
        else:
            _know_as_fit(identity)
    return found


def copies(plan: Plan, endpoint: Endpoint) -> dict[str, Lacking]:
    """The plan's images that have a copy, by name. Asks nothing where all hosts are labctl's own."""
    found: dict[str, Lacking] = {}
    if not _names(plan):
        return found
    looks = look(endpoint)
    for image, identity in _own_images(plan, looks):
        labels = looks.image_labels(_copy(identity))
        if labels is not None and _is_current(labels):
            found[image] = Lacking(image, _copy(identity), labels.get(WHY, NO_PYTHON))
    return found


def names_of(copied: Mapping[str, Lacking]) -> dict[str, str]:
    """The copies alone, each by the name of its image."""
    return {image: one.copy for image, one in copied.items()}


def notes(plan: Plan, copied: Mapping[str, Lacking]) -> tuple[str, ...]:
    """What is told of them, a line each. Pure."""
    told = []
    for image, one in copied.items():
        hosts = [host.name for host in plan.hosts if host.image == image]
        names = f"host{'s' * (len(hosts) > 1)} {', '.join(hosts)}"
        told.append(f"{names}: {one.why} in the image '{image}', so labctl puts its own into a copy of it")
    return tuple(told)


def _own_images(plan: Plan, looks: Looks) -> Iterator[tuple[str, str]]:
    """The images of the user's own that are there, with their ids."""
    for image in _names(plan):
        if identity := looks.image_id(image):
            yield image, identity


def _names(plan: Plan) -> list[str]:
    images = dict.fromkeys(host.image for host in plan.hosts)
    return [image for image in images if not is_host_image(image) and image != COMPILER_IMAGE]


def _copy(identity: str) -> str:
    return f"{COPY}:{identity.rpartition(':')[2][:32]}"


def _is_current(labels: Mapping[str, str] | None) -> bool:
    return labels is not None and labels.get(SOURCE) == source()


def source() -> str:
    """The hash of what says how a copy is made: another labctl may make it otherwise."""
    whole = hashlib.sha256()
    for name in _PACKERS:
        whole.update((Path(labctl.__file__).parent / name).read_bytes())
    return whole.hexdigest()


def _known(identity: str) -> Path:
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return Path(caches, "labctl", "fit-images", f"{identity.rpartition(':')[2]}-{labctl.__version__}")


def _is_known_as_fit(identity: str) -> bool:
    return os.path.exists(_known(identity))


def _know_as_fit(identity: str) -> None:
    try:
        _known(identity).parent.mkdir(parents=True, exist_ok=True)
        _known(identity).touch()
    except OSError:  # then it is looked at again
        return
