"""What a `pytest` step runs: testinfra's Host of each of the step's hosts, and every host of the lab by name."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from testinfra.host import Host


def test_host_is_one_of_the_lab(host: Host, lab: Mapping[str, Host]) -> None:
    """`host` is the host of the step, `lab` has it too, under its name."""
    name = host.check_output("hostname")

    assert lab[name].check_output("hostname") == name


def test_lab_has_every_host(lab: Mapping[str, Host]) -> None:
    """Counted ones each; an absent one is no host."""
    assert sorted(lab) == ["cheerios", "client-1", "client-2"]


def test_hosts_reach_each_other(lab: Mapping[str, Host]) -> None:
    """A server that a step has started listens, and a client on another host can be run against it."""
    assert lab["cheerios"].socket("tcp://51717").is_listening

    answered = lab["client-1"].run("echo hello | client cheerios 51717")

    assert answered.succeeded
    assert "I got your message" in answered.stdout


@pytest.mark.parametrize("path", ["/etc/hosts", "/etc/hostname"])
def test_modules_with_arguments(host: Host, path: str) -> None:
    """What a THING can't be asked."""
    assert host.file(path).contains(host.check_output("hostname"))
