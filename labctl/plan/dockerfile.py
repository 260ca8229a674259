"""A Dockerfile's text -> what of it a host without Docker can have: folders of programs, PATH, environment.

Reads the last stage, or the one that is the target, with those that it begins from; of it FROM, ARG, ENV, WORKDIR, COPY
and ADD. RUN is not interpreted.
Syntax: https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec import Struct

from labctl.plan.model import ProgramFolder

STANDARD_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_VARIABLE = re.compile(r"\\\$|\$(?:(\w+)|\{(\w+)(?::([-+])([^}]*))?\})")
_HEREDOC = re.compile(r"<<-?[\"']?(\w+)[\"']?")


class Recipe(Struct, frozen=True, kw_only=True):
    """What a Dockerfile puts on a host. `base`: the image it starts from.

    `notes`: what it copies that only Docker can have, as `file:line: message`.
    """

    base: str
    programs: tuple[ProgramFolder, ...] = ()
    environment: dict[str, str] = {}
    notes: tuple[str, ...] = ()


class _Instruction(Struct, frozen=True):
    line: int
    word: str
    rest: str


class UnknownStage(Exception):
    """A Dockerfile has no stage of the name that is the target; `known` are those that it has."""

    def __init__(self, known: Iterable[str]) -> None:
        super().__init__("no such stage")
        self.known = tuple(known)


def read_recipe(
    text: str,
    *,
    file: str,
    context: Path,
    inherited: Mapping[str, str] | None = None,
    given: Mapping[str, str] | None = None,
    target: str = "",
) -> Recipe:
    """The recipe of a Dockerfile. `context`: where COPY copies from; `inherited`: its base's environment.

    `given`: build arguments, for what ARG declares. `target`: the stage that is wanted, by its name or its number from
    0 on; empty for the last. UnknownStage where there is none such.
    """
    stage = _Stage(file, context, {"PATH": STANDARD_PATH} | dict(inherited or {}), given or {})
    for instruction in _instructions(text):
        if instruction.word == "FROM" and target and stage.is_called(target):
            break
        stage.take(instruction)
    if target and not stage.is_called(target):
        raise UnknownStage(stage.known)
    return stage.recipe()


class _Stage:
    """The stage that is being read; a FROM begins another."""

    def __init__(self, file: str, context: Path, inherited: Mapping[str, str], given: Mapping[str, str]) -> None:
        self._file = file
        self._given = given
        self._done: dict[str, Recipe] = {}
        self._name = ""
        self._number = -1
        self._context = context
        self._inherited = inherited
        self._arguments: dict[str, str] = {}  # those before the first FROM
        self._begin(None)

    @property
    def known(self) -> tuple[str, ...]:
        """The names of the stages so far."""
        return tuple(name for name in (*self._done, self._name) if name)

    def is_called(self, target: str) -> bool:
        """Whether the stage that is being read is that one."""
        return self._number >= 0 and (self._name == target.lower() or str(self._number) == target)

    def _begin(self, base: str | None, name: str = "") -> None:
        """Another stage. One that begins from another has what that has."""
        below = self._done.get((base or "").lower())
        self._name = name
        self._base = base if below is None else below.base
        self._folder = "/"
        self._environment: dict[str, str] = {} if below is None else dict(below.environment)
        self._local: dict[str, str] = {}
        self._programs: list[ProgramFolder] = [] if below is None else list(below.programs)
        self._notes: list[str] = [] if below is None else list(below.notes)

    def take(self, instruction: _Instruction) -> None:
        known = {**self._inherited, **self._local, **self._environment}
        match instruction.word:
            case "FROM":
                words = [word for word in instruction.rest.split() if not word.startswith("--")]
                if self._name:
                    self._done[self._name] = self.recipe()
                self._number += 1
                name = words[2].lower() if len(words) > 2 and words[1].lower() == "as" else ""
                self._begin(expanded(words[0], self._arguments) if words else "scratch", name)
            case "ARG":
                for word in shlex.split(instruction.rest):
                    name, _, value = word.partition("=")
                    scope = self._arguments if self._base is None else self._local
                    given = self._given.get(name, expanded(value, known))
                    scope[name] = given or self._arguments.get(name, "")
            case "ENV":
                self._environment |= {k: expanded(v, known) for k, v in _pairs(instruction.rest)}
            case "WORKDIR":
                self._folder = str(PurePosixPath(self._folder, expanded(instruction.rest.strip(), known)))
            case "COPY" | "ADD":
                self._copy(instruction, known)

    def recipe(self) -> Recipe:
        return Recipe(
            base=self._base or "scratch",
            programs=tuple(self._programs),
            environment=self._environment,
            notes=tuple(self._notes),
        )

    def _copy(self, instruction: _Instruction, known: Mapping[str, str]) -> None:
        words = _words(instruction.rest)
        flags = [word for word in words if word.startswith("--")]
        *sources, target = [expanded(word, known) for word in words if not word.startswith("--")] or [""]
        if not sources or any(flag.startswith("--from") for flag in flags) or "<<" in instruction.rest:
            self._note(instruction, "only Docker can have what it makes")
            return
        place = PurePosixPath(self._folder, target)
        into = len(sources) > 1 or target.endswith("/") or target in (".", "..")
        for source in sources:
            self._programs += self._copied(instruction, source, place, into=into)

    def _copied(
        self, instruction: _Instruction, source: str, place: PurePosixPath, *, into: bool
    ) -> Iterator[ProgramFolder]:
        if "://" in source or source.startswith("git@"):
            self._note(instruction, f"only Docker fetches '{source}'")
            return
        pattern = source.strip("/") or "."
        found = sorted(self._context.glob(pattern)) if set(pattern) & set("*?[") else [self._context / pattern]
        for path in found:
            if path.is_dir():
                yield ProgramFolder(path, str(place))
            elif path.is_file():
                yield ProgramFolder(path, str(place / path.name if into else place))
            else:
                self._note(instruction, f"'{source}' is not there")

    def _note(self, instruction: _Instruction, what: str) -> None:
        self._notes.append(f"{self._file}:{instruction.line}: {instruction.word}: {what}")


def expanded(text: str, known: Mapping[str, str]) -> str:
    """`$name`, `${name}`, `${name:-else}` and `${name:+then}` filled in; unknown ones are empty."""

    def value(found: re.Match[str]) -> str:
        if found[0] == "\\$":
            return "$"
        is_set = known.get(found[1] or found[2], "")
        if found[3] == "-":
            return is_set or found[4]
        if found[3] == "+":
            return found[4] if is_set else ""
        return is_set

    return _VARIABLE.sub(value, text)


def _instructions(text: str) -> Iterator[_Instruction]:
    """Each instruction with its continuation lines joined; comments and the bodies of heredocs left out."""
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        joined = line.strip()
        if not joined or joined.startswith("#"):
            continue
        while joined.endswith("\\"):
            more = next((m for _, m in lines if m.strip() and not m.lstrip().startswith("#")), None)
            joined = joined[:-1].rstrip() + (" " + more.strip() if more is not None else "")
        word, _, rest = joined.partition(" ")
        yield _Instruction(number, word.upper(), rest.strip())
        if word.upper() in ("RUN", "COPY", "ADD"):
            for delimiter in _HEREDOC.findall(rest):
                next((n for n, body in lines if body.strip() == delimiter), None)


def _words(text: str) -> list[str]:
    flags = [word for word in text.split() if word.startswith("--")]
    rest = text.split(None, len(flags))[len(flags)] if len(text.split()) > len(flags) else ""
    if rest.startswith("["):
        try:
            return flags + [str(word) for word in json.loads(rest)]
        except ValueError:
            pass
    return flags + rest.split()


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """What ENV sets: `A=1 B="2 3"`, or the old `A 1 2 3`."""
    name, _, value = text.partition(" ")
    if "=" not in name:
        yield name, value.strip()
        return
    for word in shlex.split(text):
        name, _, value = word.partition("=")
        yield name, value
