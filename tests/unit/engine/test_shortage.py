"""Exceptions -> what the machine has run out of, or nothing of the kind."""

from __future__ import annotations

import errno
import os

import pytest

from labctl.engine.netns.readiness import why
from labctl.engine.shortage import hint_for, shortage_of


@pytest.mark.parametrize(
    ("error", "said", "hint"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE), "/x/y"), "too many open files (/x/y)", "ulimit -n"),
        (BlockingIOError(errno.EAGAIN, "no"), "resource temporarily unavailable", "ulimit -u"),
        (RuntimeError("can't start new thread"), "resource temporarily unavailable", "ulimit -u"),
        (SystemError("error return without exception set"), "cannot allocate memory", "free memory"),
        (MemoryError(), "cannot allocate memory", "free memory"),
        (OSError(errno.ENOSPC, "full"), "no space left on device", "make room"),
        (
            ImportError("libz.so.1: cannot open shared object file: Too many open files"),
            "too many open files",
            "ulimit -n",
        ),
        (ImportError("x.so: failed to map segment from shared object"), "cannot allocate memory", "free memory"),
    ],
)
def test_what_the_machine_refuses_is_told_with_what_to_do(error: Exception, said: str, hint: str) -> None:
    """In the kernel's own words, and with the file that it was about."""
    short = shortage_of(error)
    assert short is not None
    assert (said in str(short), hint in short.hint) == (True, True)


@pytest.mark.parametrize(
    "error", [ValueError("x"), RuntimeError("x"), ImportError("no module"), FileNotFoundError(2, "")]
)
def test_a_mistake_is_no_shortage(error: Exception) -> None:
    """It keeps its traceback."""
    assert shortage_of(error) is None


def test_a_lab_that_lacks_descriptors_is_not_told_to_change_its_container() -> None:
    """The words of the supervisor's name what is short."""
    assert "ulimit -n" in why({"error": "Too many open files"})
    assert hint_for("host cheerios lost its first process") == ""


def test_no_room_for_namespaces_is_no_full_disk() -> None:
    """unshare(2) says ENOSPC of a limit."""
    assert "disk" not in why({"error": f"unshare: {os.strerror(errno.ENOSPC)}", "errno": errno.ENOSPC})
