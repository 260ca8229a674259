"""Labels -> labs, and which of them are leftovers."""

from __future__ import annotations

import time
from typing import Any

import pytest
from msgspec.structs import replace

from labctl.engine.contract import EngineError
from labctl.engine.docker import sweep
from labctl.engine.docker.labels import OWNER
from labctl.engine.docker.removal import remove_lab
from labctl.engine.docker.sweep import seen, swept
from tests.unit.engine.docker.fake_daemon import FakeDaemon, part

HOUR_S = 3600.0


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> FakeDaemon:
    """A daemon with a lab of a living owner, of a dead one, and of somebody on another machine, all two hours old."""
    monkeypatch.setattr(sweep, "lives", lambda parts: {"alive": True, "dead": False}.get(parts[0].owner))
    containers = [
        part(f"{owner}-{host}", owner, host=host, owner=owner)
        for owner in ("alive", "dead", "elsewhere")
        for host in ("client", "cheerios")
    ]
    networks = [part(f"n-{owner}", owner, owner=owner) for owner in ("alive", "dead", "elsewhere")]
    old = time.time() - 2 * HOUR_S
    return FakeDaemon(
        [replace(one, created=old) for one in containers], [replace(one, created=old) for one in networks]
    )


def labs(daemon: FakeDaemon) -> list[str]:
    return [one.lab for one in seen(daemon)]


def test_parts_of_one_lab_are_seen_as_one(daemon: FakeDaemon) -> None:
    assert [(one.lab, one.hosts, one.alive) for one in seen(daemon)] == [
        ("alive", ("cheerios", "client"), True),
        ("dead", ("cheerios", "client"), False),
        ("elsewhere", ("cheerios", "client"), None),
    ]


def test_a_network_alone_is_a_lab_too() -> None:
    assert [(one.lab, one.hosts) for one in seen(FakeDaemon([], [part("n1")]))] == [("l1", ())]


def test_only_what_dead_owners_left_is_swept(daemon: FakeDaemon) -> None:
    lines = swept(daemon)

    assert labs(daemon) == ["alive", "elsewhere"]
    assert lines == ["removed lab name of dead (dead) from docker, its owner is gone: cheerios, client"]


def test_whose_owner_can_not_be_judged_goes_when_it_is_old_enough(daemon: FakeDaemon) -> None:
    """A living owner's lab stays, however old it is."""
    swept(daemon, older_than_s=3 * HOUR_S)
    assert labs(daemon) == ["alive", "elsewhere"]

    assert len(swept(daemon, older_than_s=HOUR_S)) == 1
    assert labs(daemon) == ["alive"]


def test_a_lab_is_as_old_as_its_newest_part(daemon: FakeDaemon) -> None:
    daemon.here["new"] = replace(part("new", "elsewhere", owner="elsewhere"), created=time.time())

    assert swept(daemon, older_than_s=HOUR_S)[1:] == []
    assert labs(daemon) == ["alive", "elsewhere"]


def test_what_says_that_it_is_of_a_dead_owners_lab_but_is_somebody_elses_stays(daemon: FakeDaemon) -> None:
    daemon.here["other"] = part("other", "dead", owner="alive")
    swept(daemon)

    assert [one.id for one in daemon.containers("dead")] == ["other"]


def test_a_container_of_an_image_that_was_made_of_a_labs_host_is_its_makers(daemon: FakeDaemon) -> None:
    """`docker commit` writes the host's labels into the image, and they come to all that is made from it."""
    daemon.here["theirs"] = replace(part("theirs", "dead", owner="dead"), image="committed")
    daemon.images["committed"] = {OWNER: "dead"}

    assert len(swept(daemon)) == 1
    assert [one.id for one in daemon.containers("dead")] == ["theirs"]
    assert swept(daemon) == []


def test_a_second_sweep_finds_nothing(daemon: FakeDaemon) -> None:
    swept(daemon)

    assert swept(daemon) == []


def test_what_can_not_be_removed_keeps_nothing_else_from_being_swept(
    daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said, once."""
    monkeypatch.setattr(sweep, "lives", lambda parts: False if parts[0].owner in ("alive", "dead") else None)

    def stuck(its: FakeDaemon, lab: str, **words: Any) -> None:  # Any: what remove_lab takes
        if lab == "alive":
            raise EngineError("of lab alive this could not be removed", hint="remove it with 'docker network rm'")
        remove_lab(its, lab, **words)

    monkeypatch.setattr(sweep, "remove_lab", stuck)
    lines = swept(daemon)

    assert [line for line in lines if "could not be removed" in line] == [
        "of lab alive this could not be removed; remove it with 'docker network rm'"
    ]
    assert labs(daemon) == ["alive", "elsewhere"]
