"""Scenario files -> labs to make and steps to run, or every problem of every file at once."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.plan.compose_file import ComposeFile, read_compose
from labctl.plan.find import find_compose
from labctl.plan.given import NOTHING_GIVEN, Given
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.scenario.model import Family, Scenario
from labctl.scenario.problems import Position, Problem, ScenarioError
from labctl.scenario.read import read_scenario

if TYPE_CHECKING:
    from labctl.runner.outcome import ScenarioOutcome
    from labctl.runner.run import Job

_SUFFIXES = {Family.IPV4: "[ipv4]", Family.IPV6: "[ipv6]", Family.DUAL: "[dual]"}


class ScenarioFile(Struct, frozen=True):
    """A file that somebody named. `id` is its path as given without `.yaml`; `family` asks for one of several."""

    id: str
    path: Path
    family: Family | None = None


class Selected(Struct, frozen=True):
    """One scenario with one family: what `labctl.runner.run.Job` is made of."""

    id: str
    scenario: Scenario
    plan: Plan

    @property
    def words(self) -> tuple[str, ...]:
        """What `-k` looks at."""
        return (self.id, self.scenario.name, *self.scenario.tags)


class Loaded(Struct, frozen=True):
    """What came of reading files. With `problems` nothing may be run."""

    selected: tuple[Selected, ...]
    problems: tuple[Problem, ...]

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is allowed in the files, and probably not meant."""
        return tuple(dict.fromkeys(warning for one in self.selected for warning in one.scenario.warnings))


def load(files: Iterable[ScenarioFile]) -> Loaded:
    """Read the files, each compose.yaml once, and make the plans. Never raises for what stands in a file."""
    reader = _Reader()
    selected = [one for file in files for one in reader.selected(file)]
    return Loaded(tuple(selected), tuple(dict.fromkeys(reader.problems)))


def jobs_of(
    selected: Iterable[Selected], *, engine: str, given: Given = NOTHING_GIVEN, again_with: tuple[str, ...] = ()
) -> tuple[list[Job], list[ScenarioOutcome]]:
    """What is to be run on that engine, and the outcomes of those that say that they can't hold there."""
    from labctl.runner.outcome import ScenarioOutcome, Verdict
    from labctl.runner.run import Job

    jobs: list[Job] = []
    skipped: list[ScenarioOutcome] = []
    for one in selected:
        if (reason := one.scenario.skip.get(engine)) is None:
            jobs.append(Job(one.id, one.scenario, given.brought_to(one.plan), given, again_with))
        else:
            outcome = ScenarioOutcome(
                id=one.id, path=one.scenario.path, engine=engine, verdict=Verdict.SKIPPED, reason=reason
            )
            skipped.append(outcome)
    return jobs, skipped


def whole_lab(folder: Path) -> Plan:
    """The plan of a lab with every service of the compose.yaml that scenarios in a folder belong to, once each.

    Raises ScenarioError with what is wrong with that file.
    """
    compose = read_compose(find_compose(folder / "scenario.yaml"))
    scenario = Scenario(path=compose.path, name=compose.path.parent.name, steps=())
    return make_plan(scenario, compose, Family.IPV4)


def scenario_id(path: str | os.PathLike[str]) -> str:
    """A path without `.yaml`, and without `./` before it."""
    return os.path.normpath(path).removesuffix(".yaml")


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._composes: dict[Path, ComposeFile | None] = {}

    def selected(self, file: ScenarioFile) -> list[Selected]:
        compose = self._compose(find_compose(file.path))
        try:
            scenario = read_scenario(file.path, services=None if compose is None else tuple(compose.services))
            if compose is None:
                return []
            return [self._planned(file, scenario, compose, family) for family in _families(file, scenario)]
        except ScenarioError as error:
            self.problems += error.problems
            return []

    def _compose(self, path: Path) -> ComposeFile | None:
        """The compose.yaml at a path; None after noting what is wrong with it."""
        if path not in self._composes:
            try:
                self._composes[path] = read_compose(path)
            except ScenarioError as error:
                self.problems += error.problems
                self._composes[path] = None
        return self._composes[path]

    @staticmethod
    def _planned(file: ScenarioFile, scenario: Scenario, compose: ComposeFile, family: Family) -> Selected:
        suffix = _SUFFIXES[family] if scenario.several_families else ""
        return Selected(file.id + suffix, scenario, make_plan(scenario, compose, family))


def _families(file: ScenarioFile, scenario: Scenario) -> tuple[Family, ...]:
    if file.family is None:
        return scenario.families
    if file.family in scenario.families and scenario.several_families:
        return (file.family,)
    known = ", ".join(f"{file.id}{_SUFFIXES[family]}" for family in scenario.families if scenario.several_families)
    at = Position(str(file.path), 1, 1)
    message = f"this scenario is not run with {_SUFFIXES[file.family]}"
    raise ScenarioError([Problem(at, message, f"choose one of {known}" if known else f"name it {file.id}")])
