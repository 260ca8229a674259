"""Descriptors that a forked process has no use for -> closed, so that nobody's pipe stays open for its sake."""

from __future__ import annotations

import os

_BEYOND = 4096


def close_all_but(*kept: int) -> None:
    """Close every descriptor but these. No empty range is asked for: Python 3.11 takes (0, 0) for all of them."""
    start = 0
    for descriptor in sorted(kept):
        if start < descriptor:
            os.closerange(start, descriptor)
        start = descriptor + 1
    os.closerange(start, _BEYOND)
