"""Whether Docker can be used here: a finding for each thing it takes, with what mends it."""

from __future__ import annotations

from labctl.engine.contract import EngineError, Finding
from labctl.engine.docker.compose import compose_version, find_compose
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.glance import look
from labctl.engine.docker.images import host_image_is_current, sidecar_image_is_current
from labctl.plan.image import HOST_IMAGE, SIDECAR_IMAGE

ANSWERS_WITHIN_S = 5


def findings(endpoint: Endpoint) -> tuple[Finding, ...]:
    """The daemon first; without one there is nothing more to look at but Compose."""
    daemon = _daemon(endpoint)
    return (daemon, _compose(), *((_image(endpoint), _sidecar_image(endpoint)) if daemon.works else ()))


def _daemon(endpoint: Endpoint) -> Finding:
    what = "Docker daemon"
    try:
        version, _ = look(endpoint, answers_within_s=ANSWERS_WITHIN_S).version()
    except EngineError as error:
        return Finding(what, works=False, detail=str(error), mend=error.hint)
    return Finding(what, works=True, detail=f"Engine {version} at {endpoint.host}")


def _compose() -> Finding:
    what = "Docker Compose"
    try:
        words = find_compose()
        version = compose_version(words)
    except EngineError as error:
        return Finding(what, works=False, detail=str(error), mend=error.hint)
    return Finding(what, works=True, detail=f"{version}, by '{' '.join(words)}'")


def _image(endpoint: Endpoint) -> Finding:
    looks = look(endpoint, answers_within_s=ANSWERS_WITHIN_S)
    what = f"image {HOST_IMAGE}"
    if looks.image_labels(HOST_IMAGE) is None:
        return Finding(what, works=False, detail="it is not there", mend="labctl build")
    if not host_image_is_current(looks):
        return Finding(what, works=False, detail="it was built from other files", mend="labctl build")
    return Finding(what, works=True, detail="up to date")


def _sidecar_image(endpoint: Endpoint) -> Finding:
    """Only faults need it: its absence is told, and doesn't hinder."""
    looks = look(endpoint, answers_within_s=ANSWERS_WITHIN_S)
    current = sidecar_image_is_current(looks)
    detail = "up to date" if current else "missing, or from other files; only needed for faults: labctl build"
    return Finding(f"image {SIDECAR_IMAGE}", works=True, detail=detail)
