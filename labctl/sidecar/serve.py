"""Frames from labctl -> rules in force on a host's packets -> frames to labctl.

Beside what labctl.sidecar.talk says, it tells by itself: `in-force` (which rules are, from then on), `decided` (what
they did to packets, many at a time), `broken`.
"""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Iterable
from typing import Any

from labctl.agent.frames import Header, encode
from labctl.agent.last_words import last_words
from labctl.sidecar.alike import Alike
from labctl.sidecar.fragments import Fragments
from labctl.sidecar.marks import DOUBLED
from labctl.sidecar.nfqueue import Queue
from labctl.sidecar.packet import Packet, parse
from labctl.sidecar.passage import Decision, Passage, Verdict
from labctl.sidecar.rules import Json, rule_from
from labctl.sidecar.tables import QUEUE, REFUSED, Tables, interest_from
from labctl.sidecar.talk import Later, Talk, Watched
from labctl.sidecar.views import Views, view_from

_TELL_AFTER_S = 0.02
_MOST_DECISIONS = 2000
"""So many are told at once; more wait for the next time."""


class Sidecar:
    """One host's sidecar: its rules, its views, and the queue between them."""

    def __init__(self, settings: Json, come: int, go: int) -> None:
        """`settings`: `host`, its `addresses`, `names` of all senders by address, `has_own_queue`, `force_buffer`."""
        self._talk = Talk(settings["host"], come, go)
        self._watched = Watched(self._talk, self._counted)
        self._tells = Later(self._talk.loop, _TELL_AFTER_S, self._tell)
        self._comes_back = Later(self._talk.loop, 0.0, self._on_packets)
        names = {ipaddress.ip_address(address).packed: name for address, name in settings["names"].items()}
        self._passage = Passage(names, self._on_decision)
        self._views = Views(names, self._on_count)
        self._decisions: list[Decision] = []
        self._alike: Alike | None = None
        self._wakes_ns: int | None = None
        self._queue = Queue(QUEUE, force_buffer=settings.get("force_buffer", True))
        self._tables = Tables(settings["addresses"], has_own_queue=settings["has_own_queue"])
        self._fragments = Fragments(self._tables)

    def serve(self) -> None:
        """Say hello, then do what is asked until labctl is gone. What was lent is given back."""
        asked = {"watch": self._watch, "rules": self._rules, "counts": self._counts, "audit": self._audit}
        try:
            self._talk.loop.on_readable(self._queue.fileno(), self._on_packets)
            self._talk.serve(asked, buffer=self._queue.buffer)
        finally:
            self._tables.take_down()
            self._queue.close()

    def _watch(self, header: Header) -> Json:
        """Look at these packets from now on, by these views, no more by those in `gone`; tell changes of `watched`.

        With `numbers` packets that look alike are numbered from now on, so that a decision is known to be about one
        of them.
        """
        self._watched.tell()
        for name in header.get("gone", ()):
            self._views.remove(name)
        for values in header.get("views", ()):
            self._views.add(view_from(values))
        if header.get("numbers"):
            self._alike = self._alike or Alike()
        if "interests" in header:
            self._tables.send_to_queue([interest_from(values) for values in header["interests"]])
        self._watched.turn_to(header.get("watched", ()))
        self._tells.ask()
        return {"ok": True}

    def _rules(self, header: Header) -> Json:
        """Replace all rules; they are in force when the answer comes, and were since its `since`.

        Says what the rules in `ending` never saw. The views named in `restart` count from 0 again.
        """
        self._take_all_packets()  # what has come by now came before
        shortfalls = [found._asdict() for found in self._passage.shortfalls() if found.rule in header["ending"]]
        if "fragments" in header:
            lost = self._fragments.lose([interest_from(values) for values in header["fragments"]])
            shortfalls += [found._asdict() for found in lost]
        now = time.monotonic_ns()
        self._passage.put_in_force([rule_from(values) for values in header["rules"]], now)
        for name in header.get("restart", ()):
            self._views.restart(name)
            self._fragments.restart(self._views.view(name))
        self._release(self._passage.due(now))
        self._queue.flush()
        self._wake_later()
        self._talk.say({"ev": "in-force", "t": now, "rules": [values["name"] for values in header["rules"]]})
        return {"since": now, "shortfalls": shortfalls}

    def _counts(self, header: Header) -> Json:
        self._take_all_packets()
        return {"counts": self._counted(header["view"])}

    def _counted(self, view: str) -> Json:
        return self._views.counts(view) | {"fragmented": self._fragments.counted(self._views.view(view))}

    def _audit(self, _: Header) -> Json:
        """What the rules in force never saw, and how many packets were lost on the way to us."""
        self._take_all_packets()
        self._tell()
        shortfalls = [*self._passage.shortfalls(), *self._fragments.shortfalls()]
        return {"shortfalls": [found._asdict() for found in shortfalls], "lost": self._queue.lost()}

    def _on_packets(self) -> None:
        self._take_packets()
        self._wake_later()
        if self._queue.has_more:
            self._comes_back.ask()  # no descriptor tells of what is here already

    def _take_all_packets(self) -> None:
        """All that are there by now."""
        while self._take_packets():
            pass
        self._wake_later()

    def _take_packets(self) -> int:
        """Some of those that are there; how many."""
        held = self._queue.receive()
        now = time.monotonic_ns()  # after all of them have come: none is early
        for number, data in held:
            packet = parse(data)
            if packet is None:
                self._queue.release(number)
                continue
            if self._alike is not None:
                packet = self._alike.numbered(packet)
            self._views.see_sent(packet)
            if self._passage.lets_pass(packet):
                self._queue.release(number)
                self._views.see_arrived(packet, 1)
            else:
                self._release(self._passage.arrive(number, packet, data, now))
        self._queue.flush()
        return len(held)

    def _release(self, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.goes_on:
                self._queue.release(verdict.number, mark=DOUBLED if verdict.is_doubled else None, data=verdict.data)
                self._views.see_arrived(verdict.packet, 1 + verdict.is_doubled)
                continue
            self._views.see_lost(verdict.packet)
            if verdict.answer in REFUSED:
                self._queue.release(verdict.number, mark=REFUSED[verdict.answer])
            else:
                self._queue.drop(verdict.number)

    def _wake_later(self) -> None:
        due = self._passage.next_ns()
        if due is not None and (self._wakes_ns is None or due < self._wakes_ns):
            self._wakes_ns = due
            self._talk.loop.after((due - time.monotonic_ns()) / 1e9, self._wake)

    def _wake(self) -> None:
        self._wakes_ns = None
        self._release(self._passage.due(time.monotonic_ns()))
        self._queue.flush()
        self._wake_later()

    def _on_decision(self, decision: Decision) -> None:
        self._decisions.append(decision)
        self._tells.ask()

    def _on_count(self) -> None:
        if self._watched.names:
            self._tells.ask()

    def _tell(self) -> None:
        """Tell what has been decided and counted since the last time."""
        for at in range(0, len(self._decisions), _MOST_DECISIONS):
            rows = [_row(decision) for decision in self._decisions[at : at + _MOST_DECISIONS]]
            self._talk.say({"ev": "decided", "rows": rows})
        self._decisions.clear()
        self._watched.tell()


def _row(decision: Decision) -> list[Any]:
    """rule, sender, n, action, t_ns, release_ns, then what tells the packet from others (Any: JSON's own types)."""
    packet: Packet = decision.packet
    identity = [packet.protocol, packet.source_port, packet.port, packet.sequence, packet.length, packet.same]
    return [*decision[:4], decision.t_ns, decision.release_ns, *identity]


def main(settings: Json, come: int = 0, go: int = 1) -> None:
    """Be the sidecar on these descriptors until the channel ends. What breaks it is its last word (`ev: broken`).

    `has_queue` of the settings: whether the kernel has a packet queue; else labctl.sidecar.plain_serve does what can
    be done without.
    """
    try:
        if settings.get("has_queue", True):
            Sidecar(settings, come, go).serve()
        else:
            from labctl.sidecar.plain_serve import PlainSidecar  # its loading would be waited for everywhere

            PlainSidecar(settings, come, go).serve()
    except Exception as error:  # one that dies in silence would look like a host on which nothing happens
        os.set_blocking(go, True)
        os.write(go, encode({"ev": "broken", "detail": last_words(error)}))
