"""Scenario files -> a list for people: id, tags, and what each is about."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from textwrap import wrap

from labctl.cli.files import COMPOSE, is_scenario, near, scenario_files
from labctl.cli.selection import expression, named
from labctl.cli.targets import shipped_scenarios
from labctl.cli.terminal.device import Device
from labctl.plan.find import real
from labctl.report.look import Look
from labctl.runner.select import ScenarioFile, Selected, load, scenario_id
from labctl.scenario.problems import printable

_INDENT = "    "


def list_scenarios(words: Sequence[str], keyword: str, device: Device) -> int:
    """List them; problems of files go to standard error. The exit code: 2 with problems, 5 with nothing to list."""
    holds = expression(keyword)
    loaded = load(named(words, device).files if words else _around())
    listed = [one for one in loaded.selected if holds(one.words)]
    for one in listed:
        device.result("\n".join(_entry(one, device.result_look, _width())))
    for problem in loaded.problems:
        device.progress(str(problem))
    if loaded.problems:
        return 2
    return 0 if listed else 5


def _around() -> Iterator[ScenarioFile]:
    """What is in this folder and below ./scenarios, then what labctl brings along, by name."""
    here = Path(os.curdir)
    files = [file for file in sorted(here.glob("*.yaml")) if file.name != COMPOSE and is_scenario(file)]
    files += [file for file in scenario_files(here / "scenarios") if is_scenario(file)]
    seen = {real(file) for file in files}
    yield from (ScenarioFile(scenario_id(file), Path(os.path.normpath(file))) for file in files)
    shipped = {name: file for name, file in shipped_scenarios().items() if real(file) not in seen}
    yield from (ScenarioFile(name, near(file)) for name, file in shipped.items())


def _entry(one: Selected, look: Look, width: int) -> Iterator[str]:
    tags = f"  [{', '.join(one.scenario.tags)}]" if one.scenario.tags else ""
    yield f"{look.paint(printable(one.id), 'bold')}{look.paint(tags, 'dim')}"
    about = " ".join(printable(one.scenario.about.replace("\n", " ")).split())
    lines = wrap(about, width - len(_INDENT)) if width else [about]
    yield from (f"{_INDENT}{line}" for line in lines if line)


def _width() -> int:
    """The terminal's, at most 100; 0 where there is none: nothing is wrapped then."""
    if sys.stdout is None or not sys.stdout.isatty():
        return 0
    return max(40, min(100, shutil.get_terminal_size().columns))
