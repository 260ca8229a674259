"""What was told of a program's trace -> what a test asks of it."""

from __future__ import annotations

import re

from tests.contract.hosts import Running, StandingLab


def trace_of(lab: StandingLab, program: Running) -> str:
    """What was written of a program."""
    return lab.traces.get(program.program.key, bytearray()).decode()


def told_of(lab: StandingLab, program: Running, word: str) -> list[object]:
    """What its frames said under that word."""
    headers = [header for _, header in lab.heard if header.get("program") == program.program.key]
    return [header[word] for header in headers if header["ev"] == "traced" and word in header]


def ends_in(trace: str) -> dict[int, str]:
    """How each process ended, by pid, by strace's own words."""
    return {int(pid): end for pid, end in re.findall(r"^(\d+) +[\d.]+ \+\+\+ (.*) \+\+\+$", trace, re.MULTILINE)}
