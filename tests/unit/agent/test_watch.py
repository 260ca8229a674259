"""Programs that begin and end, as the agent watches them: here the test is their keepers."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable

import pytest

from labctl.agent.keeper import Command, Kept, Nursery
from labctl.agent.line import Line
from labctl.agent.loop import Loop
from labctl.agent.nurseries import Nurseries
from labctl.agent.programs import Order, Program
from labctl.agent.tracing import Tracing
from labctl.agent.watch import Watch

ORDER = Order("p", ["sh"], {"PATH": "/bin"}, "/", window=False, interactive=False, output_cap=10)


class Scripted(Nursery):
    """One whose keepers have said this before they are asked, and have executed or died."""

    def __init__(self, report: bytes) -> None:
        self._report = report

    def keep(self, command: Command, is_wanted: Callable[[], bool] = lambda: True) -> Kept:
        report, said = os.pipe()
        executes, ended = os.pipe()
        os.write(said, self._report)
        os.close(said)
        os.close(ended)
        return Kept(1000, report, executes, b"")


class Played(Nurseries):
    """They note for whom they were asked."""

    def __init__(self) -> None:
        self.asked: list[bool] = []

    def one_for(self, *, aside: bool) -> Nursery:
        self.asked.append(aside)
        return Scripted(b"P 6\nO 50\nX 0 100\nG\n")

    def refill(self) -> None:
        pass


@pytest.mark.parametrize("aside", [True, False])
def test_a_program_that_begins_again_is_traced_only_if_it_was_to_be(aside: bool) -> None:
    """One aside stays untraced: its second keeper comes from where the first one did."""
    loop, nurseries, begun = Loop(), Played(), list[bool]()
    ours, labctl = socket.socketpair()
    with ours, labctl:
        line = Line(loop, ours.fileno(), ours.fileno(), on_frame=lambda *_: None, on_empty=lambda: None)
        watch = Watch(loop, line, nurseries, Tracing(loop, line, None), lambda: None)
        program = Program(ORDER._replace(aside=aside), Scripted(b"P 5\nX 9 100\nG\n"), None)

        def executes() -> None:
            begun.append(True)
            loop.stop()

        watch.begin(program, executes)
        loop.run()
    assert (begun, {*nurseries.asked}, program.pid) == ([True], {aside}, 6)
