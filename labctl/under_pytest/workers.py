"""A run of pytest-xdist's -> one engine for all its workers, chosen where its words are seen and its images made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import cast

import pytest
from msgspec import Struct

from labctl.engine.choose import EngineName, choose
from labctl.engine.contract import EngineError
from labctl.plan.find import NAME, find_compose
from labctl.plan.model import Plan
from labctl.plan.shipped import shipped
from labctl.runner.select import whole_lab
from labctl.scenario.problems import ScenarioError

WORD = "labctl"
"""Under which a worker is told."""


class ForWorkers(Struct, frozen=True):
    """What workers are told: `engine`, or an `error` and its `hint`; nothing where there is no compose.yaml.

    `said`: in words, for people.
    """

    told: dict[str, str]
    said: tuple[str, ...]


def chosen_for_workers(config: pytest.Config, name: EngineName) -> ForWorkers:
    """The engine for what this run may collect. Its images are there on return, so that no two workers make them."""
    if _FOR_WORKERS not in config.stash:
        config.stash[_FOR_WORKERS] = _chosen(config, name)
    return config.stash[_FOR_WORKERS]


def engine_of_all(config: pytest.Config) -> EngineName | None:
    """In a worker: the engine that was chosen for all; None where none was. EngineError where none can be had."""
    told = getattr(config, "workerinput", {}).get(WORD, {})
    if error := told.get("error"):
        raise EngineError(error, hint=told["hint"])
    return cast("EngineName | None", told.get("engine"))


def _chosen(config: pytest.Config, name: EngineName) -> ForWorkers:
    plans = _plans(config)
    if not plans or config.option.collectonly:
        return ForWorkers({}, ())
    said: list[str] = []
    try:
        engine = choose(name, plans, said.append)
        said = said or [f"engine {engine.name}"]
        for plan in plans:
            with suppress(EngineError):  # its own tests tell, should there be any
                engine.prepare(plan, lambda words: None)
    except EngineError as error:
        return ForWorkers({"error": str(error), "hint": error.hint}, (*said, f"no lab can be made: {error}"))
    return ForWorkers({"engine": engine.name}, tuple(said))


def _plans(config: pytest.Config) -> list[Plan]:
    """A lab of each compose.yaml that tests of this run may belong to. One that can't be read its tests tell of."""
    plans = []
    for folder in dict.fromkeys(_folders(config)):
        try:
            plans.append(whole_lab(folder).all_attended())
        except ScenarioError:
            continue
    return plans


def _folders(config: pytest.Config) -> Iterator[Path]:
    """Where a compose.yaml is: those nearest to what pytest was asked to run, and those below it."""
    left_out = config.getini("norecursedirs")
    for word in config.args:
        path = config.invocation_params.dir / word.partition("::")[0]
        above = find_compose(path / "scenario.yaml" if path.is_dir() else path)
        if above != shipped(NAME) or path.is_relative_to(above.parent):
            yield above.parent
        for place, folders, names in os.walk(path):
            folders[:] = [name for name in folders if not any(fnmatch(name, pattern) for pattern in left_out)]
            if NAME in names:
                yield Path(place)


_FOR_WORKERS = pytest.StashKey[ForWorkers]()
