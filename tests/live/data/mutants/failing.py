"""A testinfra module of which one test fails."""

from __future__ import annotations

from testinfra.host import Host


def test_right(host: Host) -> None:
    """It is the host of the step."""
    assert host.check_output("hostname") == "cheerios"


def test_wrong(host: Host) -> None:
    """It is no other."""
    assert host.check_output("hostname") == "client"
