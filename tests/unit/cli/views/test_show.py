"""`labctl show`: which run, in which form, and what is said where there is none."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from labctl.cli.refusals import CannotLook
from labctl.cli.terminal.device import Device
from labctl.cli.views.showing import Showing, show_run
from labctl.observe.names import CAPTURE, JOURNAL
from labctl.observe.records import NotRecorded
from labctl.observe.story import Story
from tests.unit.cli.conftest import Run
from tests.unit.report.stories import BASIC, LOST

Show = Callable[..., str]


@pytest.fixture
def run_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a run in the current folder; there are no others."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / "state"))
    monkeypatch.setattr("labctl.runner.find_run.shipped", lambda name: folder / name)
    made = folder / ".labctl" / "runs" / "20260101-120000-a"
    made.mkdir(parents=True)
    (made / JOURNAL).touch()
    (made / CAPTURE).touch()
    return made


@pytest.fixture
def show(capsys: pytest.CaptureFixture[str], run_folder: Path) -> Show:
    """Shows that run, whose story is BASIC, with these wishes: standard output."""

    def shown(**wishes: object) -> str:
        def stories(folder: Path) -> Story:
            assert folder.resolve() == run_folder
            return BASIC

        usual = {"name": None, "html": None, "mermaid": False, "as_json": False, "is_all": False, "only": None}
        assert show_run(Showing(**{"width": None} | usual | wishes), Device(), stories) == 0  # type: ignore[arg-type]  # the fields of Showing
        return capsys.readouterr().out

    return shown


def test_a_run_is_a_ladder(show: Show) -> None:
    """A hundred columns wide where there is no terminal."""
    out = show()
    assert out.startswith("PASS basic on netns\n")
    assert max(map(len, out.splitlines())) == 100
    assert "├─────" in out
    assert "not shown: 2 routine calls, 2 packets of the link itself (--all shows them)" in out


@pytest.mark.parametrize("name", ["20260101-120000-a", "labs/a.yaml", "labs/a", "a", ".labctl/runs/20260101-120000-a"])
def test_it_is_named_by_folder_or_scenario(show: Show, name: str) -> None:
    """The newest run of the scenario, then."""
    assert show(name=name) == show()


def test_its_width_and_what_is_on_it_are_asked_for(show: Show) -> None:
    """All, packets alone, programs alone."""
    assert max(map(len, show(width=70).splitlines())) == 70
    assert "who has 10.51.0.2?" in show(is_all=True)
    assert "listen" not in show(only="packets")
    assert "SYN" not in show(only="programs")


def test_colours_come_where_they_are_asked_for(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    """As everywhere."""
    assert "\x1b" not in show()
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[36m" in show()


def test_it_is_mermaid_or_json_when_asked_for(show: Show) -> None:
    """Nothing else is on standard output then."""
    assert show(mermaid=True).startswith("sequenceDiagram\n")
    assert "c1->>c0: SYN\n" in show(mermaid=True, only="packets")
    assert json.loads(show(as_json=True))["id"] == "basic"


def test_a_page_is_written_to_a_file(show: Show, folder: Path) -> None:
    """It links to the capture, as seen from there."""
    (folder / "pages").mkdir()
    assert show(html=folder / "pages" / "a.html") == ""
    page = (folder / "pages" / "a.html").read_text()
    assert "../.labctl/runs/20260101-120000-a/capture.pcapng" in page


def test_a_page_that_can_not_be_written_is_said(show: Show, folder: Path) -> None:
    """With its path."""
    with pytest.raises(CannotLook, match=r"the page can't be written to .*nowhere/a\.html: No such file"):
        show(html=folder / "nowhere" / "a.html")


@pytest.mark.usefixtures("run_folder")
def test_a_folder_without_a_record_is_said() -> None:
    """With what to do."""

    def stories(folder: Path) -> Story:
        raise NotRecorded("nothing was recorded")

    wishes = Showing(name=None, html=None, mermaid=False, as_json=False, is_all=False, only=None, width=None)
    with pytest.raises(CannotLook, match="nothing was recorded") as caught:
        show_run(wishes, Device(), stories)
    assert caught.value.hint == "record one with `labctl run --see NAME`"


@pytest.mark.usefixtures("run_folder")
def test_an_unknown_run_is_a_wrong_command_line(labctl: Run) -> None:
    """The known ones are listed."""
    code, out, err = labctl("show", "b")
    assert (code, out) == (2, "")
    assert err == "labctl: no run is called 'b'\n  choose one of the scenarios that were run: a\n"


@pytest.mark.usefixtures("run_folder")
def test_forms_exclude_each_other(labctl: Run) -> None:
    """Before anything is looked for."""
    code, _, err = labctl("show", "--json", "--mermaid")
    assert code == 2
    assert "--html, --mermaid and --json exclude each other" in err


def test_a_story_that_failed_is_shown_all_the_same(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit code is about showing, not about the scenario."""
    wishes = Showing(name=None, html=None, mermaid=False, as_json=False, is_all=False, only=None, width=80)
    assert show_run(wishes, Device(), lambda folder: LOST) == 0
    assert "✗ dropped: expected [2, 5], came [2, 4]" in capsys.readouterr().out
