"""Where Docker Compose is."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker import compose
from labctl.engine.docker.compose import Project, find_compose
from labctl.engine.docker.endpoint import Endpoint


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LABCTL_COMPOSE", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(compose, "_PLUGIN_FOLDERS", (str(tmp_path / "plugins"),))


def put(folder: Path, *, says: str = "", status: int = 0) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "docker-compose"
    file.write_text(f"#!/bin/sh\necho {says}\nexit {status}\n")
    file.chmod(0o755)
    return str(file)


def test_the_plugin_comes_before_the_program_of_the_same_name(tmp_path: Path) -> None:
    put(tmp_path / "bin")
    plugin = put(tmp_path / "plugins")

    assert find_compose() == (plugin,)


def test_the_users_own_plugin_comes_before_the_machines(tmp_path: Path) -> None:
    put(tmp_path / "plugins")
    own = put(tmp_path / "config/cli-plugins")

    assert find_compose() == (own,)


def test_without_a_plugin_the_program_is_taken(tmp_path: Path) -> None:
    program = put(tmp_path / "bin")

    assert find_compose() == (program,)


def test_labctl_compose_comes_first_and_may_be_several_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "plugins")
    monkeypatch.setenv("LABCTL_COMPOSE", "podman compose")

    assert find_compose() == ("podman", "compose")


def test_without_any_the_error_says_what_to_install() -> None:
    with pytest.raises(EngineError, match="not there") as caught:
        find_compose()

    assert "install" in caught.value.hint


def test_a_project_names_its_file_and_keeps_what_compose_says(tmp_path: Path) -> None:
    words = (put(tmp_path / "bin", says='"$@"', status=1),)
    project = Project("labctl-l1", tmp_path, words, Endpoint("unix:///x"))
    project.write("{}")

    child = project.up()

    assert child.wait(10) == 1
    assert project.said() == f"--project-name labctl-l1 --file {tmp_path}/compose.json up --detach --no-build"
    child.close()


def test_a_compose_that_does_not_run_is_an_engine_error(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="does not run"):
        Project("labctl-l1", tmp_path, ("/nosuchcompose",), Endpoint("unix:///x")).up()
