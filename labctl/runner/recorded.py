"""What steps expect of the record -> judged once it is whole, and reported at the step that asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from labctl.hosts.program import Program
from labctl.runner.session import CannotTell

if TYPE_CHECKING:
    from labctl.observe.story import CallSeen, PacketSeen, Story

Judge = Callable[["Record"], list[str]]
"""Complaints about a record. CannotTell where it is not whole enough to say."""


class Record:
    """A run's record for who judges it. `lacks`: why a program's calls, by its key, can't be relied on, or empty.

    The packets' is asked for with an empty key.
    """

    def __init__(self, story: Story, lacks: Callable[[str], str]) -> None:
        self._story, self._lacks = story, lacks
        self.zero_ns = story.zero_ns

    def calls(self, program: Program) -> tuple[CallSeen, ...]:
        """The system calls of a program and its children, in the order in which they began. CannotTell."""
        self._demand(program.key)
        lanes = {place for place, lane in enumerate(self._story.lanes) if lane.key == program.key}
        if not lanes:
            raise CannotTell(f"nothing was recorded of the system calls of {program.name}")
        return tuple(call for call in self._story.calls if call.lane in lanes)

    def packets(self) -> tuple[PacketSeen, ...]:
        """All packets, in the order in which they left. CannotTell."""
        self._demand("")
        return self._story.packets

    def hosts_of(self, packet: PacketSeen) -> tuple[str, tuple[str, ...]]:
        """Who sent it, and who it was meant for, as far as it is known."""
        lanes = self._story.lanes
        came = tuple(lanes[arrival.lane].host for arrival in packet.arrivals)
        return lanes[packet.lane].host, (packet.to,) if packet.to else came

    def _demand(self, key: str) -> None:
        if reason := self._lacks(key):
            raise CannotTell(reason)


def judged(record: Record, judges: Sequence[Judge]) -> list[str]:
    """All that they complain about."""
    return [complaint for judge in judges for complaint in judge(record)]
