"""labctl as a process of its own, with real programs on the engine that has no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.stand_in import write_scenario

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="programs are held by Linux's means")

_ON_FAKE = """
import sys
import labctl.cli.runs.running
from labctl.cli.commands import run_labctl
from labctl.engine.fake.engine import Fake
labctl.cli.runs.running.choose = lambda name, plans, say: Fake()
sys.exit(run_labctl())
"""
_QUICK = """\
hosts: {cheerios: {}}
steps:
  - on: cheerios
    run: sh -c 'true'
"""
_SLOW = """\
hosts: {cheerios: {}}
steps:
  - on: cheerios
    run: sh -c 'echo begins; exec sleep 60'
    timeout: 2m
"""


def labctl(*words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _ON_FAKE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_run_that_passes_is_0(folder: Path) -> None:
    (folder / "quick.yaml").write_text(_QUICK)
    child = labctl("run", "--json", "quick.yaml")
    out, _ = child.communicate(timeout=60)

    assert child.returncode == 0
    assert [one["verdict"] for one in json.loads(out)["scenarios"]] == ["pass"]


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
def test_a_signal_ends_it_after_the_teardown(folder: Path, number: int, code: int) -> None:
    (folder / "slow.yaml").write_text(_SLOW)
    child = labctl("run", "-v", "slow.yaml")
    assert child.stdout is not None
    for line in child.stdout:
        if line.endswith("| begins\n"):
            break
    child.send_signal(number)
    out, err = child.communicate(timeout=60)

    assert child.returncode == code
    assert "1 not finished" in out
    assert "the labs go down" in err
    assert "Traceback" not in err


def test_a_reader_that_goes_away_changes_neither_the_run_nor_its_exit_code(folder: Path) -> None:
    (folder / "quick.yaml").write_text(_QUICK)
    child = labctl("run", "-v", "quick.yaml")
    assert child.stdout is not None
    child.stdout.readline()
    child.stdout.close()
    _, err = child.communicate(timeout=60)

    assert (child.returncode, err) == (0, "")


@pytest.mark.parametrize(
    ("words", "code"), [(("run", "nix"), 2), (("run", "labs", "-k", "nix"), 5), (("validate", "labs"), 0)]
)
@pytest.mark.usefixtures("folder")
def test_exit_codes(words: tuple[str, ...], code: int) -> None:
    child = labctl(*words)
    child.communicate(timeout=60)

    assert child.returncode == code


def test_problems_of_files_are_2(folder: Path) -> None:
    write_scenario(folder / "labs/c.yaml", more="nonsense: 1\n")
    child = labctl("run", "labs")
    out, err = child.communicate(timeout=60)

    assert (child.returncode, out) == (2, "")
    assert err.startswith("labs/c.yaml:11:1: unknown key 'nonsense'")


_STUCK = """
import sys, threading
class Finder:
    def find_spec(self, name, *rest):
        if name == "click":
            print("imports", flush=True)
            threading.Event().wait(60)
sys.meta_path.insert(0, Finder())
from labctl.cli.main import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(2, 130), (15, 143), (1, 129)])
def test_a_signal_while_it_imports_is_quiet_and_has_its_code(number: int, code: int) -> None:
    child = subprocess.Popen([sys.executable, "-c", _STUCK], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "imports\n"
    child.send_signal(number)
    _, err = child.communicate(timeout=60)

    assert (child.returncode, err) == (code, "")
