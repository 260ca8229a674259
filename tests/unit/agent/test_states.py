"""What is seen is held against what is wanted: pure."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.agent.processes import Process
from labctl.agent.sockets import Socket
from labctl.agent.states import PortWanted, at_port, bound_to, missing, seen_at_port, seen_of_program


def tcp(
    local: tuple[str, int],
    remote: tuple[str, int] = ("0.0.0.0", 0),
    *,
    state: str = "established",
    received: int = 0,
    sent: int = 0,
    protocol: str = "tcp",
    dropped: int = 0,
    ipv6_only: bool = False,
) -> Socket:
    """A socket, with nothing in its queues."""
    return Socket(protocol, local, remote, state, received, sent, dropped, 1, ipv6_only)


def port(number: int | None = 51717, addresses: list[str] | None = None, protocol: str = "tcp") -> PortWanted:
    """A port that somebody asks for."""
    return PortWanted(protocol, number, addresses, None)


LISTENER = tcp(("0.0.0.0", 51717), state="listening", received=2)
CONNECTION = tcp(("10.51.0.2", 51717), ("10.51.0.3", 40000), received=5, sent=7)
ELSEWHERE = tcp(("10.51.0.2", 80), ("10.51.0.3", 40001))


def test_a_port_has_the_sockets_at_both_ends() -> None:
    """Those bound to it, and those that talk to it from here."""
    client = tcp(("10.51.0.2", 40002), ("10.51.0.4", 51717))
    assert at_port(port(), [LISTENER, CONNECTION, ELSEWHERE, client]) == [LISTENER, CONNECTION, client]
    assert bound_to(port(), [LISTENER, CONNECTION, ELSEWHERE, client]) == [LISTENER, CONNECTION]


def test_an_address_narrows_a_port() -> None:
    """With an address only sockets there count, and those that are bound to every address."""
    only = port(addresses=["10.51.0.2"])
    other = tcp(("127.0.0.1", 51717), state="listening")
    assert bound_to(only, [LISTENER, CONNECTION, other]) == [LISTENER, CONNECTION]


@pytest.mark.parametrize(
    ("address", "ipv6_only", "asked", "counts"),
    [
        ("0.0.0.0", False, "10.51.0.2", True),
        ("0.0.0.0", False, "fd51:717::2", False),
        ("::", False, "10.51.0.2", True),
        ("::", True, "10.51.0.2", False),
        ("::", True, "fd51:717::2", True),
        ("::ffff:10.51.0.2", False, "10.51.0.2", True),
    ],
)
def test_a_wildcard_counts_for_the_families_that_it_takes(
    address: str, ipv6_only: bool, asked: str, counts: bool
) -> None:
    """0.0.0.0 takes IPv4; :: takes both, or IPv6 only where it was told so."""
    listener = tcp((address, 51717), state="listening", ipv6_only=ipv6_only)
    assert bool(bound_to(port(addresses=[asked]), [listener])) is counts


def test_a_port_without_a_number_is_every_port() -> None:
    """`tcp any` counts all sockets that have a port, and those that have none don't count."""
    assert bound_to(port(number=None), [LISTENER, ELSEWHERE, tcp(("0.0.0.0", 0))]) == [LISTENER, ELSEWHERE]


def test_the_states_of_a_tcp_port() -> None:
    """A listening socket's queue is who waits, a connection's what is unread and unacknowledged."""
    seen = seen_at_port(port(), [LISTENER, CONNECTION, ELSEWHERE, tcp(("0.0.0.0", 51717), state="time-wait")])
    assert seen == {
        "listening": True, "waiting": 2, "unread": 5, "unacked": 7, "overflowed": 0, "closing": 0, "syn-sent": 0,
        "syn-received": 0, "established": 1, "fin-wait": 0, "close-wait": 0, "time-wait": 1,
    }  # fmt: skip


def test_a_port_counts_those_that_wait_for_the_last_acknowledgement() -> None:
    """Whatever their state is called."""
    waits = tcp(("10.51.0.2", 51717), ("10.51.0.3", 40000), state="fin-wait")._replace(awaits_last_ack=True)
    assert seen_at_port(port(), [LISTENER, waits, waits._replace(awaits_last_ack=False)])["closing"] == 1


def test_the_states_of_a_datagram_port() -> None:
    """Its socket's queue is what is unread; nobody waits to be accepted."""
    bound = tcp(("0.0.0.0", 51717), state="listening", received=768, dropped=3, protocol="udp")
    seen = seen_at_port(port(protocol="udp"), [bound])
    assert (seen["listening"], seen["waiting"], seen["unread"], seen["overflowed"]) == (True, 0, 768, 3)


def test_the_states_of_a_unix_socket() -> None:
    """It is asked for by its path."""
    listener = tcp(("/tmp/s", 0), state="listening", received=1, protocol="unix")
    wanted = PortWanted("unix", None, None, "/tmp/s")
    assert seen_at_port(wanted, [listener])["waiting"] == 1
    assert seen_at_port(PortWanted("unix", None, None, "/tmp/t"), [listener])["listening"] is False


def process(pid: int, parent: int, state: str = "S") -> Process:
    """A process."""
    return Process(pid, parent, 1, state, "x")


def test_the_states_of_a_program() -> None:
    """Its living descendants and its zombies, however deep; others' don't count."""
    listed = [process(5, 1), process(6, 5), process(7, 6, "Z"), process(8, 5, "T"), process(9, 1)]
    among = {one.pid: one for one in listed}
    seen = seen_of_program(5, among, ["read", "accept4", "read"], stopped=False)
    assert seen == {"children": 2, "zombies": 1, "blocked": ["accept4", "read"], "stopped": False}
    assert seen_of_program(8, among, [], stopped=True)["stopped"] is True


@pytest.mark.parametrize(
    ("wanted", "seen", "lacking"),
    [
        ({}, {"waiting": 1}, []),
        ({"listening": True}, {"listening": True}, []),
        ({"listening": False}, {"listening": True}, ["listening"]),
        ({"waiting": [2, 2]}, {"waiting": 2}, []),
        ({"waiting": [2, 2]}, {"waiting": 3}, ["waiting"]),
        ({"waiting": [2, None]}, {"waiting": 3}, []),
        ({"waiting": [None, 2]}, {"waiting": 3}, ["waiting"]),
        ({"waiting": [None, None]}, {"waiting": 0}, []),
        ({"waiting": [0, 0]}, {}, ["waiting"]),
        ({"blocked": "accept"}, {"blocked": ["accept4"]}, []),
        ({"blocked": "read"}, {"blocked": ["recvfrom"]}, []),
        ({"blocked": "read"}, {"blocked": []}, ["blocked"]),
        ({"blocked": "read"}, {}, ["blocked"]),
        ({"listening": True, "waiting": [1, 1]}, {"listening": False, "waiting": 0}, ["listening", "waiting"]),
    ],
)
def test_what_is_missing_is_named(wanted: dict[str, Any], seen: dict[str, Any], lacking: list[str]) -> None:
    """Each word that isn't so is named; an empty list is success."""
    assert missing(wanted, seen) == lacking
