"""Commands -> times that can be compared on a noisy machine: by turns, and as ratios."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """A figure and its budget. `unit` is `x` for a ratio, `ms` for a time. `is_least`: it must be so much at least."""

    what: str
    figure: float
    budget: float
    unit: str
    detail: str = ""
    is_least: bool = False

    @property
    def is_within(self) -> bool:
        return self.figure >= self.budget if self.is_least else self.figure <= self.budget

    def __str__(self) -> str:
        verdict = "ok  " if self.is_within else "LOW " if self.is_least else "OVER"
        bound = f"({'at least' if self.is_least else 'at most'} {self.budget:g})"
        return f"{verdict} {self.what:58} {self.figure:7.2f} {self.unit:3} {bound}  {self.detail}".rstrip()


def wall_s(words: Sequence[str], environment: dict[str, str]) -> float:
    """How long a command takes, as a whole process, in seconds. CalledProcessError if it fails."""
    began = time.perf_counter()
    subprocess.run(words, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.perf_counter() - began


def cpu_ms(words: Sequence[str], environment: dict[str, str]) -> float:
    """The processor time that a command takes, user and system, in milliseconds."""
    child = subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise subprocess.CalledProcessError(child.returncode, words)
    return (usage.ru_utime + usage.ru_stime) * 1000


def by_turns(ours: Callable[[], float], theirs: Callable[[], float], runs: int) -> tuple[float, str]:
    """The ratio of the medians of two things measured in turn, after a warm-up each; and both, in words."""
    ours()
    theirs()
    pairs = [(ours(), theirs()) for _ in range(runs)]
    mine, other = (statistics.median(column) for column in zip(*pairs, strict=True))
    each = statistics.median(a / b for a, b in pairs)
    return mine / other, f"{mine:.3f} s against {other:.3f} s, median of {runs}; pair by pair {each:.2f}"
