"""An image -> whether an agent can run in it, tried in a container; and a copy of it in which one can."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from contextlib import suppress

from labctl.agent.boot import COMMAND, FITNESS, bundle
from labctl.engine.contract import EngineError, Say
from labctl.engine.docker.beside import beside
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.image_calls import BUILDS_WITHIN_S
from labctl.engine.docker.labels import SOURCE
from labctl.engine.docker.packing import packed
from labctl.engine.docker.pythons import NO_PYTHON, OF, WHY, Lacking, source
from labctl.engine.trial import first_word


def why_unfit(image: str, endpoint: Endpoint) -> str:
    """Why no agent can run in it; empty if one can. EngineError where that can't be told."""
    daemon = Daemon(endpoint)
    try:
        with beside(daemon, endpoint, image, COMMAND, bundle({}, entry=FITNESS)) as channel:
            said = first_word(channel)
            if said.get("ev") == "fit":
                return ""
            words = str(said.get("detail") or channel.stderr or "it ends at once")
            lines = words.splitlines()
            return f"the Python is not one for labctl's agent ({lines[0] if said else lines[-1]})"
    except EngineError as error:
        if not re.search(f"exec.*{COMMAND[0]}", str(error)):
            raise
        return NO_PYTHON
    finally:
        daemon.close()


def make_copies(needed: Sequence[Lacking], endpoint: Endpoint, say: Say) -> None:
    """Make them, from the Python of the hosts' own image, which must be there. Former copies go. EngineError."""
    daemon = Daemon(endpoint)
    try:
        archive = packed(daemon, endpoint, say)
        for one in needed:
            _make_copy(daemon, one, archive, say)
    finally:
        daemon.close()


def _make_copy(daemon: Daemon, one: Lacking, archive: bytes, say: Say) -> None:
    """Make it, and remove former ones. One that has no name may be in the making, by somebody else, if it is young."""
    doing = f"putting Python into a copy of {one.image}"
    say(doing)
    known = {SOURCE: source(), OF: one.image, WHY: one.why}
    daemon.put_into(one.image, archive, one.copy, labels=known, say=lambda _: say(doing))
    made = daemon.image_id(one.copy)
    for former in daemon.images_with(OF, one.image):
        if former.id != made and (former.is_named or former.created < time.time() - BUILDS_WITHIN_S):
            with suppress(EngineError):  # a lab stands on it: the next copy will find it again
                daemon.forget_image(former.id)
