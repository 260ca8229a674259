"""The files of a folder, and the names that scenarios know -> which file is which program. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from labctl.programs.unusable import Unusable
from labctl.scenario.problems import quoted

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
_SOURCE = ".c"
_NO_PROGRAMS = {".c", ".h", ".o", ".a", ".so", ".md", ".txt", ".pdf", ".yaml", ".yml", ".cc", ".cpp", ".rs", ".go"}


class Building(Struct, frozen=True):
    """What is to be built. `by_make`: by the folder's Makefile; else each of the C files, to a program of its name."""

    by_make: bool = False
    sources: tuple[str, ...] = ()

    @property
    def anything(self) -> bool:
        return self.by_make or bool(self.sources)


def building(files: Iterable[str], names: Iterable[str]) -> Building:
    """What a folder wants to have built: what its Makefile makes, else the C files that are called as programs are."""
    top = [file for file in files if "/" not in file]
    if any(file in MAKEFILES for file in top):
        return Building(by_make=True)
    known = set(names)
    return Building(sources=tuple(file for file in top if file.endswith(_SOURCE) and plain(file) in known))


def plain(file: str) -> str:
    """What a file's program is called: without a suffix, and `_` is as good as `-`."""
    return PurePosixPath(file).stem.replace("_", "-")


def found(files: Mapping[str, bool], names: Sequence[str], *, built: Building, folder: str) -> dict[str, str]:
    """Each program's file. `files` are those at a folder's top, and whether they can be executed.

    Unusable where two could be meant, where one can't be executed, and where there is none at all.
    """
    programs: dict[str, str] = {}
    for name in names:
        candidates = [file for file in files if plain(file) == name and not _is_none(file)]
        if len(executable := [file for file in candidates if files[file]]) > 1:
            raise Unusable(
                f"two files in {quoted(folder)} can be {quoted(name)}: {', '.join(map(quoted, sorted(executable)))}",
                hint=f"remove one of them, or write `--programs {name}=COMMAND`",
            )
        if executable:
            programs[name] = executable[0]
        elif candidates:
            file = candidates[0]
            raise Unusable(
                f"{quoted(file)} in {quoted(folder)} is not executable",
                hint=f"run `chmod +x {file}`, or write `--programs {name}=COMMAND`",
            )
    if not programs:
        raise _nothing(files, names, built=built, folder=folder)
    return programs


def can_be_program(file: str) -> bool:
    """Whether a file of that name may be a program, or the C source of one."""
    return file.endswith(_SOURCE) or not _is_none(file)


def _is_none(file: str) -> bool:
    return PurePosixPath(file).suffix in _NO_PROGRAMS or file in MAKEFILES


def _nothing(files: Iterable[str], names: Sequence[str], *, built: Building, folder: str) -> Unusable:
    there = sorted(files)
    seen = f"there {'is' if len(there) == 1 else 'are'} {', '.join(map(quoted, there[:8]))}" if there else "it is empty"
    more = f" and {len(there) - 8} more" if len(there) > 8 else ""
    after = " after its Makefile was run" if built.by_make else ""
    return Unusable(
        f"no program is found in {quoted(folder)}{after}: {seen}{more}",
        hint=f"call a program, or its C file, as scenarios do: {', '.join(names)}",
    )
