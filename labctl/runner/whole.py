"""Programs whose output was cut, and what is expected of all they print -> nothing can be said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labctl.check.match import needs_all
from labctl.hosts.program import Program
from labctl.runner.session import CannotTell
from labctl.scenario.model import Match


def demand_whole(programs: Sequence[Program], matches: Iterable[Match | None]) -> None:
    """Called when everything fits so far. CannotTell where what was cut off could have made a difference."""
    cut = [program.name for program in programs if program.is_cut]
    if cut and any(match is not None and needs_all(match) for match in matches):
        raise CannotTell(
            f"{', '.join(cut)} printed more than is kept, so what is expected of all of it (`not`, `equals`, `matches`,"
            " a most of `count`) can't be judged"
        )
