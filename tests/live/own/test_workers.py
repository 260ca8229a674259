"""On each engine: pytest-xdist's workers, each with labs of its own; and what is left of those that are ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from labctl.engine.contract import Engine
from tests.live.own.project import Project

SCENARIO = """\
hosts: {{client: {{}}}}
steps:
  - on: client
    run: hostname
    expect: {{stdout: {expected}}}
"""
WAITING = """\
import os, pathlib, pytest
@pytest.mark.parametrize("number", range(2))
def test_it(lab, number):
    lab.start("client", "sleep 1000")
    pathlib.Path(f"worker-{number}.tmp").write_text(str(os.getpid()))
    os.rename(f"worker-{number}.tmp", f"worker-{number}")
    lab.run("client", "sleep 1000", name="long", timeout=600)
"""
PATIENCE_S = 90.0


@pytest.fixture
def project(tmp_path: Path, engine: Engine) -> Project:
    return Project(tmp_path, engine)


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, f"not within {PATIENCE_S:g} s: {what}"
        time.sleep(0.05)  # the clock's owner, for files and processes of others


def test_workers_run_scenarios_and_tests_on_one_engine_that_is_said(project: Project) -> None:
    for name in ("a", "b"):
        project.write(f"{name}.yaml", SCENARIO.format(expected="client"))
    project.write("c.yaml", SCENARIO.format(expected="another"))
    project.write("test_it.py", "def test_it(lab): assert lab.run('client', 'hostname').stdout == 'client\\n'\n")
    said = project.pytest("-n", "2", "--junitxml=out.xml")
    cases = list(ElementTree.parse(project.folder / "out.xml").getroot().iter("testcase"))

    assert f"labctl: engine {project.engine.name}" in said.stdout
    assert "1 failed, 3 passed" in said.stdout
    assert "FAILED c.yaml::c" in said.stdout
    assert sorted(str(case.get("name")) for case in cases) == ["a", "b", "c", "test_it"]

    again = project.pytest("-n", "2", "--lf")
    assert "1 failed in" in again.stdout

    project.write("b.yaml", "tags: [chosen]\n" + SCENARIO.format(expected="client"))
    selected = project.pytest("-n", "2", "-k", "chosen", "-x")
    assert "1 passed in" in selected.stdout


class Waiting(NamedTuple):
    """A run, the pids of its workers, and their labs."""

    run: subprocess.Popen[str]
    workers: list[int]
    labs: list[frozenset[str]]


@pytest.fixture
def waiting(project: Project) -> Iterator[Waiting]:
    """A run whose two workers each wait in a lab of their own."""
    project.write("test_it.py", WAITING)
    command = project.command("-n", "2", "-p", "no:cacheprovider")
    child = subprocess.Popen(
        command,
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        files = [project.folder / f"worker-{number}" for number in range(2)]
        until(lambda: all(file.exists() for file in files), "both workers are in their labs")
        workers = [int(file.read_text()) for file in files]
        labs = [project.labs_of(worker) for worker in workers]
        assert all(labs)  # else nothing below means anything
        yield Waiting(child, workers, labs)
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def test_an_interrupt_leaves_no_lab(project: Project, waiting: Waiting) -> None:
    os.killpg(waiting.run.pid, signal.SIGINT)  # as a terminal does it
    waiting.run.communicate(timeout=PATIENCE_S)

    assert waiting.run.returncode == pytest.ExitCode.INTERRUPTED
    until(lambda: not any(map(project.left_of, waiting.labs)), "no lab of a worker's is left")


def test_a_worker_that_is_killed_leaves_no_lab_and_the_others_keep_theirs(project: Project, waiting: Waiting) -> None:
    os.kill(waiting.workers[0], signal.SIGKILL)

    until(lambda: not project.left_of(waiting.labs[0]), "the lab of the killed worker is gone")
    assert sorted(project.left_of(waiting.labs[1])) == sorted(waiting.labs[1])
    assert waiting.run.poll() is None


def test_an_interrupt_without_workers_leaves_no_lab(project: Project) -> None:
    project.write("test_it.py", WAITING)
    child = subprocess.Popen(
        project.command("-p", "no:cacheprovider"),
        cwd=project.folder,
        env=project.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        until((project.folder / "worker-0").exists, "the test is in its lab")
        labs = project.labs_of(child.pid)
        assert labs
        child.send_signal(signal.SIGINT)
        child.communicate(timeout=PATIENCE_S)
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()

    assert child.returncode == pytest.ExitCode.INTERRUPTED
    assert not project.left_of(labs)
