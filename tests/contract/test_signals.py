"""A signal has taken effect when its answer comes."""

from __future__ import annotations

import signal

from tests.contract.hosts import StandingLab

SLEEPER = """
    import signal, sys, time
    signal.signal(signal.SIGUSR1, lambda *_: print("caught USR1"))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(9))
    print("ready")
    while True:
        time.sleep(60)
"""


def test_stop_has_stopped_the_program_when_it_is_answered(any_lab: StandingLab) -> None:
    """After STOP the program is in state T, as another program sees it; after CONT it is not."""
    left = any_lab.host("left")
    program = left.begin_python(SLEEPER).printed(b"ready\n")
    assert left.state_of(program.pid) in "SR"  # so the T below means something
    assert program.signal(signal.SIGSTOP).get("ok")
    assert left.state_of(program.pid) == "T"
    assert program.signal(signal.SIGCONT).get("ok")
    assert left.state_of(program.pid) in "SR"


def test_a_stopped_program_goes_on_after_cont(any_lab: StandingLab) -> None:
    """What was sent to a stopped program takes effect once it goes on."""
    program = any_lab.host("left").begin_python(SLEEPER).printed(b"ready\n")
    program.signal(signal.SIGSTOP)
    late = program.ask("signal", signal=int(signal.SIGUSR1), seconds=0)
    assert not program.host.conversation.answer(late).get("ok")  # pending: it is stopped
    program.signal(signal.SIGCONT)
    program.printed(b"caught USR1\n")


def test_a_caught_signal_reaches_the_programs_handler(any_lab: StandingLab) -> None:
    """A program that handles a signal does what its handler does."""
    program = any_lab.host("left").begin_python(SLEEPER).printed(b"ready\n")
    assert program.signal(signal.SIGUSR1).get("ok")
    program.printed(b"caught USR1\n")
    assert program.signal(signal.SIGTERM).get("ok")
    assert program.ended().ending == "exit 9"


def test_a_signal_that_ends_the_program_has_ended_it(any_lab: StandingLab) -> None:
    """KILL and an uncaught signal are answered when the program is gone, not when they were sent."""
    left = any_lab.host("left")
    for number in (signal.SIGKILL, signal.SIGHUP):
        program = left.begin("sleep", "60")
        assert program.signal(number).get("ok")
        assert left.state_of(program.pid) in ("", "Z")
        assert program.ended().program.signal == number


def test_a_signal_goes_to_the_program_alone(any_lab: StandingLab) -> None:
    """A program's children don't get the signal: what they do is the program's affair."""
    program = any_lab.host("left").begin_python(
        """
        import os, time
        parent = os.getpid()
        child = os.fork()
        if child == 0:
            while os.getppid() == parent:
                time.sleep(0.001)
            print("child lives")
        else:
            print("ready", child)
            time.sleep(60)
        """
    )
    program.printed(b"ready")
    program.signal(signal.SIGTERM)
    assert program.ended().ending == "signal TERM"
    assert b"child lives\n" in program.gone().stdout


def test_a_signal_to_a_program_that_has_ended_is_refused(any_lab: StandingLab) -> None:
    """There is nothing to send it to, and nobody else gets it."""
    program = any_lab.host("left").run("true")
    assert program.signal(signal.SIGTERM)["error"] == "ended"


def test_kill_ends_the_program_and_all_that_it_started(any_lab: StandingLab) -> None:
    """The request to kill a program ends its children and its daemons, too."""
    left = any_lab.host("left")
    program = left.begin("sh", "-c", "setsid sleep 60 & echo $!; sleep 60 & echo $!; echo ready; wait")
    children = [int(line) for line in program.printed(b"ready\n").stdout.split()[:2]]
    assert "" not in [left.state_of(pid) for pid in children]  # so their absence below means something
    assert program.answer("kill").get("ok")
    assert program.ended().gone().ending == "signal KILL"
    assert [left.state_of(pid) for pid in children] == ["", ""]
