"""Build context -> hash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labctl.engine.docker.source import source_hash
from labctl.plan.shipped import shipped


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/server").write_text("x")
    return tmp_path


@pytest.mark.parametrize("name", ["host", "sidecar"])
def test_labctl_and_the_build_script_reckon_the_same(name: str) -> None:
    script = shipped("images") / "build"
    said = subprocess.run(
        [sys.executable, str(script), name, "--print-source"], capture_output=True, text=True, check=True
    )

    assert source_hash(shipped("images") / name) == said.stdout.strip()


def test_content_names_and_executability_count(context: Path) -> None:
    hashes = [source_hash(context)]
    (context / "bin/server").write_text("y")
    hashes.append(source_hash(context))
    (context / "bin/server").chmod(0o755)
    hashes.append(source_hash(context))
    (context / "bin/server").rename(context / "bin/client")
    hashes.append(source_hash(context))

    assert len(set(hashes)) == 4


def test_what_tools_leave_behind_does_not_count(context: Path) -> None:
    before = source_hash(context)
    (context / "bin/__pycache__").mkdir()
    (context / "bin/__pycache__/server.pyc").write_text("x")
    (context / ".cache").write_text("x")

    assert source_hash(context) == before
