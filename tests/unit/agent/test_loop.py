"""The loop calls what is due, and only while somebody wants it."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator

import pytest

from labctl.agent.loop import Loop, offset_ns


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two connected sockets."""
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_moments_come_in_order_of_time() -> None:
    """What is due earlier is called earlier; what is due at the same time, in the order it was asked for."""
    loop, called = Loop(), list[str]()
    loop.after(0.02, lambda: called.append("late"))
    loop.after(0, lambda: called.append("first"))
    loop.after(0, lambda: called.append("second"))
    loop.after(0.03, loop.stop)
    loop.run()
    assert called == ["first", "second", "late"]


def test_a_descriptor_is_called_for_when_it_is_readable(pair: tuple[socket.socket, socket.socket]) -> None:
    """Nothing is called for before there is something to read."""
    ours, theirs = pair
    loop, called = Loop(), list[bytes]()

    def read() -> None:
        called.append(ours.recv(10))
        loop.stop()

    loop.on_readable(ours.fileno(), read)
    loop.after(0, lambda: theirs.sendall(b"hello") if not called else None)
    loop.run()
    assert called == [b"hello"]


def test_both_directions_of_a_descriptor_are_apart(pair: tuple[socket.socket, socket.socket]) -> None:
    """Taking back one of them leaves the other."""
    ours, theirs = pair
    loop, called = Loop(), list[str]()

    def write() -> None:
        called.append("writable")
        loop.on_writable(ours.fileno(), None)
        theirs.sendall(b"x")

    def read() -> None:
        called.append("readable")
        loop.on_readable(ours.fileno(), None)
        loop.stop()

    loop.on_readable(ours.fileno(), read)
    loop.on_writable(ours.fileno(), write)
    assert ours.fileno() in loop
    loop.run()
    assert called == ["writable", "readable"]
    assert ours.fileno() not in loop


def test_what_was_taken_back_is_not_called(pair: tuple[socket.socket, socket.socket]) -> None:
    """A call may take back another one that was due in the same round."""
    ours, theirs = pair
    loop, called = Loop(), list[str]()
    ours.sendall(b"x")
    theirs.sendall(b"x")

    def only_one(name: str, other: int) -> None:
        called.append(name)
        loop.on_readable(other, None)
        loop.stop()

    loop.on_readable(ours.fileno(), lambda: only_one("ours", theirs.fileno()))
    loop.on_readable(theirs.fileno(), lambda: only_one("theirs", ours.fileno()))
    loop.run()
    assert len(called) == 1


def test_taking_back_what_nobody_asked_for_is_nothing() -> None:
    """Clean-up need not know whether there is something to clean up."""
    loop = Loop()
    come, go = os.pipe()
    loop.on_readable(come, None)
    loop.on_writable(go, None)
    assert come not in loop
    os.close(come)
    os.close(go)


def test_a_call_may_ask_for_another_moment() -> None:
    """A moment that is asked for while another is called comes, too."""
    loop, count = Loop(), list[int]()

    def again() -> None:
        count.append(len(count))
        if len(count) == 3:
            loop.stop()
        else:
            loop.after(0, again)

    loop.after(0, again)
    loop.run()
    assert count == [0, 1, 2]


def test_the_offset_makes_the_time_of_day_of_the_time_that_never_jumps() -> None:
    """To within what passed while it was looked at."""
    before = time.time_ns(), time.monotonic_ns()
    offset = offset_ns()
    after = time.time_ns(), time.monotonic_ns()
    assert before[0] - after[1] <= offset <= after[0] - before[1]
