"""Faults on a link for a while: in force on entering, gone on leaving, and they came about."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from labctl.lab.errors import INTERRUPTS, LabError, LabFailure
from labctl.runner.counted import Counts

if TYPE_CHECKING:
    from labctl.lab.doing import Doing


class Fault:
    """What `with lab.fault(…) as fault:` gives.

    On leaving, all faults of the link are taken away, as `heal` does. LabError then, if what was asked for did not
    come about (`drop=[4]`, and no 4th packet came): a test that passed would prove nothing.
    """

    def __init__(self, doing: Doing, link: str, only: str | None, words: dict[str, object]) -> None:
        self._doing, self._words = doing, words
        self.link, self.only = link, only

    def __enter__(self) -> Fault:
        __tracebackhide__ = True
        self._doing.do(link=self.link, only=self.only, **self._words)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if isinstance(error, INTERRUPTS):
            return  # the lab comes down with all its faults
        try:
            self._doing.do(heal=self.link)
        except (LabError, LabFailure):
            if error is None:  # else what went wrong first is what is told
                raise

    def counts(self) -> Counts:
        """What was counted of these packets on the link since the fault is in force: those of `only`."""
        __tracebackhide__ = True
        return self._doing.counts(self.link, self.only)
