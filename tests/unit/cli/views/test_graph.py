"""`labctl graph`: a scenario's network drawn without running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def test_a_scenarios_network_is_drawn_as_text(labctl: Run, folder: Path) -> None:
    """Nothing is run."""
    code, out, err = labctl("graph", "labs/a.yaml")
    assert (code, err) == (0, "")
    assert "│ cheerios  │  │ client    │\n" in out
    assert not list(folder.rglob(".labctl"))


def test_it_is_svg_or_mermaid_when_asked_for(labctl: Run) -> None:
    """Of shipped scenarios, too."""
    assert labctl("graph", "--svg", "basic")[1].startswith("<svg ")
    assert labctl("graph", "--mermaid", "basic")[1].startswith("flowchart TD\n")


@pytest.mark.parametrize("form", [(), ("--svg",), ("--mermaid",)])
def test_it_is_written_to_a_file(
    labctl: Run, folder: Path, form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text, but without colours."""
    printed = labctl("graph", "faults/partition", *form)[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert labctl("graph", "faults/partition", *form, "-o", "drawn") == (0, "", "")
    assert (folder / "drawn").read_text() == printed


def test_a_file_that_can_not_be_written_is_said(labctl: Run) -> None:
    """With its path."""
    code, _, err = labctl("graph", "basic", "-o", "nowhere/x")
    assert code == 3
    assert err == "labctl: the drawing can't be written to nowhere/x: No such file or directory\n"


def test_a_folder_of_several_is_refused(labctl: Run) -> None:
    """One drawing is of one network."""
    code, _, err = labctl("graph", "labs")
    assert code == 2
    assert "'labs' names 2 scenarios" in err


def test_problems_of_a_file_are_told_as_run_does(labctl: Run, folder: Path) -> None:
    """And nothing is drawn."""
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    assert labctl("graph", "labs/c.yaml") == labctl("run", "labs/c.yaml")
    assert labctl("graph", "labs/c.yaml")[0] == 2
