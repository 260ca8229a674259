"""Words of sockets and details of packets -> what is of one conversation (a connection, two ends of datagrams)."""

from __future__ import annotations

import re

from labctl.observe.story import Story

_END = r"(\[[0-9A-Fa-f:.%]+\]|[0-9.]+):(\d+)"
_ENDS = re.compile(rf"\b(TCP|UDP) {_END} -> {_END}(?!\d)")


class Conversations:
    """Those of a story. A packet's is read in its detail, or else is that of a call that it is tied to; a call's in
    its socket's words, or else is that of a packet it is tied to."""

    def __init__(self, story: Story) -> None:
        packets = {number: _ends(packet.detail) for number, packet in enumerate(story.packets)}
        calls = {}
        for number, call in enumerate(story.calls):
            calls[number] = _ends(call.socket) or next(filter(None, (packets[tied] for tied in call.packets)), "")
            for tied in call.packets:
                packets[tied] = packets[tied] or calls[number]
        self._of = {"call": calls, "packet": packets}

    def of(self, kind: str, number: int) -> str:
        """The name of its conversation, the same for both directions; empty where it has none."""
        return self._of.get(kind, {}).get(number, "")


def _ends(text: str) -> str:
    found = _ENDS.search(text)
    if found is None:
        return ""
    one, other = sorted([f"{found[2]}:{found[3]}", f"{found[4]}:{found[5]}"])
    return f"{found[1]} {one} - {other}"
