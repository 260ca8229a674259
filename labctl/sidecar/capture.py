"""Packets of a host -> frames to labctl: a sidecar that records all of them, and does nothing else.

Tells by itself: `hello`, from when on everything is recorded; `packets`, many at a time; `cut`, once, when it has told
as much as it may. Requests carry `do` and `id`: `flush`, which is answered when every packet has been told that had
arrived or left when it came, and `stop`. Both answers say how many `packets` were told, how many were `lost`, and
whether the record is `cut`.
"""

from __future__ import annotations

import gc
import os
import socket
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from labctl.agent.addresses import addresses
from labctl.agent.frames import Header, encode
from labctl.agent.last_words import last_words
from labctl.agent.line import Line
from labctl.agent.loop import Loop, offset_ns
from labctl.sidecar.captured import LOOPBACK, NETWORK_SHIFT, OUTBOUND, RECORD
from labctl.sidecar.ring import Ring, Seen

BUDGET = 64 * 1024 * 1024
"""Bytes of records that are told."""
_AT_ONCE = 128 * 1024
"""When so many bytes are to be told, or no more are there, they are: a frame has at most about twice as many."""


class Capture:
    """One host's capture."""

    def __init__(
        self, host: str, ring: Ring, come: int, go: int, networks: Mapping[int, int] = MappingProxyType({})
    ) -> None:
        """`networks`: by the index of an interface, which of the host's networks it is on; 0 of what isn't there."""
        self._host, self._networks = host, networks
        self._ring = ring
        self._loop = Loop()
        self._line = Line(self._loop, come, go, on_frame=self._on_frame, on_empty=self._on_empty)
        self._requests: dict[str, Callable[[Header], None]] = {"flush": self._flush, "stop": self._stop}
        self._flushes: list[tuple[int, Header]] = []
        self._packets = self._bytes = 0
        self._is_recording = True
        self._is_cut = False

    def serve(self) -> None:
        """Say hello, then tell and answer until labctl is gone."""
        self._line.say({"ev": "hello", "host": self._host, "pid": os.getpid(), "offset_ns": offset_ns()})
        gc.freeze()
        gc.enable()  # whoever started us did without while modules were imported
        self._loop.run()
        self._ring.close()

    def _on_frame(self, header: Header, _: bytes) -> None:
        request = self._requests.get(header.get("do", ""))
        if request is None:
            self._answer(header, error=f"unknown: {header.get('do')}")
        else:
            request(header)

    def _answer(self, header: Header, **words: Any) -> None:  # Any: JSON's own types
        self._line.say({"re": header.get("id"), "t": time.monotonic_ns(), **words})

    def _flush(self, header: Header) -> None:
        """Nothing can be missing: a packet goes into the ring on its way up or out, before any program gets it and
        before it is on the wire, and is counted as it does. When as many have been taken as are counted now, those
        that had arrived or left by now are among them. What lies in a block that is not ours yet will be soon.
        """
        self._flushes.append((self._ring.counts().stored, header))
        self._answer_flushes()

    def _answer_flushes(self) -> None:
        while self._flushes and (not self._is_recording or self._ring.taken >= self._flushes[0][0]):
            self._sum_up(self._flushes.pop(0)[1])

    def _sum_up(self, header: Header) -> None:
        self._answer(header, packets=self._packets, lost=self._ring.counts().lost, cut=self._is_cut)

    def _stop(self, header: Header) -> None:
        self._end()
        self._sum_up(header)

    def _end(self) -> None:
        """Record no more."""
        if self._is_recording:
            self._is_recording = False
            self._loop.on_readable(self._ring.fileno(), None)
            self._ring.close()
            self._answer_flushes()

    def _on_empty(self) -> None:
        """All that was said is on its way: there is room for more."""
        if self._is_recording and self._ring.fileno() not in self._loop:
            self._loop.on_readable(self._ring.fileno(), self._on_packets)

    def _on_packets(self) -> None:
        """Tell what is there. When labctl doesn't take it, it is left in the ring; what that can't hold is lost."""
        records = bytearray()
        count = 0
        while len(records) < _AT_ONCE and (seen := self._ring.take()):
            records += recorded(seen, self._networks)
            count += len(seen)
        if self._bytes + len(records) > BUDGET:
            self._is_cut = True
            self._line.say({"ev": "cut", "host": self._host})
            self._end()
            return
        if count:
            self._packets += count
            self._bytes += len(records)
            self._line.say({"ev": "packets", "host": self._host, "count": count}, bytes(records))
        if self._line.is_full:
            self._loop.on_readable(self._ring.fileno(), None)
        self._answer_flushes()


def recorded(seen: Iterable[Seen], networks: Mapping[int, int] = MappingProxyType({})) -> bytes:
    """Packets as bytes: each a RECORD, then as many of its own as that says. Pure."""
    pieces: list[bytes] = []
    for t_ns, data, length, is_outbound, is_loopback, interface in seen:
        flags = OUTBOUND * is_outbound | LOOPBACK * is_loopback | networks.get(interface, 0) << NETWORK_SHIFT
        pieces += RECORD.pack(t_ns, len(data), length, flags), data
    return b"".join(pieces)


def networks_of(known: Sequence[Sequence[str]]) -> dict[int, int]:
    """By the index of an interface here, the place of the network that has one of its addresses."""
    if not known:
        return {}
    places = {address: place for place, several in enumerate(known) for address in several}
    return {
        socket.if_nametoindex(name): places[address]
        for name, several in addresses().items()
        for address in several
        if address in places
    }


def main(
    settings: dict[str, Any],  # Any: JSON's own types
    come: int = 0,
    go: int = 1,
    *,
    when_open: Callable[[], None] = lambda: None,
) -> None:
    """Record beside `host` of the settings, but for packets with the mark `left_out`, until the channel ends.

    `networks` are the addresses that it has on each of its networks, where it is on several.
    What breaks it is its last word (`ev: broken`). `when_open` is called when no right is needed any more.
    """
    try:
        ring = Ring(left_out=settings.get("left_out"))
        networks = networks_of(settings.get("networks", []))
        when_open()
        Capture(settings["host"], ring, come, go, networks).serve()
    except Exception as error:  # one that dies in silence would look like a host on which nothing happens
        os.set_blocking(go, True)
        os.write(go, encode({"ev": "broken", "detail": last_words(error)}))
