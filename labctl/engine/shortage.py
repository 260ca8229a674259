"""An exception -> what this machine has run out of, in words, where it is that and no mistake of labctl's."""

from __future__ import annotations

import errno
import os

from msgspec import Struct

from labctl.engine.contract import EngineError


class Shortage(Struct, frozen=True):
    """What is short. `what`: in words; `numbers`: what the kernel calls it; `hint` is what to do."""

    what: str
    numbers: tuple[int, ...]
    hint: str


_SHORTAGES = (
    Shortage("open file", (errno.EMFILE, errno.ENFILE), "raise the limit of open files (`ulimit -n`), or close some"),
    Shortage(
        "process or thread",
        (errno.EAGAIN,),
        "raise the limit of processes (`ulimit -u`, or the container's) or of memory (`ulimit -v`), or end some",
    ),
    Shortage("memory", (errno.ENOMEM,), "free memory, or raise its limit (`ulimit -v`, or the container's)"),
    Shortage("room on a disk", (errno.ENOSPC, errno.EDQUOT), "make room on the disk"),
    Shortage("disk that can be written", (errno.EROFS, errno.EIO), "look at the disk"),
)
_ABOUT_LIBRARIES = "cannot open shared object file"
_NO_REASON = "error return without exception set"
"""What is left of a MemoryError for which the interpreter had no memory."""
_NO_THREAD = "can't start new thread"


def shortage_of(error: BaseException) -> EngineError | None:
    """The error for a machine that has run out of something; None for every other exception."""
    number = _number_of(error)
    for one in _SHORTAGES:
        if number in one.numbers:
            place = getattr(error, "filename", None)
            where = f" ({place})" if isinstance(place, str) else ""
            return EngineError(
                f"this machine has no {one.what} for labctl: {os.strerror(number).lower()}{where}", hint=one.hint
            )
    return None


def hint_for(text: str) -> str:
    """What to do about an error that came as words, which name what is short; empty where none does."""
    for one in _SHORTAGES:
        if any(os.strerror(number).lower() in text.lower() for number in one.numbers):
            return one.hint
    return ""


def _number_of(error: BaseException) -> int:
    """What the kernel calls it; 0 where it is nothing of the kind."""
    if isinstance(error, OSError):
        return error.errno or 0
    if isinstance(error, MemoryError) or (isinstance(error, SystemError) and _NO_REASON in str(error)):
        return errno.ENOMEM
    if isinstance(error, RuntimeError) and _NO_THREAD in str(error):
        return errno.EAGAIN
    if isinstance(error, ImportError) and (_ABOUT_LIBRARIES in str(error) or "failed to map" in str(error)):
        return next((one for one in (errno.EMFILE, errno.ENOMEM) if os.strerror(one) in str(error)), errno.ENOMEM)
    return 0
