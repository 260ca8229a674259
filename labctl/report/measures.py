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


def span_in_words(nanoseconds: int) -> str:
    """A length of time to three digits, as a drawing shows it: `0.05 ms`, `31.9 ms`, `3.07 s`, `2 min 5 s`."""
    ms = nanoseconds / 1e6
    if ms >= 999.5:
        return seconds_in_words(ms / 1000)
    digits = 2 if ms < 9.995 else 1 if ms < 99.95 else 0
    return f"{ms:.{digits}f} ms"
