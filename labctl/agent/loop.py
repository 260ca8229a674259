"""Descriptors and moments -> calls: the agent's one loop, and the owner of its clock.

Nothing on a host sleeps but this.
"""

from __future__ import annotations

import heapq
import itertools
import selectors
import time
from collections.abc import Callable

Call = Callable[[], None]

_LOOKS = 5


def offset_ns() -> int:
    """What has to be added to CLOCK_MONOTONIC, in ns, for CLOCK_REALTIME: of several looks the least interrupted."""
    looks = [(time.monotonic_ns(), time.time_ns(), time.monotonic_ns()) for _ in range(_LOOKS)]
    before, real, after = min(looks, key=lambda look: look[2] - look[0])
    return real - (before + after) // 2


class Loop:
    """Calls back when a descriptor can be read or written, or when a moment has come."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._calls: dict[int, dict[int, Call]] = {}
        self._moments: list[tuple[float, int, Call]] = []
        self._order = itertools.count()
        self._runs = True

    def __contains__(self, descriptor: int) -> bool:
        """Whether somebody waits for this descriptor."""
        return descriptor in self._calls

    def on_readable(self, descriptor: int, call: Call | None) -> None:
        """Call when readable; None takes that back."""
        self._watch(descriptor, selectors.EVENT_READ, call)

    def on_writable(self, descriptor: int, call: Call | None) -> None:
        """Call when writable; None takes that back."""
        self._watch(descriptor, selectors.EVENT_WRITE, call)

    def after(self, seconds: float, call: Call) -> None:
        """Call once, so many seconds from now."""
        heapq.heappush(self._moments, (time.monotonic() + seconds, next(self._order), call))

    def stop(self) -> None:
        """End `run` when the call in progress returns."""
        self._runs = False

    def run(self) -> None:
        """Call back until stopped."""
        while self._runs:
            for key, events in self._selector.select(self._patience()):
                for event, call in list(self._calls.get(key.fd, {}).items()):
                    if event & events and self._calls.get(key.fd, {}).get(event) is call:
                        call()
            now = time.monotonic()
            while self._moments and self._moments[0][0] <= now:
                heapq.heappop(self._moments)[2]()

    def _patience(self) -> float | None:
        if not self._moments:
            return None
        return max(0.0, self._moments[0][0] - time.monotonic())

    def _watch(self, descriptor: int, event: int, call: Call | None) -> None:
        calls = self._calls.setdefault(descriptor, {})
        before = sum(calls)
        if call is None:
            calls.pop(event, None)
        else:
            calls[event] = call
        after = sum(calls)
        if not after:
            del self._calls[descriptor]
        if before and not after:
            self._selector.unregister(descriptor)
        elif before and after != before:
            self._selector.modify(descriptor, after)
        elif after and not before:
            self._selector.register(descriptor, after)
