"""One lab's channels <-> any number of visitors, each of whom talks to the agents as if alone.

Requests and programs are renamed on the way, so that visitors can't get at each other's. Only programs of those who
asked for it are traced, and tracing ends with the last of them. Pure but for what it is given to send with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from labctl.agent.frames import Header

Send = Callable[[Header, bytes], None]

_NOT_FOR_VISITORS = ("bye", "forget")


class _Asked(NamedTuple):
    visitor: int
    id: int
    program: str
    traces: bool


class Relay:
    """The relay of one host."""

    def __init__(self, to_agent: Send) -> None:
        self._to_agent = to_agent
        self._visitors: dict[int, Send] = {}
        self._asked: dict[int, _Asked] = {}
        self._count = 0
        self._running: dict[str, int] = {}
        self._tracing: set[int] = set()
        self._listening: set[int] = set()
        self._hello: Header | None = None

    def arrive(self, visitor: int, send: Send) -> None:
        """A visitor is there; it is greeted as the agent greeted."""
        self._visitors[visitor] = send
        if self._hello is not None:
            send(self._hello, b"")

    def leave(self, visitor: int) -> None:
        """A visitor is gone: its programs end."""
        del self._visitors[visitor]
        self._listening.discard(visitor)
        for program, owner in self._running.items():
            if owner == visitor:
                self._tell({"do": "kill", "program": program})
        self._trace_no_more(visitor)

    def from_visitor(self, visitor: int, header: Header, body: bytes) -> None:
        """Pass a request on."""
        if header.get("do") in _NOT_FOR_VISITORS:
            self._visitors[visitor]({"re": header.get("id"), "error": "not for visitors"}, b"")
            return
        if header.get("do") == "listen":
            self._listening.add(visitor)
            self._visitors[visitor]({"re": header.get("id"), "ok": True}, b"")
            return
        traces = header.get("do") == "trace"
        if traces and header.get("off", False):
            self._trace_no_more(visitor)
            self._visitors[visitor]({"re": header.get("id"), "ok": True}, b"")
            return
        if traces:
            self._tracing.add(visitor)
        self._count += 1
        passed = header | {"id": self._count}
        program = ""
        if "program" in header:
            program = passed["program"] = f"{visitor}/{header['program']}"
        self._asked[self._count] = _Asked(visitor, header["id"], program, traces)
        if header.get("do") == "start":
            self._running[program] = visitor
            passed["aside"] = header.get("aside", False) or visitor not in self._tracing
        self._to_agent(passed, body)

    def from_agent(self, header: Header, body: bytes) -> None:
        """Pass a reply or an event on to whom it belongs."""
        if "re" in header:
            asked = self._asked.pop(header["re"], None)
            if asked is None:
                return
            if "error" in header and "known" in header:
                self._running.pop(asked.program, None)
            if "error" in header and asked.traces:
                self._trace_no_more(asked.visitor)
            self._say(asked.visitor, header | {"re": asked.id}, body)
        elif header["ev"] == "hello":
            self._hello = header
            self._say_to_all(header, body)
        elif "program" in header:
            visitor, _, program = header["program"].partition("/")
            if header["ev"] == "gone":
                self._running.pop(header["program"], None)
            self._say(int(visitor), header | {"program": program}, body)
            for listener in self._listening:
                self._say(listener, header | {"program": program, "heard": int(visitor)}, body)
        else:  # what happens on the host, or to its packets, by itself
            self._say_to_all(header, body)

    def _trace_no_more(self, visitor: int) -> None:
        """A visitor wants no programs traced, or can't have it: none is when it was the last who did."""
        if visitor in self._tracing:
            self._tracing.remove(visitor)
            if not self._tracing:
                self._tell({"do": "trace", "off": True})

    def _tell(self, words: Header) -> None:
        """Send a request of our own, whose reply nobody waits for."""
        self._count += 1
        self._to_agent(words | {"id": self._count}, b"")

    def _say_to_all(self, header: Header, body: bytes) -> None:
        for send in self._visitors.values():
            send(header, body)

    def _say(self, visitor: int, header: Header, body: bytes) -> None:
        send = self._visitors.get(visitor)
        if send is not None:
            send(header, body)
