"""FILE, FOLDER and NAME -> scenario files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.cli.targets import Targets, Unknown, shipped_scenarios
from labctl.scenario.model import Family
from tests.unit.cli.stand_in import write_scenario


def ids(*words: str) -> list[str]:
    return [file.id for file in Targets(words).files]


@pytest.mark.usefixtures("folder")
def test_a_file_is_known_by_its_path_without_yaml() -> None:
    assert ids("labs/a.yaml", "./labs/deep/../deep/b.yaml") == ["labs/a", "labs/deep/b"]


@pytest.mark.usefixtures("folder")
def test_yaml_may_be_left_out() -> None:
    assert ids("labs/a") == ["labs/a"]


@pytest.mark.usefixtures("folder")
def test_a_folder_stands_for_every_scenario_below_it() -> None:
    assert ids(".") == ["labs/a", "labs/deep/b"]


def test_compose_files_and_hidden_folders_are_no_scenarios(folder: Path) -> None:
    write_scenario(folder / "labs/.hidden/c.yaml")
    write_scenario(folder / "labs/deep/compose.yaml")

    assert ids("labs") == ["labs/a", "labs/deep/b"]


def test_yaml_without_steps_is_passed_over_and_told(folder: Path) -> None:
    (folder / "labs/ci.yaml").write_text("jobs:\n  test:\n    steps: []\n")
    targets = Targets(["labs"])

    assert [file.id for file in targets.files] == ["labs/a", "labs/deep/b"]
    assert targets.passed_over == [Path("labs/ci.yaml")]


@pytest.mark.parametrize("text", ["steps: []", "about: x\n'steps' :\n", '{about: x, "steps": []}', "steps:\r\n"])
def test_steps_at_the_top_make_a_scenario(folder: Path, text: str) -> None:
    (folder / "labs/deep/c.yaml").write_text(text)

    assert ids("labs/deep") == ["labs/deep/b", "labs/deep/c"]


def test_a_folder_without_scenarios_is_told(folder: Path) -> None:
    (folder / "empty").mkdir()

    assert Targets(["empty"]).empty == ["empty"]


@pytest.mark.usefixtures("folder")
def test_a_scenario_that_is_named_twice_comes_once() -> None:
    assert ids("labs/deep/b.yaml", "labs", os.path.abspath("labs/a.yaml")) == ["labs/deep/b", "labs/a"]


@pytest.mark.usefixtures("folder")
def test_a_name_stands_for_a_shipped_scenario_in_any_folder() -> None:
    files = Targets(["basic"]).files

    assert [(file.id, file.path) for file in files] == [("basic", shipped_scenarios()["basic"])]


def test_a_file_of_the_name_comes_before_a_shipped_one(folder: Path) -> None:
    write_scenario(folder / "basic.yaml")

    assert Targets(["basic"]).files[0].path == Path("basic.yaml")


@pytest.mark.usefixtures("folder")
def test_a_family_may_be_asked_for_as_ids_have_it() -> None:
    file = Targets(["labs/a[ipv6]"]).files[0]

    assert (file.id, file.family) == ("labs/a", Family.IPV6)


@pytest.mark.parametrize(
    ("word", "hint"),
    [("bsic", "did you mean 'basic'?"), ("labs/aa.yaml", "did you mean 'labs/a'?"), ("no/such/file.yaml", "'no/such")],
)
@pytest.mark.usefixtures("folder")
def test_a_word_that_names_nothing_is_answered_with_near_names(word: str, hint: str) -> None:
    with pytest.raises(Unknown, match="no file, folder or shipped scenario is called") as raised:
        Targets([word])

    assert hint in str(raised.value)


@pytest.mark.usefixtures("folder")
def test_all_wrong_words_are_told_at_once() -> None:
    with pytest.raises(Unknown) as raised:
        Targets(["nix", "labs/a.yaml", "nada"])

    assert len(raised.value.messages) == 2


def test_a_pipe_in_a_folder_is_passed_over_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "labs" / "pipe.yaml")

    assert Targets(["labs"]).passed_over == [Path("labs/pipe.yaml")]


def test_a_link_to_itself_is_a_file_to_be_refused(folder: Path) -> None:
    (folder / "ring.yaml").symlink_to("ring.yaml")

    assert [file.id for file in Targets(["ring.yaml"]).files] == ["ring"]
