"""A terminal for a program that is started in a window: no echo, no carriage returns, whole lines.

The same settings as those of a person's terminal but for the echo: a line is handed over at Enter, Ctrl-D at
the beginning of a line is the end of input.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import struct
import termios


def open_window(*, interactive: bool = False, rows: int = 24, columns: int = 80) -> tuple[int, int]:
    """A new terminal: (our end, the program's end). `interactive` leaves echo and CR to a person's taste."""
    ours, theirs = os.openpty()
    attributes = termios.tcgetattr(theirs)
    if not interactive:
        attributes[1] &= ~termios.ONLCR
        attributes[3] &= ~(termios.ECHO | termios.ECHONL | termios.ECHOCTL)
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    resize(theirs, rows, columns)
    return ours, theirs


def resize(terminal: int, rows: int, columns: int) -> None:
    """Tell the terminal's size in characters."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def control_terminal(terminal: int) -> None:
    """Make it the controlling terminal of this (new) session."""
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def read_some(descriptor: int, size: int) -> bytes | None:
    """What a non-blocking pipe or terminal has now: bytes; b"" at its end; None when there is nothing now.

    A terminal hands over what was written a moment later, from a kernel thread; poll(2) flushes that first.
    Its end is EIO.
    """
    try:
        return os.read(descriptor, size)
    except BlockingIOError:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        if not poller.poll(0):
            return None
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            return None
        except OSError as error:
            return _end_or_raise(error)
    except OSError as error:
        return _end_or_raise(error)


def _end_or_raise(error: OSError) -> bytes:
    if error.errno == errno.EIO:
        return b""
    raise error
