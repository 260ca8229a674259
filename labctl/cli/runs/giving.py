"""`--programs` -> programs of the user's own on the hosts, and the scenarios in which they have a part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

from msgspec import Struct

from labctl.cli.refusals import BadPrograms, CannotLook, NothingSelected
from labctl.cli.runs.wishes import Wishes
from labctl.engine.contract import Engine, Say
from labctl.hosts.conversation import Cancel
from labctl.plan.given import NOTHING_GIVEN, Given, needed
from labctl.report.measures import counted
from labctl.runner.select import Selected
from labctl.scenario.problems import printable


class Giving(Struct, frozen=True):
    """The programs, and the scenarios that call one of them."""

    given: Given
    selected: tuple[Selected, ...]


@contextmanager
def giving(
    wishes: Wishes,
    selected: Sequence[Selected],
    *,
    engine: Callable[[], Engine],
    say: Say,
    stays: Callable[[], bool],
) -> Iterator[Giving]:
    """Have programs ready as long as labs show them. Without words there are none, and all is selected.

    Refuses programs that can't be used. `engine` is asked for where something is to be built; `stays`, at the
    end, whether labs stand that show them.
    """
    words = wishes.programs
    if not words:
        yield Giving(NOTHING_GIVEN, tuple(selected))
        return
    from labctl.programs.place import place
    from labctl.programs.taking import Taken, take
    from labctl.programs.unusable import Unusable
    from labctl.programs.workshop import Workshop
    from labctl.runner.apart import apart

    names = tuple(dict.fromkeys(name for one in selected for name in needed(one.scenario.steps)))
    with ExitStack() as undo:
        try:
            folder = undo.enter_context(place(may_stay=wishes.keep is not None, stays=stays))
        except OSError as error:
            raise CannotLook(f"there is no place for programs on their way to hosts: {error}") from error

        def take_them(cancel: Cancel) -> Taken:
            workshop = Workshop(engine, folder, say, cancel=cancel, slack=wishes.timeout_scale)
            return take(words, names, place=folder, builder=workshop)

        try:
            taken = apart(take_them)
        except Unusable as error:
            raise BadPrograms(str(error), hint=error.hint, said=error.said) from error
        if "warning:" in taken.warnings:
            for line in taken.warnings.splitlines():
                say(printable(line))
        yield Giving(taken.given, _concerned(taken.given, selected, say))


def _concerned(given: Given, selected: Sequence[Selected], say: Say) -> tuple[Selected, ...]:
    """Those in which a given program has a part; says what others there are, and whose programs the rest are."""
    names = set(given.names)
    concerned = tuple(one for one in selected if names & set(needed(one.scenario.steps)))
    for program in given.programs:
        say(f"{program.name} is {printable(program.origin)}")
    if not concerned:
        raise NothingSelected(f"no command of these scenarios begins with {' or '.join(given.names)}")
    if left_out := len(selected) - len(concerned):
        say(f"{counted(left_out, 'scenario')} in which no given program has a part: left out")
    return concerned
