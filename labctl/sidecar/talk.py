"""Frames from labctl -> what a sidecar does -> frames to labctl: what is the same with a packet queue and without.

Requests carry `do` and `id`; each gets one reply with `re`. What happens by itself comes as `ev`: `hello`, `counted`
(a view that is watched has changed), and what labctl.sidecar.serve tells. Times are CLOCK_MONOTONIC in nanoseconds.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping, Sequence

from labctl.agent.frames import Header
from labctl.agent.line import Line
from labctl.agent.loop import Call, Loop
from labctl.sidecar.rules import Json
from labctl.sidecar.tables import TableError


class Talk:
    """A sidecar's side of its talk with labctl."""

    def __init__(self, host: str, come: int, go: int) -> None:
        self.loop = Loop()
        self._host = host
        self._line = Line(self.loop, come, go, on_frame=self._on_frame, on_empty=lambda: None)
        self._requests: Mapping[str, Callable[[Header], Json]] = {}

    def serve(self, requests: Mapping[str, Callable[[Header], Json]], *, buffer: int) -> None:
        """Say hello, then answer until labctl is gone. A TableError is an answer, too: `error`, in its words."""
        self._requests = requests
        self.say({"ev": "hello", "host": self._host, "pid": os.getpid(), "buffer": buffer})
        gc.freeze()
        gc.enable()  # whoever started us did without while modules were imported
        self.loop.run()

    def say(self, header: Header) -> None:
        """Send a frame, now or as soon as the other end takes it."""
        self._line.say(header)

    def _on_frame(self, header: Header, _: bytes) -> None:
        do = self._requests.get(header.get("do", ""))
        try:
            words = do(header) if do is not None else {"error": f"unknown: {header.get('do')}"}
        except TableError as error:
            words = {"error": str(error)}
        self.say({"re": header.get("id"), "t": time.monotonic_ns(), **words})


class Watched:
    """The views that somebody waits for."""

    def __init__(self, talk: Talk, counted: Callable[[str], Json]) -> None:
        """`counted`: the counters of a view by its name, as they are now."""
        self._talk = talk
        self._counted = counted
        self._told: dict[str, Json] = {}
        self.names: Sequence[str] = ()

    def turn_to(self, names: Sequence[str]) -> None:
        """Watch these from now on, and no others; each is told at least once."""
        self.names, self._told = names, {}

    def tell(self) -> None:
        """Tell those that have changed since they were told last."""
        for name in self.names:
            self.tell_of(name)

    def tell_of(self, name: str) -> None:
        """Tell this one if it has changed."""
        counts = self._counted(name)
        if self._told.get(name) != counts:
            self._told[name] = counts
            self._talk.say({"ev": "counted", "view": name, "counts": counts})


class Later:
    """A call that is made so many seconds after it was asked for, once however often it is until then."""

    def __init__(self, loop: Loop, seconds: float, call: Call) -> None:
        self._loop, self._seconds, self._call = loop, seconds, call
        self._is_asked_for = False

    def ask(self) -> None:
        """Have it called."""
        if not self._is_asked_for:
            self._is_asked_for = True
            self._loop.after(self._seconds, self._do)

    def _do(self) -> None:
        self._is_asked_for = False
        self._call()
