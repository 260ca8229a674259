"""Scenario path -> compose.yaml."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.plan.find import find_compose
from labctl.plan.shipped import shipped


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    folder = tmp_path / "repo/labs/scenarios"
    folder.mkdir(parents=True)
    (folder / "basic.yaml").write_text("")
    return folder / "basic.yaml"


def test_the_compose_file_beside_the_scenario_comes_first(scenario: Path) -> None:
    for folder in (scenario.parent, scenario.parent.parent):
        (folder / "compose.yaml").write_text("")

    assert find_compose(scenario) == scenario.parent / "compose.yaml"


def test_a_folder_above_may_have_it(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "repo/compose.yaml").write_text("")

    assert find_compose(scenario) == tmp_path / "repo/compose.yaml"


def test_the_search_ends_at_the_repository(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("")
    (tmp_path / "repo/.git").mkdir()

    assert find_compose(scenario) == shipped("compose.yaml")


def test_the_search_ends_at_the_home_folder(scenario: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "compose.yaml").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path / "repo"))

    assert find_compose(scenario) == shipped("compose.yaml")


def test_a_folder_that_everybody_shares_is_not_looked_into(scenario: Path, tmp_path: Path) -> None:
    (tmp_path / "repo/compose.yaml").write_text("")
    (tmp_path / "repo").chmod(0o1777)

    assert find_compose(scenario) == shipped("compose.yaml")


def test_what_labctl_brings_along_is_there() -> None:
    assert all(shipped(name).exists() for name in ("compose.yaml", "images/host/Dockerfile", "scenarios"))


def test_what_has_the_name_and_is_no_file_is_not_passed_over(scenario: Path) -> None:
    """Another compose.yaml in its place would be another lab."""
    os.mkfifo(scenario.parent / "compose.yaml")

    assert find_compose(scenario) == scenario.parent / "compose.yaml"
