"""`pytest scenarios/`: each scenario file with `steps` -> a test, with its place, its verdict and its failure text.

And the fixture `lab` for tests of your own: hosts by name, as testinfra's Host.

pytest imports this module in every run of every project where labctl is installed: it imports nothing of labctl
before there is a scenario. Nothing here takes a name that pytest-testinfra has.
"""

from __future__ import annotations

import os
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from labctl.check.pytest_file import LabHosts
    from labctl.cli.defaults import Defaults
    from labctl.engine.contract import Engine, EngineError
    from labctl.plan.model import Plan
    from labctl.runner.outcome import ScenarioOutcome
    from labctl.runner.select import Selected

_ENGINES = ("auto", "docker", "netns")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options. What they don't say the environment may: LABCTL_ENGINE, LABCTL_TIMEOUT_SCALE; or pyproject."""
    group = parser.getgroup("labctl", "labs for scenarios")
    group.addoption(
        "--labctl-engine",
        type=_engine_name,
        metavar="auto|docker|netns",
        default=os.environ.get("LABCTL_ENGINE"),
        help="what hosts are made of; auto, the default: Docker where it works and has the images",
    )
    group.addoption(
        "--labctl-timeout-scale",
        type=_factor,
        default=os.environ.get("LABCTL_TIMEOUT_SCALE"),
        metavar="FACTOR",
        help="give every step so many times its time, on a slow machine",
    )


def _engine_name(text: str) -> str:
    if text not in _ENGINES:  # of the environment too, where argparse would not look at the choices
        raise ArgumentTypeError(f"'{text}' is no engine; choose one of {', '.join(_ENGINES)}")
    return text


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 1000:
        raise ArgumentTypeError(f"'{text}' is no factor; give a number above 0, at most 1000")
    return factor


def _engine_of(config: pytest.Config) -> Any:  # Any: an EngineName, which can only be named by importing
    """The option's, the environment's, the project's (`[tool.labctl]` of pyproject.toml), else auto."""
    return config.option.labctl_engine or _of_project(config).engine or "auto"


def _slack(config: pytest.Config) -> float:
    return float(config.option.labctl_timeout_scale or _of_project(config).timeout_scale or 1.0)


def _of_project(config: pytest.Config) -> Defaults:
    """What pyproject.toml says for the folder that pytest was called in."""
    from labctl.cli.defaults import BadDefaults, defaults

    try:
        return defaults(config.invocation_params.dir)
    except BadDefaults as error:
        raise pytest.UsageError(error.message) from error


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect a YAML file that has `steps`; compose.yaml and others are not ours."""
    if file_path.suffix != ".yaml":
        return None
    from labctl.cli.files import COMPOSE, is_scenario

    if file_path.name == COMPOSE or not is_scenario(file_path):
        return None
    collector: pytest.Collector = ScenarioFile.from_parent(parent, path=file_path)
    return collector


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Choose the engine for all scenarios that were selected, and skip those that can't hold on it."""
    scenarios = [item for item in items if isinstance(item, ScenarioItem)]
    if not scenarios or config.option.collectonly:
        return
    chosen = _Chosen(config, [item.selected.plan for item in scenarios])
    config.stash[_CHOSEN] = chosen
    for item in scenarios:
        if chosen.engine is not None and (why := item.selected.scenario.skip.get(chosen.engine.name)):
            item.add_marker(pytest.mark.skip(reason=why))


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    """Say which engine was taken, and why."""
    chosen = config.stash.get(_CHOSEN, None)
    return [f"labctl: {words}" for words in chosen.said] if chosen is not None else []


class ScenarioFile(pytest.File):
    """A scenario file: one test, or one for each family that it is run with."""

    def collect(self) -> Iterable[pytest.Item]:
        """Its tests. A file that can't be used is an error that shows all its problems."""
        from labctl.cli.files import near
        from labctl.runner.select import ScenarioFile as File
        from labctl.runner.select import load, scenario_id

        path = near(self.path)
        loaded = load([File(scenario_id(path), path)])
        if loaded.problems:
            raise self.CollectError("\n".join(map(str, loaded.problems)))
        for one in loaded.selected:
            yield ScenarioItem.from_parent(self, name=Path(one.id).name, selected=one)


class ScenarioItem(pytest.Item):
    """One scenario with one family. FAIL is a failure of the test; UNKNOWN an error: the test could not be made."""

    def __init__(self, *, selected: Selected, **options: Any) -> None:  # Any: what pytest gives every item
        super().__init__(**options)
        self.selected = selected
        self.extra_keyword_matches.update(selected.words)
        self._outcome: ScenarioOutcome | None = None

    def setup(self) -> None:
        """Run it here, because what goes wrong here pytest reports as an error and JUnit as one too."""
        from labctl.report.failure import failure_text
        from labctl.report.look import PLAIN
        from labctl.runner.outcome import Verdict
        from labctl.runner.run import Job, Options, run_all

        with _told():
            engine = self.config.stash[_CHOSEN].made()
        job = Job(self.selected.id, self.selected.scenario, self.selected.plan)
        options = Options(slack=_slack(self.config))
        self._outcome = outcome = run_all([job], engine, options, lambda event: None)[0]
        self.user_properties += [("labctl-engine", engine.name), ("labctl-records", str(outcome.folder or ""))]
        if outcome.verdict not in (Verdict.PASS, Verdict.FAIL):
            pytest.fail(failure_text(outcome, PLAIN), pytrace=False)

    def runtest(self) -> None:
        """Judge it."""
        from labctl.report.failure import failure_text
        from labctl.report.look import PLAIN
        from labctl.runner.outcome import Verdict

        assert self._outcome is not None  # setup() has seen to it
        if self._outcome.verdict is Verdict.FAIL:
            pytest.fail(failure_text(self._outcome, PLAIN), pytrace=False)

    def reportinfo(self) -> tuple[Path, int, str]:
        """The file, the line (from 0) of the first step, and the scenario's id."""
        steps = self.selected.scenario.steps
        return self.path, steps[0].at.line - 1 if steps else 0, self.selected.id


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest) -> Iterator[LabHosts]:
    """A fresh lab for this module: a host for each service of the nearest compose.yaml, by name.

    Each is testinfra's Host: `lab["cheerios"].socket("tcp://51717").is_listening`.
    """
    from labctl.check.backend import host_of
    from labctl.check.pytest_file import LabHosts
    from labctl.hosts.conversation import Conversation
    from labctl.runner.records import open_folder
    from labctl.runner.select import whole_lab

    with _told():
        plan = whole_lab(request.path.parent)
        chosen = _Chosen(request.config, [plan])
        engine = chosen.made()
        engine.prepare(plan, chosen.said.append)
        name = f"{os.getpid():x}-{os.urandom(4).hex()}"
        standing = engine.up(
            plan, lab=name, folder=open_folder(request.path, request.path.stem, None), say=chosen.said.append
        )
        try:
            conversation = Conversation(standing.channels)
            conversation.greet()
            yield LabHosts({host.name: host_of(conversation, host.name) for host in plan.hosts})
        finally:
            standing.down()


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file or a lab becomes an error without a traceback."""
    from labctl.engine.contract import EngineError
    from labctl.hosts.conversation import LabBroke
    from labctl.scenario.problems import ScenarioError

    try:
        yield
    except ScenarioError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    except (EngineError, LabBroke) as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        raise pytest.fail.Exception(f"UNKNOWN: {error}{hint}", pytrace=False) from None


class _Chosen:
    """The engine for these plans, or why there is none; and what was said about it."""

    def __init__(self, config: pytest.Config, plans: list[Plan]) -> None:
        from labctl.engine.choose import choose
        from labctl.engine.contract import EngineError

        self.engine: Engine | None = None
        self.error: EngineError | None = None
        self.said: list[str] = []
        try:
            self.engine = choose(_engine_of(config), plans, self.said.append)
        except EngineError as error:
            self.error = error

    def made(self) -> Engine:
        """The engine. Raises EngineError where there is none."""
        if self.engine is None:
            assert self.error is not None
            raise self.error
        return self.engine


_CHOSEN = pytest.StashKey[_Chosen]()
