"""`--junit`, `--json FILE`, `--html`, and what GitHub is told: of runs that end well, badly, early, or never begin."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from junitparser import JUnitXml

from labctl.engine.contract import EngineError
from labctl.runner.outcome import Verdict
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import StandInRunner, write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def kinds(path: str = "r.xml") -> dict[str, str]:
    """What became of each case of a JUnit file: the tag, and its message."""
    [suite] = JUnitXml.fromfile(path)
    return {
        f"{case.classname}.{case.name}": " ".join(f"{type(it).__name__}: {it.message}" for it in case.result)
        for case in suite
    }


def test_results_are_in_the_file_and_told_as_ever(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}
    code, out, _ = labctl("run", "labs", "--junit", "r.xml")

    assert (code, out.splitlines()[0][:12]) == (1, "FAIL    labs")
    assert kinds() == {"labs.a": "Failure: stdout: expected 'cheerios', came 'client'", "labs.deep.b": ""}


@pytest.mark.parametrize("words", [("--json=r.json",), ("--json", "r.json")])
def test_json_goes_to_a_file(labctl: Run, runner: StandInRunner, words: tuple[str, ...]) -> None:
    code, out, _ = labctl("run", *words, "labs")

    assert (code, out.splitlines()[-1][:8]) == (0, "2 passed")
    assert [one["id"] for one in json.loads(Path("r.json").read_text())["scenarios"]] == ["labs/a", "labs/deep/b"]


def test_json_does_not_swallow_a_target(labctl: Run, runner: StandInRunner) -> None:
    assert len(json.loads(labctl("run", "--json", "labs")[1])["scenarios"]) == 2
    assert len(json.loads(labctl("run", "--json", "labs/a.yaml")[1])["scenarios"]) == 1


@pytest.mark.parametrize("option", ["--junit", "--json", "--html"])
@pytest.mark.parametrize(
    ("place", "why"), [("nix/r.json", "there is no folder 'nix'"), ("labs.json", "it is a folder")]
)
def test_what_can_not_be_written_is_refused_before_the_run(
    labctl: Run, runner: StandInRunner, option: str, place: str, why: str
) -> None:
    Path("labs.json").mkdir()
    code, out, err = labctl("run", "labs", option, place)

    assert (code, out, runner.rounds) == (2, "", 0)
    assert err == f"labctl: {option} can't write '{place}': {why}\n"


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="/proc is Linux's")
def test_a_folder_in_which_nothing_can_be_made_is_refused(labctl: Run, runner: StandInRunner) -> None:
    """Tried by doing: in /proc not even root can."""
    code, _, err = labctl("run", "labs", "--junit", "/proc/r.xml")

    assert (code, runner.rounds) == (2, 0)
    assert err.startswith("labctl: --junit can't write '/proc/r.xml': ")


def test_two_options_do_not_share_a_file(labctl: Run, runner: StandInRunner) -> None:
    code, _, err = labctl("run", "labs", "--junit", "r.json", "--json=./r.json")

    assert (code, runner.rounds) == (2, 0)
    assert "--junit and --json would write the same file" in err


def test_what_can_not_be_written_afterwards_is_no_success(labctl: Run, runner: StandInRunner) -> None:
    """The results are told all the same; a failure stays one."""
    Path("away").mkdir()
    runner.at_step = lambda: Path("away").rmdir() if Path("away").exists() else None
    code, out, err = labctl("run", "labs", "--junit", "away/r.xml")

    assert (code, out.splitlines()[-1][:8]) == (3, "2 passed")
    assert "labctl: the JUnit file can't be written to away/r.xml: No such file or directory" in err

    runner.verdicts = {"labs/a": Verdict.FAIL}
    Path("away").mkdir()
    assert labctl("run", "labs", "--junit", "away/r.xml")[0] == 1


def test_it_is_there_after_an_interrupt_with_what_is_known(labctl: Run, runner: StandInRunner) -> None:
    began: list[int] = []

    def at_step() -> None:
        began.append(1)
        if len(began) == 2:
            signal.raise_signal(signal.SIGTERM)

    runner.at_step = at_step
    code, _, _ = labctl("run", "labs", "--junit", "r.xml", "--json=r.json")

    assert code == 143
    assert kinds() == {"labs.a": "", "labs.deep.b": "Error: interrupted by SIGTERM before it was over"}
    assert json.loads(Path("r.json").read_text())["interrupted"] == "SIGTERM"


def test_it_is_there_when_the_run_breaks(labctl: Run, runner: StandInRunner) -> None:
    def break_down() -> None:
        raise EngineError("there is no room", hint="make room")

    runner.at_step = break_down

    assert labctl("run", "labs", "--junit", "r.xml", "--json=r.json")[0] == 3
    assert kinds() == dict.fromkeys(("labs.a", "labs.deep.b"), "Error: there is no room")
    assert json.loads(Path("r.json").read_text())["error"] == "there is no room"


def test_it_is_there_after_a_mistake_of_labctls_own(labctl: Run, runner: StandInRunner) -> None:
    def break_down() -> None:
        raise ZeroDivisionError("oh")

    runner.at_step = break_down

    assert labctl("run", "labs/a.yaml", "--junit", "r.xml")[0] == 3
    assert kinds() == {"labs.a": "Error: labctl made a mistake: ZeroDivisionError: oh"}


def test_problems_of_files_are_errors_there(labctl: Run, runner: StandInRunner, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")

    assert labctl("run", "labs", "--junit", "r.xml")[0] == 2
    assert list(kinds()) == ["labs.c"]
    assert kinds()["labs.c"].startswith("Error: labs/c.yaml:11:1: unknown key 'nonsense'")


def test_nothing_selected_is_an_empty_suite(labctl: Run, runner: StandInRunner) -> None:
    Path("r.xml").write_text("of an earlier run")

    assert labctl("run", "labs", "-k", "nix", "--junit", "r.xml")[0] == 5
    assert kinds() == {}


def test_a_file_that_is_there_keeps_its_mode_and_its_link(labctl: Run, runner: StandInRunner) -> None:
    Path("real.xml").touch(mode=0o640)
    Path("r.xml").symlink_to("real.xml")
    labctl("run", "labs", "--junit", "r.xml")

    assert Path("r.xml").is_symlink()
    assert Path("real.xml").stat().st_mode & 0o777 == 0o640
    assert len(kinds("real.xml")) == 2


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """A job of GitHub's; its summary's file."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    return folder / "summary.md"


def test_github_is_told_at_the_end(labctl: Run, runner: StandInRunner, github: Path) -> None:
    """While scenarios run nothing that is printed is a command there: a token that nobody knows ends that."""
    runner.verdicts = {"labs/a": Verdict.FAIL, "labs/deep/b": Verdict.UNKNOWN}
    lines = labctl("run", "labs")[1].splitlines()
    token = lines[0].removeprefix("::stop-commands::")

    assert (len(token), lines[-3]) == (32, f"::{token}::")
    assert lines[-2].startswith("::error file=labs/a.yaml,line=5,title=FAIL labs/a")
    assert lines[-1].startswith("::error file=labs/deep/b.yaml,line=5,title=UNKNOWN labs/deep/b")
    assert [line for line in lines[1:-3] if line.startswith("::")] == []
    assert "<td>FAIL</td>" in github.read_text()


def test_the_summary_comes_behind_what_is_there_and_within_githubs_limit(
    labctl: Run, runner: StandInRunner, github: Path
) -> None:
    github.write_text("before\n")
    labctl("run", "labs")
    assert github.read_text().startswith("before\n\n### labctl")

    github.write_text("x" * (1024 * 1024 - 100))
    labctl("run", "labs")
    assert github.stat().st_size <= 1024 * 1024


def test_a_summary_that_can_not_be_written_changes_nothing_else(
    labctl: Run, runner: StandInRunner, github: Path
) -> None:
    github.mkdir()
    code, _, err = labctl("run", "labs")

    assert code == 0
    assert "labctl: the job summary can't be written: Is a directory" in err


def test_a_document_stays_one_on_github(labctl: Run, runner: StandInRunner, github: Path) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}
    _, out, err = labctl("run", "labs", "--json")

    assert json.loads(out)["exit"] == 1
    assert "\n::error file=labs/a.yaml" in err


def test_problems_of_files_are_annotated(labctl: Run, runner: StandInRunner, github: Path, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")

    assert "::error file=labs/c.yaml,line=11," in labctl("run", "labs")[1]


def test_elsewhere_no_command_is_printed(labctl: Run, runner: StandInRunner) -> None:
    runner.verdicts = {"labs/a": Verdict.FAIL}

    assert "::" not in labctl("run", "labs")[1]
