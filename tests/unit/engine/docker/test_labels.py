"""Owner label -> whether its lab is a leftover."""

from __future__ import annotations

import subprocess
import time

import pytest
from msgspec.structs import replace

from labctl.engine import owner
from labctl.engine.docker.labels import Made, labels, lives, made


@pytest.fixture
def me(monkeypatch: pytest.MonkeyPatch) -> owner.Owner:
    """This process on a machine that has an id."""
    me = replace(owner.myself(), machine="m1", boot="b1")
    monkeypatch.setattr("labctl.engine.docker.labels.myself", lambda: me)
    monkeypatch.setattr("labctl.engine.owner.myself", lambda: me)
    return me


def parts(owner_text: object, *, created: float = 0.0, runs: bool = False) -> list[Made]:
    return [Made("c1", "l1", "basic", "client", str(owner_text), created, runs)]


def test_a_running_owner_lives(me: owner.Owner) -> None:
    assert lives(parts(me)) is True


def test_an_owner_that_ended_is_dead(me: owner.Owner) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()

    assert lives(parts(replace(me, pid=ended.pid))) is False


def test_an_owner_whose_pid_is_somebody_elses_now_is_dead(me: owner.Owner) -> None:
    assert lives(parts(replace(me, start=me.start + 1))) is False


def test_an_owner_of_an_earlier_boot_is_dead(me: owner.Owner) -> None:
    assert lives(parts(replace(me, boot="b0"))) is False


def test_what_runs_or_is_new_may_be_of_a_copy_of_this_machine(me: owner.Owner) -> None:
    """Copies have one id and different boots; what an earlier boot of this one left neither runs nor is new."""
    copy = replace(me, boot="b0")

    assert lives([*parts(copy), *parts(copy, runs=True)]) is None
    assert lives([*parts(copy), *parts(copy, created=time.time())]) is None


@pytest.mark.parametrize("change", [{"machine": "m2"}, {"pid_namespace": "1"}])
def test_of_an_owner_elsewhere_nothing_can_be_told(me: owner.Owner, change: dict[str, str]) -> None:
    assert lives(parts(replace(me, **change))) is None


@pytest.mark.parametrize("text", ["", "nonsense", "a:b:c:d:e"])
def test_of_what_names_no_owner_nothing_can_be_told(text: str) -> None:
    assert lives(parts(text)) is None


def test_labels_are_found_again(me: owner.Owner) -> None:
    found = made("id", labels("l1", "basic", me) | {"labctl.host": "client", "other": "x"})

    assert (found.lab, found.name, found.host, found.owner) == ("l1", "basic", "client", str(me))
