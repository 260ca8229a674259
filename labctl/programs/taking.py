"""DIR and PROGRAM=COMMAND -> programs that are put on the hosts of a lab in place of its own."""

from __future__ import annotations

import os
import re
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from labctl.plan.given import FOLDER, Given, GivenProgram
from labctl.plan.model import ProgramFolder
from labctl.programs.copying import copy, copy_file
from labctl.programs.finding import Building, building, found
from labctl.programs.unusable import Unusable
from labctl.scenario.problems import did_you_mean, quoted

_PAIR = re.compile(r"([a-z][a-z0-9-]*)=(.*)", re.DOTALL)
_ELF = b"\x7fELF"
_OF_A_SYSTEM = ("/bin/", "/dev/", "/etc/", "/lib", "/proc/", "/sbin/", "/sys/", "/usr/")
"""What begins like this is the host's own, as it would be in a command of a scenario."""


class Builder(Protocol):
    """Builds sources: labctl.programs.workshop.Workshop."""

    def build(self, source: Path, building: Building, to: Path, *, origin: Path) -> str: ...


class Taken(Struct, frozen=True):
    """Programs that can be used, and what compilers said of them though they made them."""

    given: Given
    warnings: str = ""


def take(words: Sequence[str], names: Sequence[str], *, place: Path, builder: Builder) -> Taken:
    """All programs that these words give, copied to below a folder that is there. `names`: those that scenarios know.

    Unusable with what is wrong; EngineError where nothing can be built.
    """
    taking = _Taking(names, place, builder)
    pairs = {word: None if os.path.isdir(word) else _PAIR.fullmatch(word) for word in words}
    for pair in filter(None, pairs.values()):  # these first: a folder is asked for what is left
        taking.command(pair[1], pair[2])
    for word in words:
        if pairs[word] is None:
            taking.folder(Path(word))
    return Taken(Given(tuple(taking.programs.values()), tuple(taking.folders)), taking.warnings)


class _Taking:
    def __init__(self, names: Sequence[str], place: Path, builder: Builder) -> None:
        self._names, self._place, self._builder = names, place, builder
        self.programs: dict[str, GivenProgram] = {}
        self._commands: set[str] = set()
        self.folders: list[ProgramFolder] = []
        self.warnings = ""

    def folder(self, folder: Path) -> None:
        """Take every program that is found in a folder."""
        if not folder.is_dir():
            what = "is not a folder" if os.path.lexists(folder) else "is not there"
            raise Unusable(f"the folder {quoted(str(folder))} {what}", hint="name a folder, or write PROGRAM=COMMAND")
        here = self._new_place()
        copy(folder, here)
        left = [name for name in self._names if name not in self._commands]
        wanted = building(os.listdir(here), left)
        if wanted.anything:
            built = here.with_name(f"{here.name}-built")
            self.warnings += self._builder.build(here, wanted, built, origin=folder)
            shutil.rmtree(here)
            built.rename(here)
        files = {name: os.access(here / name, os.X_OK) for name in os.listdir(here) if os.path.isfile(here / name)}
        programs = found(files, left, built=wanted, folder=str(folder))
        for name, file in programs.items():
            self._add(GivenProgram(name, (f"{self._target(here)}/{file}",), str(folder / file)))

    def command(self, name: str, text: str) -> None:
        """Take a command for one program. Words that are files with a `/` in them are brought, with their folder."""
        if name not in self._names:
            near = did_you_mean(name, self._names, kinds="programs") or ""
            raise Unusable(f"no command of these scenarios begins with {quoted(name)}", hint=near)
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise Unusable(f"the command {quoted(text)} of {quoted(name)} can't be read: {error}") from error
        if not words:
            raise Unusable(f"{quoted(name)} has no command", hint=f"write --programs {name}=COMMAND")
        brought = tuple(self._brought(word) if "/" in word else word for word in words)
        if words[0] != brought[0] and not os.access(words[0], os.X_OK):
            raise Unusable(f"{quoted(words[0])} is not executable", hint=f"run `chmod +x {words[0]}`")
        self._commands.add(name)
        self._add(GivenProgram(name, brought, text))

    def _brought(self, word: str) -> str:
        if word.startswith(_OF_A_SYSTEM):
            return word  # every host has its own
        path = Path(os.path.realpath(word))
        if not path.is_file() and not path.is_dir():
            if word.startswith(("./", "../")):
                raise Unusable(f"there is no file {quoted(word)}", hint="look at the path")
            return word  # a path on the host, perhaps
        here = self._new_place()
        if path.is_dir():
            copy(path, here)
            return self._target(here)
        if _is_elf(path):
            copy_file(path, here)
        else:  # a script may need what lies beside it
            copy(path.parent, here)
        return f"{self._target(here)}/{path.name}"

    def _add(self, program: GivenProgram) -> None:
        if (other := self.programs.get(program.name)) is not None:
            raise Unusable(
                f"{quoted(program.name)} is given twice: {quoted(other.origin)} and {quoted(program.origin)}",
                hint="leave one of them out",
            )
        self.programs[program.name] = program

    def _new_place(self) -> Path:
        here = self._place / str(len(self.folders) + 1)
        self.folders.append(ProgramFolder(here, self._target(here)))
        return here

    @staticmethod
    def _target(here: Path) -> str:
        return f"{FOLDER}/{here.name}"


def _is_elf(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == _ELF
    except OSError as error:
        raise Unusable(f"{quoted(str(path))} can't be read: {error.strerror}") from error
