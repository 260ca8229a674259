"""Command line > environment > pyproject.toml's [tool.labctl] > labctl's own default."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labctl.cli.defaults import BadDefaults, Defaults, defaults
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import StandInRunner

ALL = """\
[tool.labctl]
engine = "netns"
jobs = 4
timeout-scale = 3
see = true
color = "never"
seed = 7
scenarios = ["labs/a.yaml", "basic"]
"""


def project(folder: Path, text: str) -> Path:
    """Its pyproject.toml."""
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_every_key_is_read(tmp_path: Path) -> None:
    """What is no path of the project is the name of a shipped scenario."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/a.yaml").touch()

    assert defaults(project(tmp_path, ALL)) == Defaults(
        engine="netns",
        jobs=4,
        timeout_scale=3.0,
        see=True,
        color="never",
        seed=7,
        scenarios=("labs/a.yaml", "basic"),
    )


def test_the_nearest_that_has_the_section_holds_and_its_paths_are_its_own(tmp_path: Path) -> None:
    (tmp_path / "labs").mkdir()
    below = tmp_path / "one" / "two"
    below.mkdir(parents=True)
    project(tmp_path, '[tool.labctl]\nscenarios = ["labs"]\n')
    project(tmp_path / "one", "[project]\nname = 'labctl-user'\n")

    assert defaults(below).scenarios == ("../../labs",)


def test_above_the_repository_nothing_is_looked_at(tmp_path: Path) -> None:
    project(tmp_path, ALL)
    (tmp_path / "repository" / ".git").mkdir(parents=True)

    assert defaults(tmp_path / "repository") == Defaults()


@pytest.mark.parametrize(
    "text", ["[tool]\nlabctl = {jobs = 2}\n", "[tool . 'labctl']\njobs = 2\n", "tool.labctl.jobs = 2\n"]
)
def test_the_section_may_be_written_as_toml_allows(tmp_path: Path, text: str) -> None:
    assert defaults(project(tmp_path, text)).jobs == 2


@pytest.mark.parametrize("text", ["[tool.other]\nx = 1\n", "no toml at all", "", "[project]\nname = 'labctl'\n"])
def test_other_files_are_not_read_as_toml(tmp_path: Path, text: str) -> None:
    assert defaults(project(tmp_path, text)) == Defaults()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("engin = 'netns'", "unknown key 'engin' in [tool.labctl]; did you mean 'engine'?"),
        ("timeout_scale = 2", "unknown key 'timeout_scale' in [tool.labctl]; did you mean 'timeout-scale'?"),
        ("engine = 'dokcer'", "'engine' in [tool.labctl] is 'dokcer', and must be one of auto, docker, netns; did you"),
        ("jobs = true", "'jobs' in [tool.labctl] is True, and must be a whole number from 1 to 64"),
        ("jobs = 0", "'jobs' in [tool.labctl] is 0"),
        ("timeout-scale = 'x'", "'timeout-scale' in [tool.labctl] is 'x', and must be a number above 0, at most 1000"),
        ("timeout-scale = nan", "'timeout-scale' in [tool.labctl] is nan"),
        ("see = 1", "'see' in [tool.labctl] is 1, and must be true or false"),
        ("color = 'alwais'", "did you mean 'always'?"),
        ("seed = -1", "'seed' in [tool.labctl] is -1"),
        ("scenarios = 'labs'", "'scenarios' in [tool.labctl] is 'labs', and must be a list of files"),
        ("engine = []", "'engine' in [tool.labctl] is []"),
        ("see = ", "it can't be read: "),
    ],
)
def test_what_is_wrong_is_said_with_the_file(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadDefaults) as caught:
        defaults(project(tmp_path, f"[tool.labctl]\n{line}\n"))

    assert str(caught.value.message).startswith(f"{tmp_path}/pyproject.toml: ")
    assert said in caught.value.message


def test_all_mistakes_come_at_once_and_nothing_is_run(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    project(folder, "[tool.labctl]\nengin = 1\njobs = 'x'\n")
    code, out, err = labctl("run", "labs")

    assert (code, out, runner.rounds) == (2, "", 0)
    assert "'engin'" in err
    assert "'jobs'" in err


@pytest.mark.parametrize("words", [("run", "--help"), ("ls", "--help"), ("--version",)])
def test_help_needs_no_good_file(labctl: Run, folder: Path, words: tuple[str, ...]) -> None:
    project(folder, "[tool.labctl]\nengin = 1\n")

    assert labctl(*words)[0] == 0


def test_the_order_is_command_line_environment_project(
    labctl: Run, runner: StandInRunner, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(folder, "[tool.labctl]\nengine = 'netns'\ntimeout-scale = 2\njobs = 3\nsee = true\nseed = 5\n")

    assert "netns was asked for" in labctl("run", "labs")[2]
    assert runner.options is not None
    assert (runner.options.slack, runner.options.jobs, runner.options.see, runner.options.seed) == (2.0, 3, True, 5)

    monkeypatch.setenv("LABCTL_ENGINE", "docker")
    monkeypatch.setenv("LABCTL_TIMEOUT_SCALE", "4")
    assert "docker was asked for" in labctl("run", "labs")[2]
    assert runner.options.slack == 4.0

    err = labctl("run", "labs", "--engine", "auto", "--timeout-scale", "5", "-j", "1", "--no-see", "--seed", "6")[2]
    assert "auto was asked for" in err
    assert (runner.options.slack, runner.options.jobs, runner.options.see, runner.options.seed) == (5.0, 1, False, 6)


def test_the_projects_scenarios_are_run_where_none_is_named(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    project(folder, "[tool.labctl]\nscenarios = ['labs/deep']\n")

    assert "labs/deep/b" in labctl("run")[1]
    assert "labs/a" in labctl("run", "labs/a.yaml")[1]
    assert labctl("validate")[1] == "labs/deep/b.yaml: OK\n"


def test_without_the_section_tomllib_is_not_imported(tmp_path: Path) -> None:
    """A first look at the text does: nobody pays for what he doesn't use."""
    project(tmp_path, "[project]\nname = 'labctl'\n")
    asked = (
        "import sys, pathlib; from labctl.cli.defaults import defaults;"
        f"defaults(pathlib.Path({str(tmp_path)!r})); sys.exit('tomllib' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
