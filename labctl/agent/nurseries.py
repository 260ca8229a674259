"""Requests about tracing -> where programs come from: traced from their beginning, or not.

Programs are traced from the first `trace` on until one with `off`. One that asks for it while it is in force is
answered as the first was; when it fails, the others' tracing stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from labctl.agent.awaiting import Awaiting
from labctl.agent.confine import Confinement
from labctl.agent.frames import Header
from labctl.agent.keeper import Nursery
from labctl.agent.tracer import MOST_TEXT, Tracer, why_not
from labctl.agent.tracing import Tracing

_TOLD_WITHIN_S = 10.0


class Answer(Protocol):
    """Reply to a request."""

    def __call__(self, header: Header, **words: object) -> None: ...


class Nurseries:
    """One whose programs are traced while that is asked for, and one whose programs never are.

    `_waiting`: requests to be answered when `_first`, the tracer that was begun last, has hold or never will have.
    """

    def __init__(self, how: Confinement, tracing: Tracing, awaiting: Awaiting, answer: Answer) -> None:
        self._tracing, self._awaiting, self._answer = tracing, awaiting, answer
        self._nursery = Nursery(how, tracing.begin)
        self._untraced = Nursery(how)
        self._waiting: list[Header] = []
        self._first: Tracer | None = None
        self._is_proven = False
        self.requests: dict[str, Callable[[Header, bytes], None]] = {"trace": self._trace, "traces": self._traces}

    def one_for(self, *, aside: bool) -> Nursery:
        """Where a program comes from now. `aside`: it is never traced."""
        return self._untraced if aside and self._tracing.is_on else self._nursery

    def refill(self) -> None:
        """Make a keeper ahead, where there are few."""
        self._nursery.refill()

    def pids(self) -> set[int]:
        """The keepers that wait for a command."""
        return self._nursery.pids()

    def _trace(self, header: Header, _: bytes) -> None:
        """Trace each program that is started from now on. Answered when a tracer has hold of the first one to be.

        `off`: trace none any more; answered at once.
        """
        if header.get("off", False):
            self._stop(error="failed", detail="tracing was ended meanwhile")
            self._answer(header, ok=True)
            return
        self._waiting.append(header)
        try:
            tracer = self._nursery.renew() if self._tracing.turn_on(header.get("most", MOST_TEXT)) else None
        except OSError as error:
            self._fail(error="failed", detail=str(error))
            return
        if tracer is None:
            self._fail(error="no-strace", **why_not(""))
            return
        self._first = tracer
        tracer.when_known(lambda: self._on_attached(tracer))

    def _on_attached(self, tracer: Tracer) -> None:
        if tracer is not self._first:  # another one has taken its place
            return
        if tracer.is_attached:
            self._is_proven = True
            self._reply(ok=True)
        else:
            self._fail(error="no-strace", **why_not(tracer.complaint or "it ended at once"))

    def _fail(self, **words: object) -> None:
        """Whoever waits isn't served. Where programs were traced before they still are."""
        if self._is_proven and self._tracing.is_on:
            self._reply(**words)
        else:
            self._stop(**words)

    def _stop(self, **words: object) -> None:
        self._first, self._is_proven = None, False
        if self._tracing.is_on:
            self._tracing.turn_off()
            with suppress(OSError):
                self._nursery.renew()
        self._reply(**words)

    def _reply(self, **words: object) -> None:
        waiting, self._waiting = self._waiting, []
        for header in waiting:
            self._answer(header, **words)

    def _traces(self, header: Header, _: bytes) -> None:
        """Answer when all that tracers have written by now was told."""
        self._awaiting.until(self._tracing.has_told_all, _TOLD_WITHIN_S, lambda told: self._answer(header, ok=told))
