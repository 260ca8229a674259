"""A folder with a compose.yaml and scenarios, and runs in it that touch no engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from labctl.cli.commands import run_labctl
from labctl.plan.model import Plan
from labctl.plan.shipped import shipped
from tests.unit.cli.stand_in import StandInEngine, StandInRunner, write_scenario

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: compose.yaml, labs/a.yaml, labs/deep/b.yaml."""
    for name in ("NO_COLOR", "FORCE_COLOR", "LABCTL_ENGINE", "LABCTL_TIMEOUT_SCALE"):
        monkeypatch.delenv(name, raising=False)
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (tmp_path / "compose.yaml").write_text(compose)
    write_scenario(tmp_path / "labs" / "a.yaml", tags="tcp")
    write_scenario(tmp_path / "labs" / "deep" / "b.yaml", tags="udp, slow")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> StandInRunner:
    """What runs scenarios from now on."""
    stand_in = StandInRunner()

    def choose(name: str, plans: Sequence[Plan], say: Callable[[str], None]) -> StandInEngine:
        say(f"engine netns: {name} was asked for")
        return StandInEngine()

    monkeypatch.setattr("labctl.cli.runs.running.run_all", stand_in)
    monkeypatch.setattr("labctl.cli.runs.running.choose", choose)
    return stand_in


@pytest.fixture
def labctl(capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs labctl with these words: its exit code, standard output, standard error."""

    def run(*words: str) -> tuple[int, str, str]:
        code = run_labctl(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run
