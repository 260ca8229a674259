"""Conditions that are not yet so -> looked at again, soon and at every event, until they are or time is up."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from labctl.agent.frames import Header
from labctl.agent.look import Looker
from labctl.agent.loop import Loop
from labctl.agent.programs import Program
from labctl.agent.states import Seen, Wanted, missing

_FIRST_LOOK_S, _SLOWEST_LOOK_S, _SLOWER = 0.0005, 0.02, 1.3
_LONGER_THAN_A_LOOK = 4
"""A pause is so many times as long as the look before it took, at least: on a busy machine those that are looked at
would hardly get their turn beside who looks."""

Answer = Callable[..., None]


class _Case:
    """One condition: `look` answers whether it is settled (and then has said so); `expire` says that time is up."""

    def __init__(self, look: Callable[[], bool], expire: Callable[[], None], seconds: float) -> None:
        self.look, self.expire = look, expire
        self.deadline = time.monotonic() + seconds
        self.pause = _FIRST_LOOK_S
        self.took_s = 0.0

    def looks(self) -> bool:
        """Look, and remember how long it took."""
        began = time.monotonic()
        settled = self.look()
        self.took_s = time.monotonic() - began
        return settled


class Awaiting:
    """The conditions that somebody waits for."""

    def __init__(self, loop: Loop, looker: Looker) -> None:
        self._loop = loop
        self._looker = looker
        self._cases: list[_Case] = []

    def until(self, holds: Callable[[], bool], seconds: float, say: Callable[[bool], None]) -> None:
        """Say True as soon as it holds, False when it didn't for so long."""

        def look() -> bool:
            held = holds()
            if held:
                say(True)
            return held

        self._add(_Case(look, lambda: say(False), seconds))

    def state(
        self,
        wanted: Wanted,
        seconds: float,
        program: Program | None,
        see: Callable[[], Seen],
        header: Header,
        answer: Answer,
    ) -> None:
        """Answer a request when all that is wanted is seen, when its program has ended, or when time is up.

        The answer holds what was seen last and which words are missing.
        """
        last: dict[str, Any] = {}

        def look() -> bool:
            if program is not None and program.status is not None:
                answer(header, held=False, ended=True, seen=last.get("seen", {}), missing=list(wanted))
                return True
            seen = see()
            last["seen"] = seen
            lacking = missing(wanted, seen)
            if not lacking:
                answer(header, held=True, seen=seen, missing=[])
            return not lacking

        def expire() -> None:
            seen = last.get("seen", {})
            answer(header, held=False, seen=seen, missing=missing(wanted, seen))

        self._add(_Case(look, expire, seconds))

    def look_again(self) -> None:
        """Something happened: look at every condition now."""
        self._cases = [case for case in self._cases if not case.looks()]

    def _add(self, case: _Case) -> None:
        if not case.looks():
            self._cases.append(case)
            self._later(case)

    def _later(self, case: _Case) -> None:
        if time.monotonic() >= case.deadline:
            self._cases.remove(case)
            case.expire()
            return
        left = case.deadline - time.monotonic()
        pause = max(case.pause, _LONGER_THAN_A_LOOK * case.took_s)
        self._loop.after(max(0.0, min(pause, left)), lambda: self._at_pause(case))
        case.pause = min(_SLOWEST_LOOK_S, case.pause * _SLOWER)

    def _at_pause(self, case: _Case) -> None:
        if case not in self._cases:
            return
        if case.looks():
            self._cases.remove(case)
        else:
            self._later(case)
