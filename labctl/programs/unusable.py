"""Why programs that somebody gave can't be used, in words."""

from __future__ import annotations


class Unusable(Exception):
    """What is wrong with them: it is theirs to mend. `said` is what their compiler said, as it came."""

    def __init__(self, message: str, *, hint: str = "", said: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        self.said = said
