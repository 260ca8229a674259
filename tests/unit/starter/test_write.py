"""A lab of one's own is written whole, or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from labctl.cli.commands import cli
from labctl.starter import write as writes
from labctl.starter.write import CannotBegin, write_lab


def test_all_files_are_there_with_the_labs_name(tmp_path: Path) -> None:
    written = write_lab(tmp_path / "Demo")

    assert {".gitignore", ".github/workflows/labctl.yml", "compose.yaml", "images/host/Dockerfile"} <= set(written)
    assert sorted(written) == sorted(str(f.relative_to(tmp_path / "Demo")) for f in tmp_path.rglob("*") if f.is_file())
    assert "image: labctl-demo " in (tmp_path / "Demo" / "compose.yaml").read_text()  # images' names are lower case
    assert (tmp_path / "Demo" / "README.md").read_text().startswith("# Demo\n")
    assert os.access(tmp_path / "Demo" / "images" / "host" / "bin" / "count-server", os.X_OK)
    assert not any("LAB-NAME" in f.read_text().upper() for f in tmp_path.rglob("*") if f.is_file())


def test_the_workflow_runs_scenarios_and_tests(tmp_path: Path) -> None:
    write_lab(tmp_path / "demo")
    workflow = yaml.safe_load((tmp_path / "demo" / ".github" / "workflows" / "labctl.yml").read_text())
    commands = [step["run"] for step in workflow["jobs"]["labs"]["steps"] if "run" in step]

    assert {"labctl run --engine netns .", "pytest --labctl-engine netns -n auto"} <= set(commands)


def test_an_empty_folder_will_do(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()

    assert write_lab(tmp_path / "demo")
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]


@pytest.mark.parametrize("name", ["b ad", ".hidden", "-x", "ä", "x" * 51, "..", "."])
def test_a_bad_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CannotBegin, match="can't be the name of a lab"):
        write_lab(tmp_path / name if name != "." else Path("."))
    assert not list(tmp_path.iterdir())


def test_what_is_there_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    (tmp_path / "link").symlink_to("nowhere")
    for name in ("file", "folder", "link"):
        with pytest.raises(CannotBegin, match="is there already"):
            write_lab(tmp_path / name)

    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "folder", "link", "mine"]
    assert (tmp_path / "file").read_text() == "mine"


def test_the_current_folder_is_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CannotBegin, match="is the current folder"):
        write_lab(tmp_path)


def test_a_folder_that_is_missing_above_is_said(tmp_path: Path) -> None:
    with pytest.raises(CannotBegin, match=r"there is no folder '.*/none' to make 'demo' in"):
        write_lab(tmp_path / "none" / "demo")


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_breaks_in_the_middle_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: BaseException
) -> None:
    done: list[Path] = []
    write = writes._write

    def breaks(source: Path, target: Path, name: str) -> None:
        if len(done) == 3:
            raise failure
        done.append(target)
        write(source, target, name)

    monkeypatch.setattr(writes, "_write", breaks)
    with pytest.raises((CannotBegin, KeyboardInterrupt)):
        write_lab(tmp_path / "demo")

    assert len(done) == 3
    assert not list(tmp_path.iterdir())


def test_the_command_says_what_to_do_next_and_refuses_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()
    said = runner.invoke(cli, ["init", "demo"])

    assert said.exit_code == 0
    assert "  cd demo\n  labctl run .    # the scenario\n" in said.output
    assert runner.invoke(cli, ["init", "demo"]).exit_code == 2
    assert runner.invoke(cli, ["init", "other", "--lang", "c"]).exit_code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["demo"]
