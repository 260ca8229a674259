"""`pytest scenarios/`: each scenario file with `steps` -> a test, with its place, its verdict and its failure text.

And the fixtures `lab` and `module_lab` for tests of your own (labctl.lab.Lab).

pytest imports this module in every run of every project where labctl is installed: it imports nothing of labctl
before there is a scenario. Nothing here takes a name that pytest-testinfra has.
"""

from __future__ import annotations

import os
import sys
from argparse import ArgumentTypeError
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from labctl.cli.defaults import Defaults
    from labctl.engine.contract import Engine, EngineError
    from labctl.lab import Lab
    from labctl.plan.model import Plan
    from labctl.runner.outcome import ScenarioOutcome
    from labctl.runner.select import Selected

_SCOPES = ("function", "module")
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
    parser.addini(
        "labctl_scope", "how long the fixture `lab` lives: function, the default, or module", default="function"
    )


def pytest_configure(config: pytest.Config) -> None:
    """The marker that says what a test's lab is to have; and a setting that has no meaning is refused."""
    if (scope := config.getini("labctl_scope")) not in _SCOPES:
        raise pytest.UsageError(f"labctl_scope: '{scope}' is no scope of a lab; choose one of {', '.join(_SCOPES)}")
    config.addinivalue_line(
        "markers",
        "labctl(hosts, ip, compose, seed, allow): the lab of this test, or of this module: hosts={'client': 3}, "
        "ip='dual', compose='other/compose.yaml'",
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


def pytest_report_header(config: pytest.Config) -> list[str]:
    """With xdist: say which engine all workers take, and why. What they say themselves nobody sees."""
    if not config.pluginmanager.hasplugin("dsession"):
        return []
    from labctl.under_pytest.workers import chosen_for_workers

    return [f"labctl: {words}" for words in chosen_for_workers(config, _engine_of(config)).said]


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:  # Any: xdist's WorkerController, where there is xdist
    """Tell a worker of xdist's which engine to take."""
    from labctl.under_pytest.workers import WORD, chosen_for_workers

    node.workerinput[WORD] = chosen_for_workers(node.config, _engine_of(node.config)).told


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
        from labctl.under_pytest.telling import told

        with told():
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


def _scope(fixture_name: str, config: pytest.Config) -> Literal["function", "module"]:
    return "module" if config.getini("labctl_scope") == "module" else "function"


@pytest.fixture(scope=_scope)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A fresh lab for this test (`labctl_scope = module`: for its module), with a host for each service of the nearest
    compose.yaml, or those that the marker `labctl` asks for.
    """
    from labctl.under_pytest.lending import lent

    yield from lent(request, _engine_for, slack=_slack(request.config))


@pytest.fixture(scope="module")
def module_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One lab for all tests of this module: quicker, and what one test leaves behind the next one finds."""
    from labctl.under_pytest.lending import lent

    yield from lent(request, _engine_for, slack=_slack(request.config))


def _engine_for(config: pytest.Config, plan: Plan) -> Engine:
    return _Chosen(config, [plan]).made()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A test that could not be made is an error, not a failure; one with a lab says what happened there."""
    report = yield
    if call.excinfo is not None and "labctl.lab.lab" in sys.modules and isinstance(item, pytest.Function):
        from labctl.under_pytest.telling import tell

        tell(report, call.excinfo.value, item.funcargs.values())
    return report


class _Chosen:
    """The engine for these plans, or why there is none; and what was said about it."""

    def __init__(self, config: pytest.Config, plans: list[Plan]) -> None:
        from labctl.engine.choose import choose
        from labctl.engine.contract import EngineError
        from labctl.under_pytest.workers import engine_of_all

        self.engine: Engine | None = None
        self.error: EngineError | None = None
        self.said: list[str] = []
        try:
            name = engine_of_all(config) or _engine_of(config)
            self.engine = choose(name, plans, self.said.append)
        except EngineError as error:
            self.error = error

    def made(self) -> Engine:
        """The engine. Raises EngineError where there is none."""
        if self.engine is None:
            assert self.error is not None
            raise self.error
        return self.engine


_CHOSEN = pytest.StashKey[_Chosen]()
