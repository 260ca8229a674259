"""On each engine: what `labctl init` has written runs at once, as scenarios and as tests; from a wheel, too."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from tests.live.own.project import TOP, Project


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that others may look into, as pytest's own is not: root's labs are made without root's rights."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def demo(place: Path, engine: Engine) -> Iterator[Project]:
    """A lab that init has written; its image goes with it."""
    project = Project(place, engine)
    done = project.run([sys.executable, "-m", "labctl", "init", "demo-of-a-test"])
    assert done.returncode == 0, done
    project.folder = place / "demo-of-a-test"
    yield project
    if engine.name == "docker":
        subprocess.run(["docker", "rmi", "labctl-demo-of-a-test"], capture_output=True, timeout=60)


def test_it_runs_at_once(demo: Project) -> None:
    run = demo.run([sys.executable, "-m", "labctl", "run", "--engine", demo.engine.name, "."])
    assert run.returncode == 0, run
    assert "1 passed" in run.stdout

    tests = demo.pytest("-n", "2")
    assert tests.returncode == 0, tests.stdout
    assert " 3 passed" in tests.stdout


def test_git_takes_all_of_it_and_no_record(demo: Project) -> None:
    for words in (["init", "--quiet"], ["add", "."]):
        assert demo.run(["git", *words]).returncode == 0
    assert demo.run([sys.executable, "-m", "labctl", "run", "--engine", demo.engine.name, "."]).returncode == 0
    status = demo.run(["git", "status", "--porcelain"]).stdout.splitlines()

    assert len(status) == 9
    assert all(line.startswith("A  ") for line in status), status


def test_a_wheel_has_all_of_it(place: Path) -> None:
    wheels, installed = place / "wheels", place / "installed"
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(wheels), str(TOP)]
    built = subprocess.run(build, capture_output=True, text=True, timeout=300)
    assert built.returncode == 0, built
    (wheel,) = wheels.iterdir()
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(installed)], check=True, timeout=60)
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(place), "PYTHONPATH": str(installed)}

    def labctl(*words: str, within: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "labctl", *words]
        return subprocess.run(command, cwd=within, env=environment, capture_output=True, text=True, timeout=120)

    assert labctl("init", "demo", within=place).returncode == 0
    assert (installed / "labctl" / "py.typed").exists()
    run = labctl("run", "--engine", "netns", ".", within=place / "demo")
    assert run.returncode == 0, run
