"""FILE, FOLDER and NAME on the command line -> scenario files, each once, in the order of the line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from labctl.cli.files import COMPOSE, is_scenario, near, scenario_files
from labctl.plan.find import real
from labctl.plan.shipped import shipped
from labctl.runner.select import ScenarioFile, scenario_id
from labctl.scenario.model import Family
from labctl.scenario.problems import did_you_mean, quoted

_FAMILIES = {"ipv4": Family.IPV4, "ipv6": Family.IPV6, "dual": Family.DUAL}
_WITH_FAMILY = re.compile(r"(.+)\[(ipv4|ipv6|dual)\]")


class Unknown(Exception):
    """Words that name no scenario: a message for each, with near names."""

    def __init__(self, messages: Iterable[str]) -> None:
        self.messages = tuple(messages)
        super().__init__("\n".join(self.messages))


class Targets:
    """What the words of a command line name.

    `passed_over`: files in folders that have no `steps`. `empty`: folders without a scenario.
    """

    def __init__(self, words: Iterable[str]) -> None:
        """Raises Unknown with all words that name nothing."""
        self.passed_over: list[Path] = []
        self.empty: list[str] = []
        found: dict[tuple[Path, Family | None], ScenarioFile] = {}
        wrong: list[str] = []
        for word in words:
            files = list(self._named(word))
            if not files:
                (self.empty if Path(word).is_dir() else wrong).append(word)
            for file in files:
                found.setdefault((real(file.path), file.family), file)
        if wrong:
            raise Unknown(map(_unknown, wrong))
        self.files = tuple(found.values())

    def _named(self, word: str) -> Iterator[ScenarioFile]:
        path = Path(word)
        if path.is_dir():
            yield from self._below(path)
        elif os.path.lexists(path):
            yield ScenarioFile(scenario_id(path), path)
        elif (with_family := _WITH_FAMILY.fullmatch(word)) is not None:
            yield from (
                ScenarioFile(file.id, file.path, _FAMILIES[with_family[2]]) for file in self._named(with_family[1])
            )
        elif (file := Path(f"{word}.yaml")).is_file():
            yield ScenarioFile(scenario_id(file), file)
        else:
            yield from (ScenarioFile(name, near(file)) for name, file in _shipped_as(word))

    def _below(self, folder: Path) -> Iterator[ScenarioFile]:
        files = list(scenario_files(folder))
        for file in files:
            if is_scenario(file):
                yield ScenarioFile(scenario_id(file), file)
            else:
                self.passed_over.append(file)


def shipped_scenarios() -> dict[str, Path]:
    """The scenarios that labctl brings along, by name: their path below its folder, without `.yaml`."""
    folder = shipped("scenarios")
    return {str(file.relative_to(folder)).removesuffix(".yaml"): file for file in scenario_files(folder)}


def _shipped_as(word: str) -> list[tuple[str, Path]]:
    """The one shipped scenario of that name, with or without its folders."""
    known = shipped_scenarios()
    if word in known:
        return [(word, known[word])]
    named = [(name, file) for name, file in known.items() if file.stem == word]
    return named if len(named) == 1 else []


def _unknown(word: str) -> str:
    path = Path(word)
    hint = did_you_mean(scenario_id(word), shipped_scenarios(), kinds="shipped scenarios")
    if path.parent.is_dir() and len(path.parts) > 1:
        there = [scenario_id(file) for file in path.parent.glob("*.yaml") if file.name != COMPOSE]
        hint = did_you_mean(scenario_id(word), there, kinds=f"scenarios in {quoted(str(path.parent))}") or hint
    return f"no file, folder or shipped scenario is called {quoted(word)}" + (f"\n  {hint}" if hint else "")
