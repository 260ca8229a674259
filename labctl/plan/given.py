"""Programs of the user's own, and which commands of a scenario they take the place of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from labctl.plan.model import Plan, ProgramFolder
from labctl.scenario.model import Run, Start, Step

FOLDER = "/opt/lab/given"
"""Where they are on every host, read-only."""

_OPTION = re.compile(r"--|-[^0-9]")


class GivenProgram(Struct, frozen=True):
    """What takes the place of a command's first word. `words` are as on the host; `origin` as its owner knows it."""

    name: str
    words: tuple[str, ...]
    origin: str


class Given(Struct, frozen=True):
    """Programs that take the place of the lab's own. `folders` are put on every host for them."""

    programs: tuple[GivenProgram, ...] = ()
    folders: tuple[ProgramFolder, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The first words of commands that they take the place of."""
        return tuple(program.name for program in self.programs)

    def instead_of(self, command: Sequence[str]) -> GivenProgram | None:
        """The program that takes the place of a command's first word; None where the command stays as it is."""
        word = replaceable(command)
        return next((program for program in self.programs if program.name == word), None)

    def here(self, word: str) -> Path | None:
        """The file of this machine that a host sees at a path; None where nothing was put there."""
        for folder in self.folders:
            if (at := PurePosixPath(word)).is_relative_to(folder.target):
                return folder.source / at.relative_to(folder.target)
        return None

    def brought_to(self, plan: Plan) -> Plan:
        """The same lab with the folders on every host."""
        if not self.folders:
            return plan
        return replace(plan, hosts=tuple(replace(host, brought=self.folders) for host in plan.hosts))


NOTHING_GIVEN = Given()


def replaceable(command: Sequence[str]) -> str | None:
    """The first word, where a program of somebody else's can take its place: options are the lab's own programs'.

    `-1` is no option: it stands where a port does.
    """
    return None if any(_OPTION.match(word) for word in command[1:]) else command[0]


def needed(steps: Iterable[Step]) -> tuple[str, ...]:
    """The first words of commands in these steps for which others can be given, each once."""
    words = (replaceable(step.command) for step in steps if isinstance(step, Start | Run))
    return tuple(dict.fromkeys(word for word in words if word is not None))
