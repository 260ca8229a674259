"""Why a host did not start, in words."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from labctl.engine.docker.answers import State
from labctl.engine.docker.channel import DockerChannel
from labctl.engine.docker.compose import Project
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.lab import DockerLab, broken_start
from labctl.plan.make import make_plan
from labctl.scenario.model import Family
from tests.unit.engine.docker.fake_daemon import FakeDaemon, part
from tests.unit.plan.wanted import compose, host, scenario


class OneContainer(FakeDaemon):
    """A daemon whose every container is in one state."""

    def __init__(self, state: State | None) -> None:
        super().__init__([], [])
        self._state = state

    def state(self, container: str) -> State | None:
        return self._state


def words(state: State | None, folder: Path) -> tuple[str, str]:
    plan = make_plan(scenario(host("client")), compose("client"), Family.IPV4)
    endpoint = Endpoint("unix:///x")
    lab = DockerLab("l1", plan, Project("labctl-l1", folder, ("true",), endpoint), endpoint)
    lab.daemon = OneContainer(state)
    lab.containers["client"] = "c1"
    error = broken_start(lab, "client")
    return str(error), error.hint


@pytest.mark.parametrize(
    ("state", "why"),
    [
        (None, "its container is gone"),
        (State("exited", 137, "", True), "it ran out of memory"),
        (State("exited", 1, "", False), "its first process ended with status 1"),
        (State("running", None, "", False), "its container is running, and its agent says nothing"),
    ],
)
def test_a_broken_start_is_told_by_the_containers_state(state: State | None, why: str, tmp_path: Path) -> None:
    assert words(state, tmp_path) == (f"host client did not start: {why}", "")


def test_an_image_without_python_is_told_what_it_lacks(tmp_path: Path) -> None:
    state = State("created", 127, 'exec: "python3": executable file not found in $PATH', False)

    message, hint = words(state, tmp_path)

    assert 'exec: "python3"' in message
    assert "Python" in hint


class Telling(FakeDaemon):
    """A daemon that tells what became of its containers, in order."""

    def __init__(self) -> None:
        super().__init__([], [part("n1"), part("n2", "another")])
        self.deeds: list[tuple[str, ...]] = []

    def disconnect(self, container: str, network: str) -> None:
        self.deeds.append(("disconnect", container, network))

    def kill(self, container: str) -> None:
        self.deeds.append(("kill", container))


def test_a_host_is_cut_off_before_it_is_killed(tmp_path: Path) -> None:
    """Otherwise its kernel would say goodbye for its programs. Once is enough, and the others are let be."""
    plan = make_plan(scenario(host("cheerios"), host("client")), compose("cheerios", "client"), Family.IPV4)
    endpoint = Endpoint("unix:///x")
    lab = DockerLab("l1", plan, Project("labctl-l1", tmp_path, ("true",), endpoint), endpoint)
    lab.daemon = daemon = Telling()
    lab.containers |= {"cheerios": "c1", "client": "c2"}
    ends = [socket.socketpair() for _ in plan.hosts]
    lab.channels_by_host |= {host.name: DockerChannel(end[0]) for host, end in zip(plan.hosts, ends, strict=True)}

    lab.halt("cheerios")
    lab.halt("cheerios")

    assert daemon.deeds == [("disconnect", "c1", "n1"), ("kill", "c1")]
    assert set(lab.channels) == {"client"}
    for ours, theirs in ends:
        ours.close()
        theirs.close()
