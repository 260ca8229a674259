"""What CI asks of `labctl run`, as a process of its own, on namespaces: files, seeds, the last failures, a dry run."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from junitparser import JUnitXml

from labctl.plan.shipped import shipped

TOP = Path(__file__).parents[2]
ODD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: printf '\\033[2J\\000\\377]]>'\n    expect: {exit: 3}\n"
LOSSY = """\
hosts: {cheerios: {}, client: {}}
seed: 1
steps:
  - on: cheerios
    start: server-udp 51717
    ready: udp 51717
  - link: client -> cheerios
    only: udp 51717
    drop: 30%
  - on: client
    run: client-udp --count 40 cheerios 51717
    timeout: 60s
  - check: client -> cheerios
    only: udp 51717
    expect: {sent: 39}
  - stop: server-udp
"""
GOOD = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: 'true'\n"
SLOW = """\
hosts: {client: {}}
steps:
  - on: client
    run: sh -c 'echo begins; exec sleep 60'
    timeout: 2m
"""
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A project with its own compose.yaml and four scenarios."""
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (tmp_path / "compose.yaml").write_text(compose)
    for name, text in {"odd": ODD, "lossy": LOSSY, "good": GOOD, "slow": SLOW}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def begun(place: Path, *words: str) -> subprocess.Popen[str]:
    known = {key: value for key, value in os.environ.items() if not key.startswith(("GITHUB_", "LABCTL_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "labctl", "run", *words],
        cwd=place,
        env=known | {"PYTHONPATH": str(TOP), "DOCKER_HOST": "unix:///nonexistent/docker.sock"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ran(place: Path, *words: str) -> tuple[int, str, str]:
    child = begun(place, *words)
    out, err = child.communicate(timeout=120)
    return child.returncode, out, err


def test_odd_output_is_in_a_file_that_can_be_read(place: Path) -> None:
    """Written by a real program: ESC, NUL, a byte that is no UTF-8, and the end of a CDATA section."""
    code, _, err = ran(place, "--engine", "netns", "--junit", "r.xml", "odd.yaml", "good.yaml")
    [suite] = JUnitXml.fromfile(str(place / "r.xml"))
    odd = next(case for case in suite if case.name == "odd")

    assert (code, err, suite.tests, suite.failures) == (1, "", 2, 1)
    assert "\\x1b[2J\\x00\\xff]]>" in str(odd.system_out)
    assert subprocess.run(["xmllint", "--noout", place / "r.xml"], check=False).returncode == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_after_an_interrupt_the_file_says_what_is_known(place: Path, number: signal.Signals) -> None:
    child = begun(place, "--engine", "netns", "-v", "--junit", "r.xml", "good.yaml", "slow.yaml")
    assert child.stdout is not None
    for line in child.stdout:
        if line.endswith("| begins\n"):
            break
    child.send_signal(number)
    child.communicate(timeout=60)
    [suite] = JUnitXml.fromfile(str(place / "r.xml"))

    assert child.returncode == 128 + number
    assert [(case.name, [result.message for result in case.result]) for case in suite] == [
        ("good", []),
        ("slow", [f"interrupted by {number.name} before it was over"]),
    ]


def test_only_what_failed_is_run_again_until_it_passes(place: Path) -> None:
    assert ran(place, "--engine", "netns", "good.yaml", "odd.yaml")[0] == 1
    code, out, err = ran(place, "--engine", "netns", "--last-failed", ".", "-k", "not slow and not lossy")
    assert (code, out.splitlines()[0][:11]) == (1, "FAIL    odd")
    assert "labctl: --last-failed: 1 of 2 scenarios" in err
    assert "good" not in out

    (place / "odd.yaml").write_text(GOOD)
    assert ran(place, "--engine", "netns", "--last-failed", "good.yaml", "odd.yaml")[1].count("PASS") == 1
    code, out, err = ran(place, "--engine", "netns", "--last-failed", "good.yaml", "odd.yaml")
    assert (code, out.count("PASS")) == (0, 2)
    assert "all are run" in err


def dropped(place: Path, *words: str) -> tuple[list[int], str]:
    """Which datagrams a run of lossy.yaml lost, by the decisions in its journal; and what it told."""
    shutil.rmtree(place / ".labctl", ignore_errors=True)
    _, out, _ = ran(place, "--engine", "netns", *words, "lossy.yaml")
    [journal] = (place / ".labctl" / "runs").glob("*/journal.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    rows = [row for line in lines if line["event"] == "decided" for row in line["rows"]]
    return [ordinal for _, _, ordinal, verdict, *_ in rows if verdict == "drop"], out


def test_a_seed_says_what_is_lost_and_stands_in_the_command_that_runs_it_again(place: Path) -> None:
    """The same one loses the same datagrams; the scenario's own is 1."""
    plain, told = dropped(place)
    assert "--seed" not in told

    seven, told = dropped(place, "--seed", "7")
    assert "FAIL lossy on netns with seed 7" in told
    assert "again:   labctl run lossy --engine netns --seed 7\n" in told
    assert seven
    assert seven != plain

    assert dropped(place, "--seed", "7")[0] == seven
    assert dropped(place, "--seed", "1")[0] == plain


def test_a_dry_run_builds_nothing_and_needs_no_daemon(place: Path) -> None:
    code, out, err = ran(place, "--engine", "docker", "--dry-run", ".")

    assert (code, err) == (0, "")
    assert "    2  link client -> cheerios: drop 30% of udp 51717" in out.splitlines()
    assert out.splitlines()[-1] == "4 scenarios would be run on docker"
    assert not (place / ".labctl").exists()
