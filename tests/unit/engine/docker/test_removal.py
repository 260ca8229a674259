"""What labctl made on a daemon -> gone."""

from __future__ import annotations

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker import removal
from labctl.engine.docker.removal import remove_lab
from tests.unit.engine.docker.fake_daemon import FakeDaemon, part


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "_LOOK_AGAIN_S", 0.0)


def test_a_labs_containers_and_networks_go_and_nobody_elses() -> None:
    daemon = FakeDaemon([part("c1"), part("c2", "l2")], [part("n1"), part("n2", "l2")])

    remove_lab(daemon, "l1")

    assert (list(daemon.here), list(daemon.nets)) == (["c2"], ["n2"])


def test_a_network_that_is_busy_for_a_while_goes_in_the_end() -> None:
    daemon = FakeDaemon([part("c1")], [part("n1")], busy=3)

    remove_lab(daemon, "l1")

    assert not daemon.nets


def test_what_appears_after_the_first_look_goes_too() -> None:
    daemon = FakeDaemon([part("c1")], [part("n1")])
    daemon.late = [part("c3"), part("c2")]

    remove_lab(daemon, "l1", settled_looks=3)

    assert not daemon.here


def test_nothing_to_remove_is_fine() -> None:
    remove_lab(FakeDaemon([], []), "l1")


def test_what_can_not_be_removed_is_named() -> None:
    daemon = FakeDaemon([part("c1")], [part("n1")], busy=1000)

    with pytest.raises(EngineError, match=r"network n1.*active endpoints") as caught:
        remove_lab(daemon, "l1", within_s=0.0)

    assert not daemon.here
    assert caught.value.hint
