"""What strace writes of a process about to become a program -> what it writes of the program. Pure.

Whoever waits for the order to execute is traced already: its own calls come first, and are nobody's affair.
"""

from __future__ import annotations

import re

_EXECUTES = re.compile(rb"^\d+ +[\d.]+ execve\(", re.MULTILINE)


class Excerpt:
    """Takes the text in any pieces; gives it from the first execve(2) on, up to so many bytes."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._before: bytes | None = b""  # the line that is not yet known to be the first one
        self.is_cut = False

    def take(self, data: bytes) -> bytes:
        """What there is to pass on of this piece."""
        if self._before is not None:
            data = self._from_the_first(self._before + data)
        kept = data[: self._left]
        self._left -= len(kept)
        self.is_cut = self.is_cut or len(kept) < len(data)
        return kept

    def _from_the_first(self, text: bytes) -> bytes:
        found = _EXECUTES.search(text)
        if found is None:
            self._before = text[text.rfind(b"\n") + 1 :]
            return b""
        self._before = None
        return text[found.start() :]
