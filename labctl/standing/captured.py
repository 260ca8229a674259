"""One capture <-> any number of visitors, each of whom hears of every packet since it came. Pure but for sending."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from labctl.agent.frames import Header
from labctl.standing.relay import Send


class _Listener(Struct):
    """A visitor. `lost_before`: packets that were lost before it came; None: it isn't known yet, and it hears nothing.

    `packets`: how many it was told of.
    """

    send: Send
    lost_before: int | None = None
    packets: int = 0
    has_stopped: bool = False


class Captured:
    """The relay of one capture."""

    def __init__(self, to_capture: Send) -> None:
        self._to_capture = to_capture
        self._listeners: dict[int, _Listener] = {}
        self._asked: dict[int, Callable[[Header], None]] = {}
        self._count = 0
        self._hello: Header | None = None
        self._cut: Header | None = None
        self._was_visited = False

    @property
    def is_left(self) -> bool:
        """Whether all that ever were its visitors have left."""
        return self._was_visited and not self._listeners

    def arrive(self, visitor: int, send: Send) -> None:
        """A visitor is there; it is greeted as the capture greeted, and is told of packets from then on."""
        self._was_visited = True
        self._listeners[visitor] = _Listener(send)
        if self._hello is not None:
            self._begin(visitor)

    def leave(self, visitor: int) -> None:
        """A visitor is gone."""
        self._listeners.pop(visitor, None)

    def from_visitor(self, visitor: int, header: Header, body: bytes) -> None:
        """Do what a visitor asks, as far as others don't notice."""
        listener = self._listeners[visitor]
        if header.get("do") not in ("flush", "stop"):
            listener.send({"re": header.get("id"), "error": "not for visitors"}, b"")
            return
        listener.has_stopped = listener.has_stopped or header["do"] == "stop"

        def answered(answer: Header) -> None:
            lost = answer["lost"] - (listener.lost_before or 0)
            listener.send(answer | {"re": header["id"], "packets": listener.packets, "lost": lost}, b"")

        self._flush(answered)

    def from_agent(self, header: Header, body: bytes) -> None:
        """Pass on what the capture says."""
        if "re" in header:
            self._asked.pop(header["re"])(header)
            return
        kind = header["ev"]
        if kind == "hello":
            self._hello = header
            for visitor in list(self._listeners):
                self._begin(visitor)
            return
        if kind == "cut":
            self._cut = header
        for listener in self._listeners.values():
            if kind == "packets":
                self._tell_packets(listener, header, body)
            elif kind != "cut" or listener.lost_before is not None:
                listener.send(header, body)

    def _begin(self, visitor: int) -> None:
        """Flush: what comes from then on is this visitor's too."""

        def begun(answer: Header) -> None:
            listener = self._listeners.get(visitor)
            if listener is not None and self._hello is not None:
                listener.lost_before = answer["lost"]
                listener.send(self._hello, b"")
                if self._cut is not None:
                    listener.send(self._cut, b"")

        self._flush(begun)

    def _tell_packets(self, listener: _Listener, header: Header, body: bytes) -> None:
        if listener.lost_before is not None and not listener.has_stopped:
            listener.packets += header["count"]
            listener.send(header, body)

    def _flush(self, then: Callable[[Header], None]) -> None:
        self._count += 1
        self._asked[self._count] = then
        self._to_capture({"do": "flush", "id": self._count}, b"")
