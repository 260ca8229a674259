"""Scenarios as tests of pytest's: collected, run, told."""

from __future__ import annotations

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points

import pytest

from labctl.engine import choose as chooses
from labctl.plan.model import Plan
from labctl.plan.shipped import shipped
from labctl.runner import run  # here, because pytester forgets what is imported later
from labctl.runner.outcome import Verdict
from tests.unit.cli.stand_in import SCENARIO, StandInEngine, StandInRunner

pytest_plugins = ["pytester"]

_OURS = (
    *("-p", "no:hypothesispytest"),  # it takes seconds to be imported anew by each run
    *(() if entry_points(group="pytest11", name="labctl") else ("-p", "labctl.pytest_plugin")),
)
"""Words for pytest: how it is told of the plugin where labctl is not installed."""


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> StandInRunner:
    stand_in = StandInRunner()

    def choose(name: str, plans: Sequence[Plan], say: Callable[[str], None]) -> StandInEngine:
        say(f"engine netns: {name} was asked for")
        return StandInEngine()

    monkeypatch.setattr(run, "run_all", stand_in)
    monkeypatch.setattr(chooses, "choose", choose)
    return stand_in


@pytest.fixture
def folder(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """compose.yaml, a.yaml, b.yaml and YAML that is no scenario."""
    for name in ("LABCTL_ENGINE", "LABCTL_TIMEOUT_SCALE"):
        monkeypatch.delenv(name, raising=False)
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (pytester.path / "compose.yaml").write_text(compose)
    (pytester.path / "a.yaml").write_text(SCENARIO.format(tags="first"))
    (pytester.path / "b.yaml").write_text(SCENARIO.format(tags="second"))
    (pytester.path / "other.yaml").write_text("jobs:\n  steps: []\n")
    return pytester


def test_scenarios_are_tests_and_other_yaml_is_not(folder: pytest.Pytester, runner: StandInRunner) -> None:
    result = folder.runpytest(*_OURS, "-v", "--labctl-engine", "netns")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["labctl: engine netns: netns was asked for", "a.yaml::a PASSED*", "b.yaml::b PASSED*"])


def test_tags_and_names_can_be_selected(folder: pytest.Pytester, runner: StandInRunner) -> None:
    folder.runpytest(*_OURS, "-k", "second").assert_outcomes(passed=1, deselected=1)


def test_a_failure_is_told_as_labctl_does(folder: pytest.Pytester, runner: StandInRunner) -> None:
    runner.verdicts = {"a": Verdict.FAIL}
    result = folder.runpytest(*_OURS)

    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "FAIL a on netns",
            "a.yaml:5:5: step 1 of 1: cheerios: run hostname",
            "  why: to see",
            "  stdout: expected 'cheerios', came 'client'",
            "  again:   labctl run a --engine netns",
        ],
        consecutive=False,
    )
    assert "Traceback" not in result.stdout.str()


def test_unknown_is_an_error_and_a_failure_a_failure_in_junit_too(
    folder: pytest.Pytester, runner: StandInRunner
) -> None:
    runner.verdicts = {"a": Verdict.FAIL, "b": Verdict.UNKNOWN}
    folder.runpytest(*_OURS, "--junitxml=out.xml").assert_outcomes(failed=1, errors=1)
    cases = ElementTree.parse(folder.path / "out.xml").getroot().iter("testcase")

    assert [[child.tag for child in case if child.tag != "properties"] for case in cases] == [["failure"], ["error"]]


def test_what_cannot_hold_on_the_engine_is_skipped_with_the_reason(
    folder: pytest.Pytester, runner: StandInRunner
) -> None:
    with (folder.path / "a.yaml").open("a") as file:
        file.write("skip: {netns: no bridge here}\n")
    result = folder.runpytest(*_OURS, "-rs")

    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(["SKIPPED [[]1[]] a.yaml: no bridge here"])


def test_each_family_is_a_test(folder: pytest.Pytester, runner: StandInRunner) -> None:
    with (folder.path / "a.yaml").open("a") as file:
        file.write("ip: [4, 6]\n")
    result = folder.runpytest(*_OURS, "-v", "a.yaml")

    result.stdout.fnmatch_lines(["a.yaml::a[[]ipv4[]] PASSED*", "a.yaml::a[[]ipv6[]] PASSED*"])


def test_a_file_with_problems_is_an_error_that_shows_them(folder: pytest.Pytester, runner: StandInRunner) -> None:
    with (folder.path / "a.yaml").open("a") as file:
        file.write("nonsense: 1\nrubbish: 1\n")
    result = folder.runpytest(*_OURS)

    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a.yaml:11:1: unknown key 'nonsense'*", "a.yaml:12:1: unknown key 'rubbish'*"])


def test_the_timeout_scale_reaches_the_runner(folder: pytest.Pytester, runner: StandInRunner) -> None:
    folder.runpytest(*_OURS, "--labctl-timeout-scale", "3")

    assert runner.options is not None
    assert runner.options.slack == 3


@pytest.mark.parametrize("words", [("--labctl-engine", "podman"), ("--labctl-timeout-scale", "0")])
def test_a_wrong_option_is_refused(folder: pytest.Pytester, words: tuple[str, str]) -> None:
    result = folder.runpytest_subprocess(*_OURS, *words)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*{words[0]}: '{words[1]}' is no *"])


def test_a_scope_that_is_none_is_refused(folder: pytest.Pytester) -> None:
    result = folder.runpytest(*_OURS, "-o", "labctl_scope=modul")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*labctl_scope: 'modul' is no scope of a lab; choose one of function, module"])


def test_without_scenarios_the_plugin_imports_nothing_of_labctl() -> None:
    script = "import labctl.pytest_plugin, sys; print(*sorted(name for name in sys.modules if 'labctl' in name))"
    child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert child.stdout.split() == ["labctl", "labctl.pytest_plugin"]


def test_the_plugin_takes_no_name_of_testinfras(folder: pytest.Pytester) -> None:
    folder.makepyfile("def test_it(host):\n    assert host.backend.NAME == 'local'\n")

    folder.runpytest_subprocess(*_OURS, "--hosts=local://", "-k", "test_it").assert_outcomes(passed=1, deselected=2)


def test_the_projects_defaults_hold_where_nothing_else_is_said(
    folder: pytest.Pytester, runner: StandInRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`[tool.labctl]` is what the `labctl` command reads, too."""
    (folder.path / "pyproject.toml").write_text("[tool.labctl]\nengine = 'netns'\ntimeout-scale = 3\n")

    folder.runpytest(*_OURS, "a.yaml").stdout.fnmatch_lines(["labctl: engine netns: netns was asked for"])
    assert runner.options is not None
    assert runner.options.slack == 3.0

    monkeypatch.setenv("LABCTL_ENGINE", "docker")
    folder.runpytest(*_OURS, "a.yaml", "--labctl-timeout-scale", "2").stdout.fnmatch_lines(
        ["labctl: engine netns: docker was asked for"]
    )
    assert runner.options.slack == 2.0


def test_wrong_defaults_of_the_project_are_a_wrong_command_line(folder: pytest.Pytester, runner: StandInRunner) -> None:
    (folder.path / "pyproject.toml").write_text("[tool.labctl]\nengin = 'netns'\n")
    result = folder.runpytest(*_OURS, "a.yaml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *pyproject.toml: unknown key 'engin'*did you mean 'engine'*"])
