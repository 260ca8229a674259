"""The other commands: what they print, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from labctl import __version__
from labctl.cli.commands import cli
from labctl.engine.contract import Finding, Readiness
from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def test_labctl_alone_shows_three_examples(labctl: Run) -> None:
    code, out, _ = labctl()

    assert code == 0
    assert len([line for line in out.splitlines() if line.startswith("  labctl ")]) == 3


def test_the_version(labctl: Run) -> None:
    assert labctl("--version") == (0, f"labctl {__version__}\n", "")


def test_every_command_explains_itself() -> None:
    overview = CliRunner().invoke(cli, ["--help"])
    names = [line.split()[0] for line in overview.output.partition("Commands:")[2].splitlines() if line.strip()]

    assert overview.exit_code == 0
    standing = ["up", "exec", "shell", "link", "heal", "ps", "down"]
    others = ["init", "build", "completion", "schema", "doctor"]
    assert names == ["run", "grade", "validate", "ls", "explain", "show", "logs", "graph", *standing, *others]
    for name in names:
        assert CliRunner().invoke(cli, [name, "--help"]).exit_code == 0


@pytest.mark.parametrize(
    ("word", "hint"),
    [("rnu", "did you mean 'run'?"), ("labs/a.yaml", "`labctl run labs/a.yaml`"), ("nix", "commands: ")],
)
def test_an_unknown_command_is_answered_with_a_known_one(labctl: Run, word: str, hint: str) -> None:
    code, out, err = labctl(word)

    assert (code, out) == (2, "")
    assert hint in err


def test_validate_says_ok_for_each_file(labctl: Run) -> None:
    assert labctl("validate", "labs") == (0, "labs/a.yaml: OK\nlabs/deep/b.yaml: OK\n", "")


def test_validate_prints_every_problem_of_every_file(labctl: Run, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\nrubbish: 2\n")
    write_scenario(folder / "labs/d.yaml", more="rubbish: 2\n")
    code, out, _ = labctl("validate", "labs")

    assert code == 2
    assert [line for line in out.splitlines() if line.startswith("labs/")] == [
        "labs/a.yaml: OK",
        "labs/deep/b.yaml: OK",
        "labs/c.yaml:11:1: unknown key 'nonsense' in a scenario",
        "labs/c.yaml:12:1: unknown key 'rubbish' in a scenario",
        "labs/d.yaml:11:1: unknown key 'rubbish' in a scenario",
    ]


def test_validate_looks_at_compose_yaml_too_and_once(labctl: Run, folder: Path) -> None:
    (folder / "compose.yaml").write_text("services: 5\n")
    code, out, _ = labctl("validate", "labs")

    assert code == 2
    assert out.count("compose.yaml:1:11:") == 1
    assert "OK" not in out


def test_ls_shows_ids_tags_and_what_each_is_about(labctl: Run) -> None:
    code, out, _ = labctl("ls", "labs")

    assert code == 0
    assert out == ("labs/a  [tcp]\n    What it is about.\nlabs/deep/b  [udp, slow]\n    What it is about.\n")


def test_ls_alone_lists_what_is_here_and_what_labctl_brings_along(labctl: Run, folder: Path) -> None:
    write_scenario(folder / "mine.yaml")
    write_scenario(folder / "scenarios/other.yaml")
    ids = [line.split()[0] for line in labctl("ls")[1].splitlines() if not line.startswith(" ")]

    assert ids[:2] == ["mine", "scenarios/other"]
    assert "basic" in ids


def test_ls_tells_files_with_problems_and_lists_the_others(labctl: Run, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    code, out, err = labctl("ls", "labs")

    assert code == 2
    assert "labs/a" in out
    assert "labs/c.yaml:11:1" in err


@pytest.mark.parametrize(("works", "code"), [((True, False), 0), ((False, False), 3)])
def test_doctor_is_content_with_one_engine(
    labctl: Run, monkeypatch: pytest.MonkeyPatch, works: tuple[bool, bool], code: int
) -> None:
    found = tuple(Readiness(f"engine{n}", (Finding("it", works=each),)) for n, each in enumerate(works))
    monkeypatch.setattr("labctl.engine.choose.readiness_of_all", lambda: found)

    assert labctl("doctor")[0] == code
    monkeypatch.setenv("FORCE_COLOR", "1")
    json_code, out, _ = labctl("doctor", "--json")
    assert json_code == code
    assert json.loads(out)["works"] is any(works)
    assert "\x1b" not in out


def test_help_and_validate_import_neither_docker_nor_rich_nor_pytest_nor_testinfra() -> None:
    for words in (["--help"], ["validate", "labs/a.yaml"], ["explain", "labs/a.yaml"], ["run", "--help"]):
        script = f"""
import sys
from labctl.cli.commands import run_labctl
code = run_labctl({words!r})
heavy = {{"docker", "rich", "pytest", "testinfra", "jinja2", "requests"}} & set(sys.modules)
sys.exit(f"imported: {{heavy}}" if heavy else code)
"""
        child = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        assert (child.returncode, child.stderr) == (0, "")


def test_the_reader_of_help_may_go_away() -> None:
    child = subprocess.Popen([sys.executable, "-m", "labctl", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.close()
    _, err = child.communicate(timeout=60)

    assert (child.returncode, err) == (0, b"")
