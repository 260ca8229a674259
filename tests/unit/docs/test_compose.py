"""The blocks of docs/compose.md are what a lab takes, and what is said of it is so."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from labctl.plan.compose_file import read_compose

TOP = Path(__file__).parents[3]
TEXT = (TOP / "docs" / "compose.md").read_text()
FILES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
RUN, GRAPH = re.findall(r"^\$ (labctl \w+) front-and-back\.yaml\n(.*?)(?=^\$|^```)", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the page's files."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    return tmp_path


def labctl(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """This labctl, in that folder."""
    return subprocess.run(
        [sys.executable, "-m", "labctl", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TOP)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_pages_scenario_passes(folder: Path) -> None:
    assert set(FILES) == {"compose.yaml", "front-and-back.yaml"}
    ran = labctl(folder, "run", "--engine", "netns", "front-and-back.yaml")

    assert (RUN, ran.returncode) == (("labctl run", ""), 0), ran.stdout


def test_the_pages_drawing_is_what_graph_prints(folder: Path) -> None:
    drawn = labctl(folder, "graph", "front-and-back.yaml")

    assert ("labctl graph", drawn.stdout) == GRAPH


def test_each_key_that_the_page_says_is_noted_is_noted(tmp_path: Path) -> None:
    """And no other row has a key that isn't."""
    row = next(line for line in TEXT.splitlines() if line.startswith("| `ports`"))
    keys = [*re.findall(r"`(\w+)`", row), "depends_on"]
    file = tmp_path / "compose.yaml"
    file.write_text("services:\n  a:\n    image: labctl-host\n" + "".join(f"    {key}: [x]\n" for key in keys))

    notes = read_compose(file).services["a"].notes

    assert [re.findall(r"takes no '(\w+)'", note) for note in notes] == [[key] for key in keys]
