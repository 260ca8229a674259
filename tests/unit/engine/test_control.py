"""Orders to the process that owns a lab, and its words: here the test is that process."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.control import Control
from labctl.engine.stream import give_order, hand_over, say, take_order, take_over


class Owner:
    """A control socket whose other end is played."""

    def __init__(self) -> None:
        ours, self.end = socket.socketpair()
        self.control = Control(ours)


@pytest.fixture
def owner() -> Iterator[Owner]:
    """An owner that has said nothing."""
    one = Owner()
    yield one
    one.control.close()
    one.end.close()


def test_orders_arrive_one_after_the_other_however_large() -> None:
    """And after the last one it is said that there are no more."""
    ours, theirs = socket.socketpair()
    orders: list[dict[str, Any]] = [{"hosts": ["x" * 500_000]}, {"halt": "cheerios"}]
    with ThreadPoolExecutor() as pool, theirs:
        taken = pool.submit(lambda: [take_order(theirs) for _ in range(3)])
        with ours:
            for order in orders:
                give_order(ours, order)
        assert taken.result(10) == [*orders, None]


def test_an_order_that_breaks_off_is_none() -> None:
    """Whoever gave it is gone."""
    ours, theirs = socket.socketpair()
    with theirs:
        with ours:
            ours.sendall((100).to_bytes(8, "big") + b"{")
        assert take_order(theirs) is None


def test_hosts_are_ordered_and_come_with_their_channels(owner: Owner) -> None:
    """Each by its name."""
    ours, theirs = socket.socketpair()
    hand_over(owner.end, ["cheerios"], [theirs])
    channels, words = owner.control.make({"hosts": ["cheerios"]}, 1, within_s=10)
    assert (set(channels), words) == ({"cheerios"}, {})
    assert take_order(owner.end) == {"hosts": ["cheerios"]}
    with ours:
        channels["cheerios"].close()
        assert ours.recv(1) == b""


def test_what_an_owner_said_before_it_went_is_heard(owner: Owner) -> None:
    """It tells more than that the order did not reach it."""
    say(owner.end, {"error": "unshare: Operation not permitted"})
    owner.end.close()
    assert owner.control.make({}, 1, within_s=10) == ({}, {"error": "unshare: Operation not permitted"})


def test_sidecars_are_ordered_and_come_with_their_channels(owner: Owner) -> None:
    """Each by the host that it is beside."""
    ours, theirs = socket.socketpair()
    hand_over(owner.end, ["cheerios"], [theirs])
    channels = owner.control.attend([{"host": "cheerios"}])
    assert set(channels) == {"cheerios"}
    assert take_order(owner.end) == {"attend": [{"host": "cheerios"}]}
    with ours:
        channels["cheerios"].close()
        assert ours.recv(1) == b""


def test_why_there_is_no_sidecar_is_told_with_the_owners_words(owner: Owner) -> None:
    """None of those that were ordered is there then."""
    say(owner.end, {"error": "setns: Operation not permitted"})
    with pytest.raises(EngineError, match="no host could be attended: setns: Operation not permitted"):
        owner.control.attend([{"host": "cheerios"}])


def test_without_an_owner_nothing_is_attended(owner: Owner) -> None:
    """Its lab is gone with it."""
    owner.end.close()
    with pytest.raises(EngineError, match="no host could be attended"):
        owner.control.attend([{"host": "cheerios"}])


def test_a_halt_is_over_when_the_owner_says_so(owner: Owner) -> None:
    """It is told which host."""
    say(owner.end, {"halted": "cheerios"})
    owner.control.halt("cheerios")
    assert take_order(owner.end) == {"halt": "cheerios"}


def test_a_halt_that_fails_is_told_with_the_owners_words(owner: Owner) -> None:
    """Whatever it says instead."""
    say(owner.end, {"error": "ip: Cannot find device"})
    with pytest.raises(EngineError, match="cheerios could not be halted: ip: Cannot find device"):
        owner.control.halt("cheerios")


def test_without_an_owner_nothing_is_halted(owner: Owner) -> None:
    """Its lab is gone with it."""
    owner.end.close()
    with pytest.raises(EngineError, match="cheerios could not be halted"):
        owner.control.halt("cheerios")


def test_why_the_lab_ended_is_heard_after_a_halt_too(owner: Owner) -> None:
    """Words that came together are told apart; as long as there are none, nothing is waited for."""
    say(owner.end, {"halted": "cheerios"})
    say(owner.end, {"error": "too much memory"})
    owner.control.halt("cheerios")
    assert owner.control.last_words() == "too much memory"
    assert owner.control.last_words() == ""


def test_a_channel_that_found_no_room_here_is_missed() -> None:
    """The kernel throws descriptors away that this process may not have (unix(7), SCM_RIGHTS)."""
    ours, theirs = socket.socketpair()
    with ours, theirs, socket.socket() as one:
        socket.send_fds(theirs, [b'{"hosts": ["left", "right"]}'], [one.fileno()])
        with pytest.raises(OSError, match="Too many open files"):
            take_over(ours, 2)


def test_an_end_with_words_unread_is_an_end_too() -> None:
    """The kernel calls it a reset connection; labctl has merely gone without listening."""
    ours, theirs = socket.socketpair()
    with theirs:
        say(theirs, {"error": "nobody reads this"})
        ours.close()

        assert take_order(theirs) is None
