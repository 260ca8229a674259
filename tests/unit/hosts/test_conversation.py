"""One thread talks to all agents: here the test is the agents."""

from __future__ import annotations

import os
import socket

import pytest

from labctl.agent.frames import Header, encode
from labctl.engine.stream import SocketChannel
from labctl.hosts.conversation import Cancelled, Conversation, LabBroke
from tests.unit.hosts.stage import HELLO, Stage, program


def test_hosts_are_greeted_when_all_have_said_hello(stage: Stage) -> None:
    """In whatever order they do."""
    for host in ("right", "left"):
        stage.says(host, HELLO)
    stage.conversation.greet()
    assert set(stage.conversation.hellos) == {"left", "right"}


def test_a_host_that_can_not_hold_programs_is_refused(stage: Stage) -> None:
    """An agent that found a limit missing isn't worked with."""
    stage.says("left", {"ev": "hello", "in_force": {"error": "capset: Operation not permitted"}})
    stage.says("right", HELLO)
    with pytest.raises(LabBroke, match="left can't be kept within their limits: capset"):
        stage.conversation.greet()


def test_each_answer_belongs_to_its_question(stage: Stage) -> None:
    """Answers may come in any order, and from both hosts."""
    one, two = stage.conversation.ask("left", "one"), stage.conversation.ask("left", "two")
    three = stage.conversation.ask("right", "three")
    asked = [header for header, _ in stage.heard_by("left")]
    stage.says("right", {"re": stage.heard_by("right")[0][0]["id"], "n": 3})
    for header in reversed(asked):
        stage.says("left", {"re": header["id"], "n": header["do"]})
    assert stage.conversation.answer(one)["n"] == "one"
    assert stage.conversation.answer(two)["n"] == "two"
    assert stage.conversation.answer(three)["n"] == 3


def test_no_answer_is_a_broken_lab(stage: Stage) -> None:
    """An agent answers at once or at its own deadline; one that doesn't is none."""
    with pytest.raises(LabBroke, match="the agent on left doesn't answer"):
        stage.conversation.answer(stage.conversation.ask("left", "x"), timeout_s=0.01)


def test_what_happens_to_a_program_is_kept_with_it(stage: Stage) -> None:
    """Output by stream, that it was cut, its end, and that nothing of it is left."""
    one = program()
    stage.conversation.programs["left", "p"] = one
    stage.says("left", {"ev": "output", "program": "p", "stream": "stdout"}, b"out")
    stage.says("left", {"ev": "output", "program": "p", "stream": "stderr"}, b"err")
    stage.says("left", {"ev": "cut", "program": "p", "stream": "stdout"})
    stage.says("left", {"ev": "ended", "program": "p", "status": None, "signal": 9, "t": 7, "limit": "time"})
    stage.says("left", {"ev": "gone", "program": "p"})
    assert stage.conversation.until(lambda: one.is_gone, timeout_s=10)
    assert (bytes(one.printed["stdout"]), bytes(one.printed["stderr"]), one.is_cut) == (b"out", b"err", True)
    assert (one.has_ended, one.ending, one.limit, one.ended_ns) == (True, "signal KILL", "time", 7)
    assert [header["ev"] for _, header in stage.heard] == ["output", "output", "cut", "ended", "gone"]


def test_another_hosts_program_of_the_same_key_is_another_program(stage: Stage) -> None:
    """Keys are a host's own."""
    left, right = program("left"), program("right")
    stage.conversation.programs |= {("left", "p"): left, ("right", "p"): right}
    stage.says("right", {"ev": "output", "program": "p", "stream": "stdout"}, b"right")
    assert stage.conversation.until(lambda: bool(right.printed["stdout"]), timeout_s=10)
    assert not left.printed["stdout"]


def test_what_does_not_come_is_not_waited_for_for_ever(stage: Stage) -> None:
    """`until` says that it didn't come in time."""
    assert not stage.conversation.until(lambda: False, timeout_s=0.01)


def test_a_host_that_is_gone_is_a_broken_lab(stage: Stage) -> None:
    """Its channel's end says so, with the engine's words if it has some."""
    stage.agents["right"].close()
    with pytest.raises(LabBroke, match="host right is gone"):
        stage.conversation.pump(1)
    stage.words = "the lab's programs used more than 512 MiB of memory together"
    with pytest.raises(LabBroke, match="more than 512 MiB"):
        stage.conversation.ask("right", "x", bytes(1 << 20))


def test_a_host_that_is_forgotten_may_go(stage: Stage) -> None:
    """What it said before is heard, its end is not, its programs are lost, and the others are talked to."""
    lost, ended, other = program(), program(), program("right")
    stage.conversation.programs |= {("left", "p"): lost, ("left", "q"): ended, ("right", "p"): other}
    stage.says("left", {"ev": "output", "program": "p", "stream": "stdout"}, b"before")
    stage.says("left", {"ev": "ended", "program": "q", "status": 3, "signal": None, "t": 7, "limit": ""})

    stage.conversation.forget("left")
    stage.agents["left"].close()
    stage.says("right", {"ev": "output", "program": "p", "stream": "stdout"}, b"after")

    assert stage.conversation.until(lambda: bool(other.printed["stdout"]), timeout_s=10)
    assert bytes(lost.printed["stdout"]) == b"before"
    assert (lost.ending, ended.ending, other.ending) == ("lost with its host", "exit 3", "still running")
    with pytest.raises(LabBroke, match="left can't be asked: it was halted"):
        stage.conversation.ask("left", "x")


class Joined:
    """A sidecar that has joined under a name. `ended`: what was told of its end."""

    def __init__(self, stage: Stage, *, is_missed: bool) -> None:
        ours, self.end = socket.socketpair()
        self.channel = SocketChannel(ours)
        self.events: list[tuple[Header, bytes]] = []
        self.ended: list[str] = []
        on_end = None if is_missed else self.ended.append
        stage.conversation.join(
            "beside left", self.channel, lambda header, body: self.events.append((header, body)), on_end
        )

    def says(self, header: Header, body: bytes = b"") -> None:
        self.end.sendall(encode(header, body))


def test_what_happens_beside_a_host_is_told_to_who_joined_it(stage: Stage) -> None:
    """With its body; packets to nobody else."""
    joined = Joined(stage, is_missed=False)
    joined.says({"ev": "hello"})
    joined.says({"ev": "packets", "count": 1}, b"bytes")
    joined.says({"ev": "cut"})
    assert stage.conversation.until(lambda: len(joined.events) == 3, timeout_s=10)
    assert joined.events == [({"ev": "hello"}, b""), ({"ev": "packets", "count": 1}, b"bytes"), ({"ev": "cut"}, b"")]
    assert stage.heard == [("beside left", {"ev": "hello"}), ("beside left", {"ev": "cut"})]


def test_the_end_of_a_sidecar_breaks_the_lab(stage: Stage) -> None:
    """What it saw to can't be relied on."""
    Joined(stage, is_missed=True).end.close()
    with pytest.raises(LabBroke, match="what looks after the beside left is gone"):
        stage.conversation.pump(1)


def test_the_end_of_a_sidecar_may_be_told_instead(stage: Stage) -> None:
    """Once, with its last word; and the hosts are talked to as before."""
    joined = Joined(stage, is_missed=False)
    joined.says({"ev": "broken", "detail": "KeyError"})
    joined.end.close()
    stage.says("right", HELLO)
    assert stage.conversation.until(lambda: bool(joined.ended) and "right" in stage.conversation.hellos, timeout_s=10)
    assert joined.ended == ["KeyError"]
    stage.conversation.forget("beside left")  # it may be told, too, that it is gone


def test_who_may_end_may_be_asked_when_it_has(stage: Stage) -> None:
    """No reply comes; its end is heard instead."""
    joined = Joined(stage, is_missed=False)
    joined.end.close()
    ticket = stage.conversation.ask("beside left", "flush", bytes(1 << 20))
    assert stage.conversation.until(lambda: bool(joined.ended), timeout_s=10)
    assert (ticket.reply, joined.ended) == (None, [""])


def test_nonsense_of_who_may_end_is_its_end(stage: Stage) -> None:
    """Told as what it is."""
    joined = Joined(stage, is_missed=False)
    joined.end.sendall(b"Traceback (most recent call last)")
    assert stage.conversation.until(lambda: bool(joined.ended), timeout_s=10)
    assert joined.ended[0].startswith("it speaks no sense: lengths")


def test_an_agent_that_broke_says_why(stage: Stage) -> None:
    """Its last word is what is told."""
    stage.says("left", {"ev": "broken", "detail": "KeyError: 'limits'"})
    with pytest.raises(LabBroke, match="the agent on left broke: KeyError: 'limits'"):
        stage.conversation.pump(1)


def test_nonsense_is_a_broken_lab(stage: Stage) -> None:
    """What comes from a host must be frames."""
    stage.agents["left"].sendall(b"Traceback (most recent call last)")
    with pytest.raises(LabBroke, match="the agent on left speaks no sense"):
        stage.conversation.pump(1)


def test_cancelling_interrupts_a_wait() -> None:
    """Whatever is waited for, the run's end comes through."""
    come, go = os.pipe()
    ours, theirs = socket.socketpair()
    with open(come) as cancel, ours, theirs:
        conversation = Conversation({"left": SocketChannel(ours)}, cancel=cancel)
        os.write(go, b"!")
        with pytest.raises(Cancelled):
            conversation.until(lambda: False, timeout_s=10)
    os.close(go)
