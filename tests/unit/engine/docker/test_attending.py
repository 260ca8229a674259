"""Sidecars on a daemon in memory: all that were asked for, or none."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence

import pytest

from labctl.agent.frames import Header, encode
from labctl.engine.contract import EngineError
from labctl.engine.docker.attending import Attendants, probed
from labctl.engine.docker.labels import LAB
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.make import make_plan
from labctl.scenario.model import Family
from tests.unit.engine.docker.fake_daemon import FakeDaemon, part
from tests.unit.plan.wanted import compose, host, scenario

PLAN = make_plan(scenario(host("cheerios"), host("client")), compose("cheerios", "client"), Family.IPV4)
HOSTS = {"cheerios": "c1", "client": "c2"}
LABELS = {LAB: "l1"}
HAS_NONE: Header = {"ev": "probed", "has_own_queue": False}


class SidecarDaemon(FakeDaemon):
    """Starts what is created, but for what shares a network with `refused`. A probe says its word at once."""

    def __init__(self, *, word: Header = HAS_NONE, refused: str = "", has_image: bool = True) -> None:
        super().__init__([], [])
        self.running: set[str] = set()
        self.peers: dict[str, socket.socket] = {}
        self._word, self._refused, self._has_image = word, refused, has_image

    def image_labels(self, image: str) -> dict[str, str] | None:
        return {} if image == SIDECAR_IMAGE and self._has_image else None

    def create_sidecar(
        self,
        image: str,
        words: Sequence[str],
        *,
        rights: Sequence[str],
        labels: Mapping[str, str],
        network: str,
        sets_sysctls: bool = False,
    ) -> str:
        made = network if "NET_ADMIN" in rights else f"capture in {network}"
        self.here[made] = part(made, labels[LAB])
        return made

    def attach(self, container: str) -> socket.socket | None:
        ours, self.peers[container] = socket.socketpair()
        if container == "none":
            said = encode(self._word)
            self.peers[container].sendall(b"\x01\0\0\0" + len(said).to_bytes(4, "big") + said)
        return ours

    def start(self, container: str) -> None:
        if container == f"container:{self._refused}":
            raise EngineError("cannot join network")
        self.running.add(container)

    def has_ended(self, container: str, *, within_s: int) -> bool:
        return container not in self.running

    def has_closed(self, container: str) -> bool:
        """Whether our end of its channel is closed."""
        peer = self.peers[container]
        peer.settimeout(10)
        while peer.recv(65536):
            pass
        return True


def test_each_host_gets_a_sidecar_in_its_own_network() -> None:
    """The container in which the packet filter was tried is gone by then."""
    daemon = SidecarDaemon()
    channels = Attendants(daemon, LABELS).begin(["client", "cheerios"], PLAN, HOSTS, "links")

    assert list(channels) == ["client", "cheerios"]
    assert set(daemon.here) == {"container:c1", "container:c2"}


def test_where_one_can_not_be_had_none_is_left() -> None:
    """Neither its container nor its channel."""
    daemon = SidecarDaemon(refused="c2")

    with pytest.raises(EngineError, match="cannot join network"):
        Attendants(daemon, LABELS).begin(["cheerios", "client"], PLAN, HOSTS, "links")
    assert daemon.here == {}
    assert daemon.has_closed("container:c1")


def test_one_that_was_there_before_outlives_the_failure_of_another() -> None:
    """It isn't taken for one of those that were just begun."""
    daemon = SidecarDaemon()
    attendants = Attendants(daemon, LABELS)
    attendants.begin(["cheerios"], PLAN, HOSTS, "links")

    with pytest.raises(EngineError, match="host cheerios is attended already"):
        attendants.begin(["client", "cheerios"], PLAN, HOSTS, "links")
    assert set(daemon.here) == {"container:c1"}


def test_one_that_has_ended_is_replaced() -> None:
    """Its container is removed first."""
    daemon = SidecarDaemon()
    attendants = Attendants(daemon, LABELS)
    attendants.begin(["cheerios"], PLAN, HOSTS, "links")
    former = daemon.peers["container:c1"]
    daemon.running.clear()

    assert set(attendants.begin(["cheerios"], PLAN, HOSTS, "links")) == {"cheerios"}
    assert daemon.peers["container:c1"] is not former
    former.close()


def test_what_records_stands_beside_what_looks_after_links() -> None:
    """With fewer rights, and without a try of the packet filter; it ends with the host, as the other does."""
    daemon = SidecarDaemon(word={"ev": "broken", "detail": "Operation not supported"})
    attendants = Attendants(daemon, LABELS)
    attendants.begin(["cheerios", "client"], PLAN, HOSTS, "capture")
    assert set(daemon.here) == {"capture in container:c1", "capture in container:c2"}
    with pytest.raises(EngineError, match="host cheerios is attended already, for its capture"):
        attendants.begin(["cheerios"], PLAN, HOSTS, "capture")

    attendants.end("cheerios")
    assert set(daemon.here) == {"capture in container:c2"}
    assert daemon.has_closed("capture in container:c1")


def test_without_the_image_it_is_said_how_to_get_it() -> None:
    """Nothing is created."""
    daemon = SidecarDaemon(has_image=False)

    with pytest.raises(EngineError, match=f"there is no image '{SIDECAR_IMAGE}'") as raised:
        Attendants(daemon, LABELS).begin(["cheerios"], PLAN, HOSTS, "links")
    assert raised.value.hint == "run `labctl build`"
    assert daemon.here == {}


def test_a_packet_filter_that_does_not_work_says_why() -> None:
    """Its container is removed all the same."""
    daemon = SidecarDaemon(word={"ev": "broken", "detail": "Operation not supported"})

    with pytest.raises(EngineError, match="Operation not supported"):
        probed(daemon, LABELS, "queue")
    assert daemon.here == {}
