"""What stands behind a call's equals sign, as strace writes it -> number, error, and how long it took."""

from __future__ import annotations

import re
from typing import NamedTuple

_TIMED = re.compile(r"(.*?)(?: <(\d{1,9})\.(\d{6}|\d{9})>)?", re.ASCII)
_RETURNED = re.compile(
    r"(?:(-?\d{1,19}|0x[0-9a-f]{1,16})(?![\w.])|\?)(?: (?:(E[A-Z0-9]+)|\(errno (\d+)\))(?: \((.*)\))?)?", re.ASCII
)


class Result(NamedTuple):
    """`words` is all of it but the time. `returned` is None for `?`. `error` is an errno name, or empty."""

    words: str = ""
    returned: int | None = None
    error: str = ""
    error_text: str = ""
    took_ns: int | None = None

    @property
    def never_came(self) -> bool:
        """Whether the call did not return: `exit_group`, or its process was killed."""
        return not self.words or (self.words == "?" and self.took_ns is None)


def result(text: str) -> Result:
    """A result, from what follows the equals sign."""
    timed = _TIMED.fullmatch(text)
    words, seconds, fraction = timed.groups() if timed else (text, None, None)
    took_ns = nanoseconds(seconds, fraction) if seconds and fraction else None
    found = _RETURNED.match(words)
    if found is None:
        return Result(words, took_ns=took_ns)
    number, error, unnamed, error_text = found.groups()
    returned = None if number is None else int(number, 16 if number.startswith("0x") else 10)
    return Result(words, returned, error or (f"errno {unnamed}" if unnamed else ""), error_text or "", took_ns)


def nanoseconds(seconds: str, fraction: str) -> int:
    """A time that was written with six or nine digits behind its point."""
    return int(seconds) * 1_000_000_000 + int(fraction.ljust(9, "0"))
