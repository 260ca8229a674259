"""Calls -> all of them made, many at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

MOST = 16


def in_parallel(calls: Iterable[Callable[[], object]]) -> list[Exception]:
    """Make every call, whatever becomes of the others; return what they raised."""
    waiting = list(calls)
    raised: list[Exception] = []

    def work() -> None:
        while True:
            try:
                call = waiting.pop()
            except IndexError:
                return
            try:
                call()
            except Exception as error:  # the caller judges it
                raised.append(error)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(MOST, len(waiting)))]
    begun = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # no more can be had: those that are there do it, and this one
            work()
            break
        begun.append(thread)
    for thread in begun:
        thread.join()
    return raised
