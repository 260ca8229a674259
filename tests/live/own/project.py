"""A project of a user's, with tests of its own -> what pytest and labctl say of it, run as that user would."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

from labctl.agent.processes import descendants, processes
from labctl.engine.contract import Engine
from labctl.engine.owner import parse, start_time
from labctl.plan.shipped import shipped

TOP = Path(__file__).parents[3]
_OURS = () if entry_points(group="pytest11", name="labctl") else ("-p", "labctl.pytest_plugin")


class Project:
    """A folder with labctl's compose.yaml, and one engine for all that is run there."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder, self.engine = folder, engine
        compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
        (folder / "compose.yaml").write_text(compose)

    def write(self, name: str, text: str) -> None:
        """A file of the project."""
        (self.folder / name).write_text(text)

    def command(self, *words: str) -> list[str]:
        """Words for pytest, as a command."""
        return [sys.executable, "-m", "pytest", *_OURS, f"--labctl-engine={self.engine.name}", *words]

    def pytest(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What comes of it."""
        return self.run(self.command(*words))

    def run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        """What comes of a command in the project's folder."""
        return subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=300
        )

    @property
    def environment(self) -> dict[str, str]:
        """With this checkout's labctl."""
        left_out = ("PYTEST_", "LABCTL_")
        rest = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return rest | {"PYTHONPATH": str(TOP)}

    def labs_of(self, pid: int) -> frozenset[str]:
        """What a process has of labs: their names on Docker, on namespaces the processes that they are made of."""
        if self.engine.name == "netns":
            return frozenset(f"{each.pid}:{start_time(each.pid)}" for each in descendants(pid, processes()))
        owners = ((seen.lab, parse(seen.owner)) for seen in self.engine.labs())
        return frozenset(lab for lab, owner in owners if owner is not None and owner.pid == pid)

    def left_of(self, labs: frozenset[str]) -> list[str]:
        """What is still there of what labs_of() said."""
        if self.engine.name == "netns":
            known = [(one, *one.split(":")) for one in labs]
            return [one for one, pid, start in known if str(start_time(int(pid))) == start]
        return [seen.lab for seen in self.engine.labs() if seen.lab in labs]
