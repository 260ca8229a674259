"""States of programs: what they block in, their children, whether they are stopped."""

from __future__ import annotations

import signal

import pytest

from tests.contract.hosts import StandingLab


def exactly(number: int) -> list[int]:
    """Bounds, as a condition has them."""
    return [number, number]


def test_a_wait_for_a_program_that_ends_is_over(any_lab: StandingLab) -> None:
    """Waiting for a program's state ends with the program, and says so, long before the deadline."""
    program = any_lab.host("left").begin("sleep", "0.3")
    answer = program.state({"children": exactly(7)})
    assert (answer.held, answer.ended) == (False, True)


BLOCKING = {
    "read": "import os; os.read(0, 1)",
    "accept": "import socket; socket.create_server(('', 51717)).accept()",
    "recvfrom": """
        import socket
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        one.bind(('', 51717))
        one.recvfrom(1)
    """,
    "wait": """
        import os, signal
        if os.fork() == 0:
            signal.pause()
        os.wait()
    """,
    "poll": "import select; select.select([], [], [])",
    "pause": "import signal; signal.pause()",
}


@pytest.mark.parametrize("call", BLOCKING)
def test_the_call_in_which_a_program_blocks_is_seen(lab: StandingLab, call: str) -> None:
    """A program that waits in the kernel is known to, by the call's name or its family's."""
    program = lab.host("left").begin_python(BLOCKING[call], window=True)
    assert program.state({"blocked": call}).held


def test_a_busy_program_blocks_nowhere(any_lab: StandingLab) -> None:
    """A program that runs is in no call."""
    program = any_lab.host("left").begin_python("print('ready')\nwhile True: pass").printed(b"ready\n")
    assert program.state({"blocked": "read"}, seconds=0).seen["blocked"] == []


def test_children_and_zombies_are_counted(any_lab: StandingLab) -> None:
    """`children` are the living ones, however deep; `zombies` those that ended and that nobody waited for."""
    program = (
        any_lab.host("left")
        .begin_python(
            """
        import os, signal, sys
        for _ in range(3):
            if os.fork() == 0:
                signal.pause()
        if os.fork() == 0:
            if os.fork() == 0:
                signal.pause()
            signal.pause()
        print("ready")
        sys.stdin.readline()
        for _ in range(2):
            if os.fork() == 0:
                os._exit(0)
        sys.stdin.readline()
        for _ in range(2):
            os.wait()
        signal.pause()
        """,
            window=True,
        )
        .printed(b"ready\n")
    )
    assert program.state({"children": exactly(5), "zombies": exactly(0)}).held
    program.feed(b"\n")
    assert program.state({"children": exactly(5), "zombies": exactly(2)}).held
    program.feed(b"\n")
    assert program.state({"zombies": exactly(0)}).held


def test_a_stopped_program_is_seen_to_be(any_lab: StandingLab) -> None:
    """A program that a signal has stopped blocks nowhere and is told to be stopped."""
    program = any_lab.host("left").begin("cat", window=True)
    assert program.state({"blocked": "read"}).held
    program.signal(signal.SIGSTOP)
    seen = program.state({}, seconds=0).seen
    assert seen["stopped"]
