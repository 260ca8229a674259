"""Where text goes: standard output for results, standard error for progress, and what each can show.

The only place that writes to either. A reader that goes away (`labctl run | head -1`) ends the writing, not the run;
results that can't be written for another reason (a full disk) make the exit code 3 where it would be 0.
"""

from __future__ import annotations

import errno
import os
import sys
import threading
from collections.abc import Mapping
from typing import TextIO

from labctl.cli.terminal.colour import wished_colour
from labctl.report.look import Look

_RESULTS_LOST = 3


class Device:
    """Both streams, safe to use from several threads."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.results, self.doings = sys.stdout, sys.stderr  # now: what runs later may redirect them
        wish, project = wished_colour()
        self.result_look = look_of(self.results, os.environ, wish=wish, project=project)
        self.progress_look = look_of(self.doings, os.environ, wish=wish, project=project)
        self._lost = False

    def result(self, text: str) -> None:
        """Write a result and the newline after it."""
        self.piece(f"{text}\n")

    def piece(self, text: str) -> None:
        """Write a piece of a result, and nothing after it."""
        with self.lock:
            error = write(self.results, text)
            if error is not None and error.errno not in (errno.EPIPE, errno.EIO) and not self._lost:
                self.miss(f"results can't be written: {error.strerror}")

    def miss(self, words: str) -> None:
        """Tell that something of the results is lost."""
        self._lost = True
        self.progress(f"labctl: {words}")

    def ending(self, code: int) -> int:
        """The exit code of a command that would end with this one."""
        return _RESULTS_LOST if code == 0 and self._lost else code

    def progress(self, text: str) -> None:
        """Write what is going on, and the newline after it."""
        with self.lock:
            write(self.doings, f"{text}\n")


def write(stream: TextIO | None, text: str) -> OSError | None:
    """Write all of it now. After an error, which is returned, the stream leads nowhere.

    The error is EPIPE where the reader has gone, EIO where the terminal was closed. None is a closed stream.
    """
    if stream is None:
        return None
    try:
        stream.write(text)
        stream.flush()
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        return write(stream, text.encode(encoding, "backslashreplace").decode(encoding))
    except OSError as error:
        _mute(stream)
        return error
    return None


def is_terminal(stream: TextIO | None, environment: Mapping[str, str]) -> bool:
    """Whether lines drawn on it can be drawn over."""
    if stream is None or environment.get("TERM", "") in ("", "dumb", "unknown"):
        return False
    try:
        return stream.isatty()
    except ValueError:  # it is closed
        return False


def look_of(
    stream: TextIO | None, environment: Mapping[str, str], *, wish: str | None = None, project: str | None = None
) -> Look:
    """What a stream can show. `wish` is what --color says, `project` what pyproject.toml does: auto, always, never.

    NO_COLOR (no-color.org) and FORCE_COLOR (force-color.org) count if not empty.
    """
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("-", "")
    is_coloured = _is_coloured(environment, wish, project)
    colour = is_terminal(stream, environment) if is_coloured is None else is_coloured
    return Look(colour=colour, beyond_ascii=encoding.startswith("utf"))


def _is_coloured(environment: Mapping[str, str], wish: str | None, project: str | None) -> bool | None:
    """What is said about it: by the option, else by the environment, else by the project. None: look at the stream."""
    if wish in ("always", "never"):
        return wish == "always"
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return True
    if wish is None and project in ("always", "never"):
        return project == "always"
    return None


def _mute(stream: TextIO) -> None:
    """From here on it leads nowhere; what is still in its buffer too, so that the interpreter's end is quiet."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):  # it has no descriptor
        pass
