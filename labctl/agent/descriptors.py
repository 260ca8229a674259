"""Descriptors of the agent's: how many it may have; pipes that come all or not at all; what a child has no use for."""

from __future__ import annotations

import os
import resource


def have_all_there_may_be() -> None:
    """Raise the limit on open files as far as that needs no privilege (getrlimit(2)); programs have less."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def pipes(count: int) -> list[tuple[int, int]]:
    """So many pipes, each an end to read from and one to write to. With an OSError none is left open."""
    made: list[tuple[int, int]] = []
    try:
        while len(made) < count:
            made.append(os.pipe())
    except OSError:
        close_each(made)
        raise
    return made


def close_each(made: list[tuple[int, int]]) -> None:
    """Close both ends of these pipes."""
    for pipe in made:
        for descriptor in pipe:
            os.close(descriptor)


def close_all_but(*kept: int) -> None:
    """Close every descriptor but these, so that nobody's pipe stays open for the sake of a forked process.

    No empty range is asked for: Python 3.11 takes (0, 0) for all of them.
    """
    start = 0
    for descriptor in sorted(kept):
        if start < descriptor:
            os.closerange(start, descriptor)
        start = descriptor + 1
    beyond, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if start < beyond:
        os.closerange(start, beyond)
