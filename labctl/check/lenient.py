"""An expected end -> the same end as somebody else's program is held to it: what it does, not how it says it."""

from __future__ import annotations

from msgspec.structs import replace

from labctl.check.ends import Ended
from labctl.scenario.model import End, Match


def of_behaviour(end: End, ended: Ended) -> End:
    """Without the lab's own wording, and with any status where it ends with an error.

    The classic tutorial's own client ends with 0 after an error. A signal is no such end: that is a crash.
    """
    exit = ended.status if ended.status is not None and _is_error(end.exit) else end.exit
    return replace(end, exit=exit, stdout=_without_strict(end.stdout), stderr=_without_strict(end.stderr))


def remark(end: End, ended: Ended, called: str) -> str | None:
    """What is to be said of a program that ended like this, though it behaved; None if nothing is.

    `called`: the word that it is called by.
    """
    if not _is_error(end.exit) or ended.status is None:
        return None
    if ended.status == 0:
        return f"{called} ended with status 0 after an error: a script would take that for success"
    if isinstance(end.exit, int) and ended.status != end.exit:
        return f"{called} ended with status {ended.status} after an error, where the lab's own has {end.exit}"
    return None


def _is_error(exit: int | str | None) -> bool:
    """Whether this is the end of a program that has noticed an error."""
    return exit == "nonzero" or (isinstance(exit, int) and exit != 0)


def _without_strict(match: Match | None) -> Match | None:
    return None if match is None else replace(match, strict=None)
