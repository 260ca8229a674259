"""The tests of docs/pytest.md have types, with which mypy is content; and links that lead somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).parents[3]
TEXT = (TOP / "docs" / "pytest.md").read_text()
MODULES = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
WRONG = "from labctl import Lab\n\n\ndef test_it(lab: Lab) -> None:\n    lab.run('client', 5).exitt\n"


def mypy(folder: Path) -> subprocess.CompletedProcess[str]:
    """What it says of the modules there, as of a project of somebody who has installed labctl."""
    words = ["--strict", "--config-file", os.devnull, "--cache-dir", str(TOP / ".mypy_cache" / "users"), str(folder)]
    command = [sys.executable, "-m", "mypy", *words]
    environment = os.environ | {"MYPYPATH": str(TOP)}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)


def test_mypy_is_content_with_them_and_finds_what_is_wrong(tmp_path: Path) -> None:
    for number, text in enumerate(MODULES):
        (tmp_path / f"test_block_{number}.py").write_text(text)
    (tmp_path / "test_wrong.py").write_text(WRONG)
    found = [line for line in mypy(tmp_path).stdout.splitlines() if line.startswith("test_")]

    assert MODULES
    assert [line.partition(": error: ")[0] for line in found] == ["test_wrong.py:5", "test_wrong.py:5"]
    assert {line.rpartition("  ")[2] for line in found} == {"[arg-type]", "[attr-defined]"}
