"""`labctl explain`: what is told, where it goes, and the exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.cli.stand_in import write_scenario

pytestmark = pytest.mark.usefixtures("folder")


def test_a_scenario_is_told_without_being_run(labctl: Run, folder: Path) -> None:
    code, out, err = labctl("explain", "labs/a.yaml")

    assert (code, err) == (0, "")
    assert out.startswith("a\n  run it          labctl run labs/a\n")
    assert "  1. On cheerios, run `hostname`.\n     to see\n     → It ends with status 0\n" in out
    assert not list(folder.rglob(".labctl"))


def test_several_are_told_in_the_order_of_the_line_each_once(labctl: Run) -> None:
    code, out, _ = labctl("explain", "labs/deep", "labs/a", "labs/a.yaml", "basic")

    assert code == 0
    assert [line.split()[-1] for line in out.splitlines() if line.startswith("  run it")] == [
        "labs/deep/b",
        "labs/a",
        "basic",
    ]


def test_a_scenario_of_several_families_is_told_once(labctl: Run, folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="ip: [4, 6]\n")
    both, one = labctl("explain", "labs/c")[1], labctl("explain", "labs/c[ipv6]")[1]

    assert "  run it          labctl run labs/c\n" in both
    assert "  network         once with each of IPv4 and IPv6\n" in both
    assert "  run it          labctl run 'labs/c[ipv6]'\n" in one
    assert "  network         IPv6\n" in one


def test_an_unknown_name_is_answered_as_run_does(labctl: Run) -> None:
    code, out, err = labctl("explain", "basik")

    assert (code, out, err) == labctl("run", "basik")
    assert code == 2
    assert "did you mean 'basic'?" in err


def test_problems_of_a_file_are_told_as_validate_does(labctl: Run, folder: Path) -> None:
    """The others are told all the same."""
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    code, out, _ = labctl("explain", "labs/c.yaml", "labs/a.yaml")
    problem = labctl("validate", "labs/c.yaml")[1]

    assert code == 2
    assert problem.startswith("labs/c.yaml:11:1: unknown key 'nonsense'")
    assert out.endswith(problem)
    assert "labctl run labs/a\n" in out


def test_colours_come_where_they_are_asked_for(labctl: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b" not in labctl("explain", "labs/a")[1]
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in labctl("explain", "labs/a")[1]
