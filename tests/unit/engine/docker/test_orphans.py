"""Compose whose labctl died is known by its environment, and ended; nobody else is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from labctl.engine.docker.orphans import OWNER, end_orphans, owner_in
from tests.contract.waiting import until

DEAD, ALIVE = "a test's dead owner", "a test's living owner"


@pytest.fixture
def processes() -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """A process of each owner, and one of nobody."""
    owners = {DEAD: {OWNER: DEAD}, ALIVE: {OWNER: ALIVE}, "": {f"NOT_{OWNER}": DEAD}}
    begun = {owner: subprocess.Popen(["sleep", "60"], env=os.environ | words) for owner, words in owners.items()}
    yield begun
    for process in begun.values():
        process.kill()
        process.wait()


def test_an_owner_is_read_from_the_environment(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    for owner, process in processes.items():
        assert until(lambda: owner_in(process.pid) == owner, within_s=10)  # noqa: B023  # asked at once


def test_only_what_a_dead_owner_left_is_ended(processes: dict[str, subprocess.Popen[bytes]]) -> None:
    ended = end_orphans(DEAD.__eq__)

    assert ended == 1
    assert processes[DEAD].wait(10) == -9
    assert [processes[ALIVE].poll(), processes[""].poll()] == [None, None]
    assert end_orphans(DEAD.__eq__) == 0
