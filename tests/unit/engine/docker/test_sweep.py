"""Labels -> labs, and which of them are leftovers."""

from __future__ import annotations

import pytest

from labctl.engine.docker import sweep
from labctl.engine.docker.sweep import seen, swept
from tests.unit.engine.docker.fake_daemon import FakeDaemon, part


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDaemon:
    """A daemon with a lab of a living owner, of a dead one, and of somebody on another machine."""
    monkeypatch.setattr(sweep, "lives", {"alive": True, "dead": False, "elsewhere": None}.get)
    monkeypatch.setattr(sweep, "is_of_this_machine", lambda owner: owner != "elsewhere")
    containers = [
        part(f"{owner}-{host}", owner, host=host, owner=owner)
        for owner in ("alive", "dead", "elsewhere")
        for host in ("client", "cheerios")
    ]
    return FakeDaemon(containers, [part(f"n-{owner}", owner, owner=owner) for owner in ("alive", "dead", "elsewhere")])


def test_parts_of_one_lab_are_seen_as_one(daemon: FakeDaemon) -> None:
    assert [(one.lab, one.hosts, one.alive) for one in seen(daemon)] == [
        ("alive", ("cheerios", "client"), True),
        ("dead", ("cheerios", "client"), False),
        ("elsewhere", ("cheerios", "client"), None),
    ]


def test_a_network_alone_is_a_lab_too() -> None:
    assert [(one.lab, one.hosts) for one in seen(FakeDaemon([], [part("n1")]))] == [("l1", ())]


def test_only_what_dead_owners_left_is_swept(daemon: FakeDaemon) -> None:
    lines = swept(daemon, everything=False)

    assert [one.lab for one in seen(daemon)] == ["alive", "elsewhere"]
    assert lines == ["removed lab name of dead (dead) from docker, its owner is gone: cheerios, client"]


def test_everything_is_all_that_this_machine_made(daemon: FakeDaemon) -> None:
    assert len(swept(daemon, everything=True)) == 2
    assert [one.lab for one in seen(daemon)] == ["elsewhere"]


def test_a_second_sweep_finds_nothing(daemon: FakeDaemon) -> None:
    swept(daemon, everything=True)

    assert swept(daemon, everything=True) == []
