"""The engines that scenarios are run on, and what came of the scenarios that this session asks for.

netns always runs. Docker runs where a daemon answers. LABCTL_TEST_ENGINES (`netns,docker`) names the engines that
run and must work: what is missing then fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.runner.outcome import ScenarioOutcome
from labctl.runner.run import Options, run_all
from labctl.runner.select import ScenarioFile, jobs_of, load, scenario_id

collect_ignore = ["data"]  # scenarios, many of which must fail

ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
DEMANDED = [name.strip() for name in os.environ.get("LABCTL_TEST_ENGINES", "").split(",") if name.strip()]
AT_A_TIME = 4
_HERE = Path(__file__).parent
_ROOT = Path(__file__).parents[2]
SHIPPED = sorted((_ROOT / "scenarios").rglob("*.yaml"))
"""The scenarios that labctl brings along."""
_RECORDED_ON_DOCKER = {"faults", "scenarios"}  # the first steps, and what faults do
_RECORDS_ALL = os.environ.get("LABCTL_TEST_RECORDS") == "all"


def is_recorded(file: Path, engine: str) -> bool:
    """Whether a scenario is run with the record on; on Docker, where that takes long, all are on demand only.

    LABCTL_TEST_RECORDS=all demands it (`make records`). The others are run without, which must be as good.
    """
    if file not in SHIPPED:
        return False
    return engine == "netns" or _RECORDS_ALL or file.parent.name in _RECORDED_ON_DOCKER


def short(file: Path) -> str:
    """What a scenario file is called in the names of tests."""
    return scenario_id(file.relative_to(_ROOT))


Outcomes = Mapping[Path, list[ScenarioOutcome]]
"""What came of each scenario file: an outcome for each family that it is run with."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A mutant is about how labctl judges, which no engine has a part in: one engine will do, the quicker one.

    And what wasn't recorded can't be held against anything.
    """
    left_out = [item for item in items if isinstance(item, pytest.Function) and _is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Function) -> bool:
    values = item.callspec.params if hasattr(item, "callspec") else {}
    file, engine = values.get("file"), values.get("engine")
    if not isinstance(file, Path) or not isinstance(engine, str):
        return False
    is_mutant_again = engine == "docker" and file.parent.name == "mutants"
    return is_mutant_again or ("recorded" in item.fixturenames and not is_recorded(file, engine))


@pytest.fixture(scope="session", params=DEMANDED or list(ENGINES))
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine that works. Docker is skipped where it wasn't asked for and there is no daemon."""
    engine = ENGINES[request.param]()
    broken = [finding for finding in engine.readiness().findings if not finding.works]
    why = "; ".join(f"{finding.what}: {finding.detail}" for finding in broken)
    if broken and engine.name == "docker" and not DEMANDED:
        pytest.skip(f"no Docker here: {why}")
    assert not broken, f"the {engine.name} engine does not work here: {why}"
    return engine


@pytest.fixture(scope="session")
def outcomes(engine: Engine, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What came, on this engine, of the scenario files that the selected tests are about. They are run together."""
    files = list(dict.fromkeys(_files(request.session)))
    loaded = load(ScenarioFile(scenario_id(file), file) for file in files)
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    jobs, skipped = jobs_of(loaded.selected, engine=engine.name)
    came: dict[Path, list[ScenarioOutcome]] = {file: [] for file in files}
    for see in (True, False):
        options = Options(jobs=AT_A_TIME, records=tmp_path_factory.mktemp(engine.name), see=see)
        chosen = [job for job in jobs if is_recorded(job.scenario.path, engine.name) is see]
        for outcome in run_all(chosen, engine, options, lambda event: None):
            came[outcome.path].append(outcome)
    for outcome in skipped:
        came[outcome.path].append(outcome)
    return came


def _files(session: pytest.Session) -> list[Path]:
    here = [item for item in session.items if isinstance(item, pytest.Function) and item.path.parent == _HERE]
    values = [item.callspec.params["file"] for item in here if "outcomes" in item.fixturenames]
    return [value for value in values if isinstance(value, Path)]
