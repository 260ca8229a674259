"""What happened -> one order of it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from labctl.observe.joining.moments import moments
from labctl.observe.story import Arrival, CallSeen, EndSeen, Lane, OutputSeen, PacketSeen, StepSeen, Story

EMPTY = Story(
    id="s",
    engine="netns",
    verdict="pass",
    reason="",
    about="",
    text="",
    zero_ns=0,
    hosts=(),
    lanes=(Lane("client", "client", "client"), Lane("cheerios", "server", "server")),
    steps=(),
)
MS = 1_000_000


def call(name: str, begins_ns: int, ends_ns: int | None, **more: Any) -> CallSeen:  # Any: what a call has
    """A call on a socket."""
    usual: dict[str, Any] = {"group": "socket", "lane": 0, "pid": 1, "arguments": "", "result": "0", "returned": 0}
    values = {**usual, "error": "", "socket": "", **more}
    return CallSeen(name=name, begins_ns=begins_ns, ends_ns=ends_ns, **values)


def packet(left_ns: int, at_ns: int) -> PacketSeen:
    """It crosses from the first lane to the second."""
    arrival = Arrival(lane=1, came_ns=at_ns, at_ns=at_ns, fate="arrived")
    return PacketSeen(lane=0, left_ns=left_ns, arrivals=(arrival,), kind="tcp", words="SYN", detail="SYN")


def kinds(story: Story) -> list[str]:
    """What comes after what."""
    return [moment.kind for moment in moments(story)]


def test_a_call_that_waited_has_a_beginning_and_a_return() -> None:
    """What it waited for lies between them."""
    story = replace(EMPTY, calls=(call("accept4", 1, 9, lane=1),), packets=(packet(3, 4),))
    assert kinds(story) == ["begin", "leave", "arrive", "return"]


def test_a_call_that_sends_is_told_before_what_it_sent() -> None:
    """It left while the call was made, and the call did not wait for it."""
    story = replace(EMPTY, calls=(call("sendto", 1, 9),), packets=(packet(3, 4),))
    assert kinds(story) == ["call", "leave", "arrive"]


def test_a_call_that_takes_long_has_waited_whatever_it_is() -> None:
    """A full buffer makes a write wait."""
    assert kinds(replace(EMPTY, calls=(call("sendto", 0, 6 * MS),))) == ["begin", "return"]


def test_a_call_that_could_wait_and_need_not_is_told_once() -> None:
    """The data was there already."""
    assert kinds(replace(EMPTY, calls=(call("recvfrom", 1, 2),))) == ["call"]


def test_a_call_that_never_returned_only_begins() -> None:
    """Its process was killed."""
    assert kinds(replace(EMPTY, calls=(call("recvfrom", 1, None),))) == ["begin"]


def test_calls_about_files_are_told_once_and_stand_between_nothing() -> None:
    """Nobody waits for them."""
    story = replace(EMPTY, calls=(call("recvfrom", 1, 9), call("read", 3, 8, group="file", lane=1)))
    assert kinds(story) == ["call", "call"]


def test_of_one_instant_causes_come_before_effects() -> None:
    """A step, the call, the packet leaves, arrives, the other call returns, and what it prints, and its end."""
    story = replace(
        EMPTY,
        steps=(StepSeen(number=1, title="", why="", verdict="pass", complaints=(), began_ns=5, ended_ns=None),),
        calls=(call("recvfrom", 1, 5, lane=1), call("sendto", 5, 5)),
        packets=(packet(5, 5),),
        outputs=(OutputSeen(lane=1, at_ns=5, stream="stdout", text=""),),
        ends=(EndSeen(lane=1, pid=1, at_ns=5, ending="exit 0", is_main=True),),
    )
    assert kinds(story) == ["call", "step", "call", "leave", "arrive", "output", "end"]
