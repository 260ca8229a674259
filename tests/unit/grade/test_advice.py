"""What was seen to happen tells what to look at."""

from __future__ import annotations

import pytest

from labctl.grade.advice import advice
from labctl.observe.story import HostSeen, Story
from labctl.runner.outcome import Verdict
from tests.unit.report.outcomes import program, scenario, step
from tests.unit.report.telling import Telling

FAILED = scenario(Verdict.FAIL, step(1, "wait for server", Verdict.FAIL))
PORT = '{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr("0.0.0.0")}'


def told(*calls: tuple[int, int | None, str, str], title: str = "cheerios: start server 51717", pid: int = 7) -> Story:
    """What a server did: when each call began and ended (µs), the call, and its result."""
    telling = Telling(HostSeen("cheerios", ("10.51.0.2",)))
    server = telling.lane("cheerios", "server", "server 51717")
    telling.step(0, 90_000, title)
    for begins, ends, written, result in calls:
        telling.call(server, begins, ends, written, result, socket="TCP", pid=pid)
    return telling.story("x", "", "", verdict="fail")


def bound(port: int) -> tuple[int, int | None, str, str]:
    return (10, 20, f"bind(3<TCP>, {PORT % port}, 16)", "0")


def test_a_port_with_its_bytes_swapped_is_recognised() -> None:
    [words] = advice(FAILED, told(bound(1482)))

    assert "called bind with port 1482, which is 51717 with its two bytes swapped" in words
    assert "htons" in words


def test_another_port_is_not_taken_for_a_swapped_one() -> None:
    """It is just another."""
    assert advice(FAILED, told(bound(51717))) == ()
    assert advice(FAILED, told(bound(4000))) == ()


def test_a_server_that_never_answers_is_told_so() -> None:
    words = advice(FAILED, told(bound(51717), (30, 40, 'read(4<TCP>, "hello\\n", 255)', "6")))

    assert words == ("server read 6 bytes and never wrote an answer: its client waits for one",)


def test_a_server_that_reads_on_is_told_what_it_waits_for() -> None:
    first, second = (30, 40, 'read(4<TCP>, "hello\\n", 255)', "6"), (50, None, "read(4<TCP>, ", "?")
    [words] = advice(FAILED, told(bound(51717), first, second))

    assert words.startswith("server read 6 bytes and never wrote an answer: it waits for more in another read")


def test_a_read_that_ended_when_the_client_was_gone_was_a_wait_too() -> None:
    first, second = (30, 40, 'read(4<TCP>, "hello\\n", 255)', "6"), (50, 9_000_050, "read(4<TCP>, 249)", "0")
    [words] = advice(FAILED, told(bound(51717), first, second))

    assert "it waits for more in another read" in words


def test_a_server_that_answers_is_not_blamed() -> None:
    read, wrote = (30, 40, 'read(4<TCP>, "hello\\n", 255)', "6"), (50, 60, 'write(4<TCP>, "I got it", 8)', "8")

    assert advice(FAILED, told(bound(51717), read, wrote)) == ()


def test_a_connection_that_is_never_closed_is_told() -> None:
    """By a server that goes on to the next; one that ends has closed all it had."""
    accepted, again = (30, 40, "accept(3<TCP>, NULL, NULL)", "4"), (50, None, "accept(3<TCP>, ", "?")
    [words] = advice(FAILED, told(bound(51717), accepted, again))

    assert words.startswith("server never closed what accept gave it")
    closed = (45, 46, "close(4<TCP>)", "0")
    assert advice(FAILED, told(bound(51717), accepted, closed, again)) == ()
    assert advice(FAILED, told(bound(51717), accepted)) == ()


def test_a_loop_without_a_way_out_is_told() -> None:
    reads = [(100 + n, 101 + n, "read(4<TCP>, 255)", "0") for n in range(1000)]
    words = advice(FAILED, told(bound(51717), *reads))

    assert "server called read 1000 times in vain: a result of 0 or -1 must end its loop" in words


@pytest.mark.parametrize(
    ("signal", "words"), [("SEGV", "sizes of buffers"), ("ABRT", "past its end"), ("PIPE", "closed")]
)
def test_a_crash_is_explained(signal: str, words: str) -> None:
    """Without a record, too."""
    crashed = step(1, "x", Verdict.FAIL, programs=(program("server", ending=f"signal {signal}"),))
    [said] = advice(scenario(Verdict.FAIL, crashed), None)

    assert said.startswith(f"server was ended by SIG{signal}: ")
    assert words in said


@pytest.mark.parametrize("ending", ["signal KILL", "signal TERM", "exit 0", "still running"])
def test_who_was_ended_by_the_scenario_has_not_crashed(ending: str) -> None:
    ended = step(1, "x", Verdict.FAIL, programs=(program("server", ending=ending),))

    assert advice(scenario(Verdict.FAIL, ended), None) == ()


def test_children_that_nobody_waits_for_are_told() -> None:
    complaint = "server-fork was not so within 10 s: zombies: expected 0, came 5"
    [words] = advice(scenario(Verdict.FAIL, step(1, "x", Verdict.FAIL, complaints=(complaint,))), None)

    assert words.startswith("server-fork has not waited for its children, of whom 5 have ended")
