"""Seconds and counts -> words."""

from __future__ import annotations


def seconds_in_words(seconds: float) -> str:
    """`4 ms`, `0.19 s`, `12.3 s`, `2 min 5 s`."""
    if seconds < 0.0995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def counted(number: int, one: str, several: str | None = None) -> str:
    """`1 step`, `3 steps`; `several` where an s doesn't make it."""
    return f"{number} {one if number == 1 else several or one + 's'}"
