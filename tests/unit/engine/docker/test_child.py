"""Command -> child."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.docker.child import Child


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "output"


@pytest.fixture
def asleep(tmp_path: Path, output: Path) -> Iterator[Child]:
    child = Child(["sleep", "60"], environment=os.environ, folder=tmp_path, output=output)
    yield child
    child.end()
    child.close()


def run(words: list[str], output: Path) -> Child:
    return Child(words, environment=os.environ, folder=output.parent, output=output)


def test_an_ended_child_has_a_status_and_its_output_is_kept(output: Path) -> None:
    child = run(["sh", "-c", "echo one; echo two >&2; exit 3"], output)

    assert child.wait(10) == 3
    assert output.read_text() == "one\ntwo\n"
    child.close()


def test_a_running_child_has_no_status(asleep: Child) -> None:
    assert asleep.wait(0) is None
    assert asleep.status is None


def test_a_childs_end_can_be_selected_for(output: Path) -> None:
    child = run(["true"], output)

    assert select.select([child], [], [], 10)[0] == [child]
    child.wait(10)
    child.close()


def test_a_child_that_ignores_being_told_is_ended_anyway(output: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("labctl.engine.docker.child.ENDS_WITHIN_S", 0.2)
    stubborn = "import signal,time; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)"
    child = run([sys.executable, "-c", stubborn], output)
    while not output.read_text():
        child.wait(0.01)

    child.end()

    assert child.status == -9
    child.close()


def test_the_terminals_ctrl_c_does_not_reach_a_child(asleep: Child) -> None:
    assert os.getsid(asleep.pid) != os.getsid(0)


def test_a_command_that_does_not_exist_is_an_os_error(output: Path) -> None:
    with pytest.raises(OSError, match="nosuchcommand"):
        run(["/nosuchcommand"], output)


def test_ending_and_closing_twice_is_fine(output: Path) -> None:
    child = run(["true"], output)
    for _ in range(2):
        child.end()
        child.close()
