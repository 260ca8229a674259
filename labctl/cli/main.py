"""The process `labctl`: from its first moment on a signal ends it with the right exit code, and without a traceback.

Everything else is imported after that is so.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """Be the process `labctl`.

    What costs time and changes nothing is left out: looking for garbage while modules are imported (5 ms; commands
    that last turn it on again), and taking the interpreter apart at the end (15 ms).
    """
    _end_on_signals()
    gc.disable()
    from labctl.cli.commands import run_labctl

    code = run_labctl()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, AttributeError, ValueError):  # nobody reads it any more, or it was closed
            stream.flush()
    os._exit(code)


def _end_on_signals() -> None:
    """Before anything is held that would have to be given back, and after it was, a signal ends the process at once.

    In between they are taken by labctl.cli.terminal.signals. Where they were ignored (nohup) they are still.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)


def _end(number: int, frame: FrameType | None) -> None:
    """Not by an exception: one that is raised while a module is imported may be printed and forgotten."""
    os._exit(128 + number)
