"""Folders of a command line are submissions, or hold them."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.grade.submissions import Submission, submissions
from labctl.programs.unusable import Unusable

NAMES = ["server", "client"]


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the submissions of anna and ben."""
    for name, file in (("anna", "server.c"), ("ben", "Makefile"), (".git", "server.c")):
        (tmp_path / "course" / name).mkdir(parents=True)
        (tmp_path / "course" / name / file).write_text("")
    (tmp_path / "course" / "names.csv").write_text("")
    monkeypatch.chdir(tmp_path)
    return Path("course")


def test_a_folder_with_programs_is_a_submission(course: Path) -> None:
    assert submissions([course / "anna"], NAMES) == (Submission("anna", course / "anna"),)


def test_each_folder_of_any_other_is_one(course: Path) -> None:
    """Hidden ones and files are none."""
    assert [one.name for one in submissions([course], NAMES)] == ["anna", "ben"]


def test_a_folder_is_graded_once_however_often_it_is_named(course: Path) -> None:
    assert len(submissions([course, course / "anna", course.resolve() / "ben"], NAMES)) == 2


def test_two_of_one_name_go_by_their_paths(course: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "anna").mkdir(parents=True)
    (tmp_path / "other" / "anna" / "client.c").write_text("")

    names = [one.name for one in submissions([course, Path("other")], NAMES)]
    assert names == ["course/anna", "ben", "other/anna"]


def test_a_link_is_not_followed(course: Path) -> None:
    """It is a submission that can't be graded."""
    (course / "carl").symlink_to("/etc")

    assert "'course/carl' is a link" in submissions([course], NAMES)[-1].trouble


@pytest.mark.parametrize(
    ("folder", "words"),
    [
        ("nowhere", "the folder 'nowhere' is not there"),
        ("course/names.csv", "is not a folder"),
        ("empty", "'empty' holds neither a program nor a folder"),
    ],
)
def test_what_is_no_folder_of_submissions_is_told(course: Path, folder: str, words: str) -> None:
    Path("empty").mkdir()
    with pytest.raises(Unusable, match=words):
        submissions([Path(folder)], NAMES)
