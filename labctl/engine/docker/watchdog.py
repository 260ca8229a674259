"""A pipe that only labctl writes to -> nothing, if it told that its labs are down; else they are removed.

Executed by labctl as `python -I -S` and, until labctl is dead, stdlib only: it is there for the whole of every run
and must cost next to nothing. `-lab` and `+lab`, a line each, are all it is told. On the end of the pipe it removes
the labs that are still up, and ends.
"""

from __future__ import annotations

import os
import signal
import sys

NEWS = 0
LIFELINE = 3
"""Its end comes when labctl and every Compose that labctl has begun have ended."""

_PIECE = 1 << 16


def main() -> None:
    """Be the watchdog. Arguments: the folder of labctl, where Python finds everything else, and who owns the labs."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    _close_all_above(LIFELINE)
    os.chdir("/")
    labs = left_up(NEWS)
    if labs:
        _, _, paths, owner = sys.argv
        sys.path[:] = paths.split(os.pathsep)
        from labctl.engine.docker.aftermath import clear_up

        clear_up(labs, owner, LIFELINE)
    os._exit(0)


def _close_all_above(last: int) -> None:
    """Whatever labctl's own parent left open in it; not by number, of which there may be a thousand million."""
    for descriptor in map(int, os.listdir("/dev/fd")):
        if descriptor > last:
            try:
                os.close(descriptor)
            except OSError:  # the one that the folder was read by
                continue


def left_up(news: int) -> set[str]:
    """Listen until the end; the labs that came up by then, and didn't come down."""
    labs: set[str] = set()
    rest = b""
    while piece := os.read(news, _PIECE):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            change, lab = line[:1], line[1:].decode()
            (labs.add if change == b"+" else labs.discard)(lab)
    return labs
