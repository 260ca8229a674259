"""A condition is answered once: when it holds, when it can't any more, or when time is up."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.agent.awaiting import Awaiting
from labctl.agent.frames import Header
from labctl.agent.look import Looker
from labctl.agent.loop import Loop
from labctl.agent.programs import Program
from tests.contract.waiting import until

Answers = list[dict[str, Any]]


class Waits:
    """Conditions on a loop, and what was answered."""

    def __init__(self) -> None:
        self.loop = Loop()
        self.awaiting = Awaiting(self.loop, Looker(None))
        self.answers: Answers = []

    def answer(self, _: Header, **words: Any) -> None:
        """Take an answer; it is what the loop was run for."""
        self.answers.append(words)
        self.loop.stop()


@pytest.fixture
def waits() -> Waits:
    """Nothing is waited for yet."""
    return Waits()


def program(status: int | None) -> Program:
    """A program as far as its end goes."""
    one = Program.__new__(Program)
    one.status = status
    return one


def test_what_is_so_already_is_answered_at_once(waits: Waits) -> None:
    """Without the loop ever running."""
    waits.awaiting.state({"waiting": [2, 2]}, 10, None, lambda: {"waiting": 2}, {}, waits.answer)
    assert waits.answers == [{"held": True, "seen": {"waiting": 2}, "missing": []}]


def test_what_comes_is_answered_when_it_comes(waits: Waits) -> None:
    """It is looked at again and again, and answered once."""
    seen = iter([{"waiting": number} for number in range(10)])
    waits.awaiting.state({"waiting": [3, None]}, 10, None, lambda: next(seen), {}, waits.answer)
    waits.loop.run()
    assert waits.answers == [{"held": True, "seen": {"waiting": 3}, "missing": []}]


def test_an_event_is_a_reason_to_look(waits: Waits) -> None:
    """When something has happened nobody waits for the next look."""
    state = {"waiting": 0}
    waits.awaiting.state({"waiting": [1, 1]}, 10, None, lambda: dict(state), {}, waits.answer)
    state["waiting"] = 1
    waits.awaiting.look_again()
    assert waits.answers[0]["held"] is True


def test_at_the_deadline_it_is_told_what_was_seen_last(waits: Waits) -> None:
    """And which words are missing."""
    waits.awaiting.state({"waiting": [3, 3], "listening": True}, 0.01, None, lambda: SEEN, {}, waits.answer)
    waits.loop.run()
    assert waits.answers == [{"held": False, "seen": SEEN, "missing": ["waiting"]}]


SEEN = {"waiting": 1, "listening": True}


def test_no_patience_is_one_look(waits: Waits) -> None:
    """With 0 seconds the answer is there at once, either way."""
    waits.awaiting.state({"waiting": [3, 3]}, 0, None, lambda: SEEN, {}, waits.answer)
    assert waits.answers == [{"held": False, "seen": SEEN, "missing": ["waiting"]}]


def test_the_end_of_its_program_ends_a_wait(waits: Waits) -> None:
    """It can't become so any more: that is said at the next event, with what was seen before."""
    one = program(None)
    waits.awaiting.state({"children": [1, 1]}, 10, one, lambda: {"children": 0}, {}, waits.answer)
    one.status = 0
    waits.awaiting.look_again()
    assert waits.answers == [{"held": False, "ended": True, "seen": {"children": 0}, "missing": ["children"]}]


def test_a_plain_condition_says_whether_it_held(waits: Waits) -> None:
    """True as soon as it holds, False when it didn't in time."""
    said: list[bool] = []
    waits.awaiting.until(lambda: True, 10, said.append)
    waits.awaiting.until(lambda: False, 0, said.append)
    assert said == [True, False]


def test_a_wait_is_answered_only_once(waits: Waits) -> None:
    """Neither events nor the deadline bring a second answer."""
    waits.awaiting.state({"waiting": [1, 1]}, 0.01, None, lambda: {"waiting": 1}, {}, waits.answer)
    waits.awaiting.look_again()
    waits.loop.after(0.03, waits.loop.stop)
    waits.loop.run()
    assert len(waits.answers) == 1


def test_looks_that_take_long_leave_others_their_turn(waits: Waits) -> None:
    """At least four fifths of the time nobody looks, however long a look takes."""
    looks = 0

    def slow() -> dict[str, Any]:
        nonlocal looks
        looks += 1
        until(lambda: False, within_s=0.02)
        return {"waiting": 0}

    waits.awaiting.state({"waiting": [1, 1]}, 0.5, None, slow, {}, waits.answer)
    waits.loop.run()
    assert 2 <= looks <= 0.5 / 0.1 + 2
