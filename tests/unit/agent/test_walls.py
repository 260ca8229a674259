"""What is seen on the machine's side of a lab's bridge -> what is open there."""

from __future__ import annotations

import socket

import pytest

from labctl.agent import walls
from labctl.agent.addresses import addresses
from labctl.agent.walls import CLOSED, holes, holes_in

SEEN = {"lo": ["127.0.0.1", "::1"], "eth0": ["192.0.2.2"], "lab-0a400100": []}
BRIDGE = "lab-0a400100"


def test_a_bridge_without_address_and_with_its_settings_is_closed() -> None:
    assert holes_in(SEEN, CLOSED, BRIDGE) == []


@pytest.mark.parametrize("address", ["10.64.1.1", "fe80::1", "fd51:717::1"])
def test_any_address_on_the_bridge_is_a_hole(address: str) -> None:
    """A link-local one is one, too."""
    [hole] = holes_in(SEEN | {BRIDGE: [address]}, CLOSED, BRIDGE)
    assert address in hole


@pytest.mark.parametrize("name", CLOSED)
def test_each_setting_that_is_not_in_force_is_a_hole(name: str) -> None:
    [hole] = holes_in(SEEN, CLOSED | {name: "0"}, BRIDGE)
    assert hole == f"the machine's setting {name.format(BRIDGE)} is 0, not {CLOSED[name]}"


def test_a_look_that_sees_nothing_says_so() -> None:
    """Without the positive control, the loopback's address, no address on the bridge means nothing."""
    assert holes_in({BRIDGE: []}, CLOSED, BRIDGE) == ["of the machine not even the loopback's address can be seen"]


def test_a_bridge_that_is_not_there_is_not_closed() -> None:
    assert "no bridge" in holes_in({"lo": ["127.0.0.1"]}, CLOSED, BRIDGE)[0]
    assert holes("lab-nowhere") != []


def test_the_kernels_addresses_are_seen() -> None:
    """Those of this machine: the loopback's, and every interface's that Python knows by itself."""
    known = addresses()
    assert "127.0.0.1" in known["lo"]
    assert set(known) == {name for _, name in socket.if_nameindex()}


def test_an_interface_with_an_address_is_open() -> None:
    """The same look at this machine's own loopback, taken for a bridge."""
    assert "the machine has the address 127.0.0.1 on the lab's bridge" in walls.holes("lo")
