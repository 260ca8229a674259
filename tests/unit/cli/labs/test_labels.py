"""Labs by owner and label: `up --label`, `ps`, `ps --json`, `down --all --label --owner`."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

import labctl.standing.places as places_module
from labctl.cli.commands import cli
from labctl.standing.places import foreign_sockets, user_name
from tests.unit.cli.labs import test_keeping as keeping
from tests.unit.cli.labs.test_keeping import labctl

ME = user_name(os.getuid())
places = keeping.places


@pytest.fixture
def three(places: Path) -> None:
    """Three labs: two of a course, one of them of a group, and one without a label."""
    for name, labels in (("a", ["course=net", "group=1"]), ("b", ["course=net"]), ("c", [])):
        child = labctl("up", "--name", name, *[word for label in labels for word in ("--label", label)])
        assert child.returncode == 0, child


def names() -> list[str]:
    return [lab["name"] for lab in json.loads(labctl("ps", "--json").stdout)["labs"]]


@pytest.mark.usefixtures("three")
def test_labels_and_owner_are_shown() -> None:
    lines = labctl("ps").stdout.splitlines()

    assert [line.partition("10.51.0.3")[2] for line in lines] == [
        f"  course=net  group=1  owner {ME}",
        f"  course=net  owner {ME}",
        f"  owner {ME}",
    ]


@pytest.mark.usefixtures("three")
def test_the_json_document_holds_all_of_it() -> None:
    first = json.loads(labctl("ps", "--json").stdout)["labs"][0]

    assert first.pop("pid") > 1
    assert first == {
        "name": "a",
        "engine": "fake",
        "owner": ME,
        "labels": {"course": "net", "group": "1"},
        "runs": 0,
        "faults": 0,
        "gone": [],
        "hosts": [
            {"name": "cheerios", "addresses": ["10.51.0.2"], "up": True},
            {"name": "client", "addresses": ["10.51.0.3"], "up": True},
        ],
    }


@pytest.mark.usefixtures("three")
def test_only_labs_with_all_of_the_labels_are_taken_down() -> None:
    done = labctl("down", "--all", "--label", "course=net", "--label", "group=1")

    assert (done.returncode, done.stdout) == (0, "a is down\n")
    assert names() == ["b", "c"]
    assert labctl("down", "--all", "--label", "course=net").stdout == "b is down\n"
    assert "no lab is so" in labctl("down", "--all", "--label", "course=net").stderr
    assert names() == ["c"]


@pytest.mark.usefixtures("three")
def test_another_owners_labs_are_not_mine() -> None:
    done = labctl("down", "--all", "--owner", "somebody-else")

    assert (done.stdout, "no lab is so" in done.stderr) == ("", True)
    assert names() == ["a", "b", "c"]
    assert labctl("down", "--all", "--owner", ME).stdout.splitlines() == ["a is down", "b is down", "c is down"]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["down", "--label", "a=b"], "--label goes with --all"),
        (["down", "--owner", "any"], "--owner goes with --all"),
        (["down", "--all", "--older-than", "1h", "--label", "a=b"], "--older-than is about"),
        (["down", "--all", "--label", "a"], "'a' is no label"),
        (["up", "--label", "=b"], "'=b' is no label"),
        (["up", "--label", "a=\x1b[2J"], "is no label"),
    ],
)
def test_wrong_words_are_told(words: list[str], complaint: str) -> None:
    done = CliRunner().invoke(cli, words, prog_name="labctl")

    assert done.exit_code == 2
    assert complaint in " ".join(done.output.replace("│", " ").split())


def test_sockets_of_others_are_found_where_they_are_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is named after one user and belongs to another is nobody's."""
    if os.getuid() != 0:
        pytest.skip("only root can make another user's folder")
    monkeypatch.setattr(places_module, "RUNTIME", (f"{tmp_path}/run-{{}}", f"{tmp_path}/labctl-{{}}"))
    for name, owner in (("labctl-4242", 4242), ("labctl-4343", 4242), ("run-0", 0)):
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        (folder / "lab.sock").touch()
        os.chown(folder, owner, owner)

    assert foreign_sockets(None) == ([tmp_path / "labctl-4242" / "lab.sock"], [])
    assert foreign_sockets("4242") == ([tmp_path / "labctl-4242" / "lab.sock"], [])
    assert foreign_sockets("nobody") == ([], [])


def test_a_folder_that_may_not_be_looked_into_is_said_to_be_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose labs cannot be reached is told, so that nobody takes silence for their end."""
    monkeypatch.setattr(places_module, "RUNTIME", (f"{tmp_path}/labctl-{{}}",))
    (tmp_path / f"labctl-{os.getuid()}").mkdir(mode=0o000)
    monkeypatch.setattr("os.getuid", lambda: 4242)
    monkeypatch.setattr("os.access", lambda *_: False)

    assert foreign_sockets(None) == ([], [ME])
