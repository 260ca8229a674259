"""The nearest pyproject.toml -> what its `[tool.labctl]` says where neither command line nor environment does.

tomllib is imported only where a first look finds such a section: most folders have none, and `labctl` begins quickly.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource
from msgspec import Struct

from labctl.cli.terminal.colour import COLOURS
from labctl.plan.find import real, upwards

FILE = "pyproject.toml"
SECTION = "tool.labctl"
ENGINES = ("auto", "docker", "netns")
MOST_JOBS = 64
MOST_SCALE = 1000.0
MOST_SEED = 2**63 - 1
_FOUND = "labctl.defaults"
_HAS_IT = re.compile(rb"""^\s*\[\s*tool\s*\]|tool["'\s]*\.["'\s]*labctl""", re.MULTILINE)


class Defaults(Struct, frozen=True, kw_only=True):
    """What the section says; None where it doesn't. `scenarios` are as one would name them in the current folder."""

    engine: str | None = None
    jobs: int | None = None
    timeout_scale: float | None = None
    see: bool | None = None
    color: str | None = None
    seed: int | None = None
    scenarios: tuple[str, ...] | None = None


class BadDefaults(click.ClickException):
    """The section can't be used: each problem in it, with the file. Exit code 2."""

    exit_code = 2


def defaults(here: Path) -> Defaults:
    """What holds in a folder. BadDefaults if the nearest pyproject.toml that has the section can't be used.

    Looked for as compose.yaml is: upwards to the repository or the home folder.
    """
    for folder in upwards(real(here)):
        path = folder / FILE
        try:
            text = path.read_bytes() if path.is_file() else b""
        except OSError:  # it is somebody else's: labctl has no part in it
            continue
        if _HAS_IT.search(text) and (section := _section(text, path)) is not None:
            return _defaults(section, path, here)
    return Defaults()


def of_here(ctx: click.Context) -> Defaults:
    """What holds in the current folder; looked for once for all options of a command line."""
    found = ctx.meta.get(_FOUND)
    if not isinstance(found, Defaults):
        try:
            found = defaults(Path.cwd())
        except FileNotFoundError:  # there is no current folder any more
            found = Defaults()
        ctx.meta[_FOUND] = found
    return found


def _section(text: bytes, path: Path) -> object | None:
    import tomllib

    try:
        tool = tomllib.loads(text.decode()).get("tool")
    except ValueError as error:  # no TOML, or no UTF-8
        raise BadDefaults(f"{path}: it can't be read: {error}") from error
    return tool.get("labctl") if isinstance(tool, dict) else None


def _defaults(section: object, path: Path, here: Path) -> Defaults:
    if not isinstance(section, dict):
        raise BadDefaults(f"{path}: {SECTION} is no table: write [{SECTION}]")
    found: dict[str, Any] = {}  # Any: each key has the type that it demands
    wrong: list[str] = []
    for key, value in section.items():
        if key not in _KEYS:
            wrong.append(f"{path}: unknown key '{key}' in [{SECTION}]; {_near(key)}")
            continue
        expected, is_good = _KEYS[key]
        if is_good(value):
            found[key.replace("-", "_")] = value
        else:
            wrong.append(f"{path}: '{key}' in [{SECTION}] is {value!r}, and must be {expected}{_meant(key, value)}")
    if wrong:
        raise BadDefaults("\n".join(wrong))
    if "timeout_scale" in found:
        found["timeout_scale"] = float(found["timeout_scale"])
    if "scenarios" in found:
        found["scenarios"] = tuple(_from(here, path.parent, word) for word in found["scenarios"])
    return Defaults(**found)


def _from(here: Path, folder: Path, word: str) -> str:
    """A file or folder of the project as seen from here; another word, the name of a shipped scenario, as it is."""
    path = folder / word
    return os.path.relpath(path, real(here)) if os.path.lexists(path) else word


def _near(key: str) -> str:
    from labctl.scenario.problems import did_you_mean

    return did_you_mean(key.replace("_", "-"), _KEYS, kinds="keys") or ""


def _meant(key: str, value: object) -> str:
    from labctl.scenario.problems import did_you_mean

    known = {"engine": ENGINES, "color": COLOURS}.get(key)
    hint = did_you_mean(value, known) if known and isinstance(value, str) else None
    return f"; {hint}" if hint else ""


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_scale(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= MOST_SCALE


def _are_words(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(word, str) and word for word in value)


_KEYS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "engine": (f"one of {', '.join(ENGINES)}", lambda value: value in ENGINES),
    "jobs": (f"a whole number from 1 to {MOST_JOBS}", lambda value: _is_whole(value, 1, MOST_JOBS)),
    "timeout-scale": (f"a number above 0, at most {MOST_SCALE:g}", _is_scale),
    "see": ("true or false", lambda value: isinstance(value, bool)),
    "color": (f"one of {', '.join(COLOURS)}", lambda value: value in COLOURS),
    "seed": ("a whole number", lambda value: _is_whole(value, 0, MOST_SEED)),
    "scenarios": ("a list of files, folders or names", _are_words),
}
"""Each key, what its value must be, and whether one is."""


class Defaulted(click.Option):
    """An option that the project may give a default, by the key that it is called by: `--timeout-scale`, `-j, --jobs`.

    The order is command line, environment, pyproject.toml, the option's own default.
    """

    def consume_value(self, ctx: click.Context, opts: Any) -> tuple[Any, ParameterSource]:  # Any: as click has it
        """What the command line or the environment says, else what the project does."""
        value, source = super().consume_value(ctx, opts)
        if source is ParameterSource.DEFAULT and not ctx.resilient_parsing:
            given = getattr(of_here(ctx), str(self.name))
            if given is not None:
                return given, ParameterSource.DEFAULT_MAP
        return value, source


class DefaultedTargets(click.Argument):
    """FILE, FOLDER and NAME; the project's `scenarios` where none is given."""

    def consume_value(self, ctx: click.Context, opts: Any) -> tuple[Any, ParameterSource]:  # Any: as click has it
        """The words of the command line, else the project's."""
        value, source = super().consume_value(ctx, opts)
        if source is not ParameterSource.COMMANDLINE and not ctx.resilient_parsing:
            given = of_here(ctx).scenarios
            if given:
                return given, ParameterSource.DEFAULT_MAP
        return value, source
