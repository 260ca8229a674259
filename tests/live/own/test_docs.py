"""On each engine: the commands and settings of docs/pytest.md, with less to do than its reader has.

Its tests are run with all other pages (tests/live/docs).
"""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from tests.live.own.project import TOP, Project

TEXT = (TOP / "docs" / "pytest.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(tmp_path: Path, engine: Engine) -> Project:
    return Project(tmp_path, engine)


def of(language: str) -> list[str]:
    """The blocks in that language."""
    return [text for each, text in BLOCKS if each == language]


def test_the_commands_work(project: Project) -> None:
    (project.folder / "scenarios").mkdir()
    shutil.copy(TOP / "scenarios" / "basic.yaml", project.folder / "scenarios")
    lines = [line for text in of("console") for line in text.splitlines()]
    assert all(line.startswith("$ pytest ") for line in lines)
    for line in lines:
        words = [word for word in shlex.split(line)[2:] if not word.startswith("--labctl-engine")]
        said = project.pytest(*words)
        assert " 1 passed" in said.stdout, (line, said.stdout)


def test_the_setting_makes_the_lab_the_modules(project: Project) -> None:
    (setting,) = of("ini")
    project.write("pytest.ini", setting)
    project.write(
        "test_it.py",
        "def test_leaves(lab): lab.run('client', 'touch /tmp/left')\n"
        "def test_finds(lab): assert lab['client'].file('/tmp/left').exists\n",
    )

    assert " 2 passed" in project.pytest().stdout
