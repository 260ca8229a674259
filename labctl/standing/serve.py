"""Words of visitors -> what the hosts of one lab, and the sidecars beside them, are told; one thread, nothing waits."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from labctl.agent.frames import BadFrame, Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError, Lab
from labctl.scenario.model import Heal, Impair, Link
from labctl.standing.captured import Captured
from labctl.standing.faults import Faults
from labctl.standing.named import places_in
from labctl.standing.places import user_name
from labctl.standing.relay import Relay
from labctl.standing.shared import Shared

_TAKES_WITHIN_S = 10.0  # a visitor that reads nothing for so long must not hold up the others


def _send(channel: Channel, header: Header, body: bytes) -> None:
    """To an agent or a sidecar; one that has gone is heard of when its channel is read."""
    with contextlib.suppress(OSError):
        channel.send(encode(header, body))


_Talks = Relay | Shared | Captured
"""What a visitor may talk by."""


class _Visit:
    """One connection of a visitor: to one host, after it has said which."""

    def __init__(self, number: int, stream: socket.socket) -> None:
        self.number = number
        self.stream = stream
        self.decoder = Decoder()
        self.relay: _Talks | None = None
        self.is_run = False

    def send(self, header: Header, body: bytes) -> None:
        """One that has gone, or takes nothing, is sent nothing more; reading says so too."""
        try:
            self.stream.sendall(encode(header, body))
        except OSError:
            with contextlib.suppress(OSError):
                self.stream.shutdown(socket.SHUT_RDWR)


class Holder:
    """Relays between visitors and the hosts of one lab."""

    def __init__(self, lab: Lab, engine: str, listener: socket.socket, labels: Mapping[str, str] | None = None) -> None:
        self._lab, self._engine, self._labels = lab, engine, dict(labels or {})
        self._selector = selectors.DefaultSelector()
        self._relays: dict[str, Relay] = {}
        self._sidecars: dict[str, Shared] = {}
        self._attending: dict[str, Channel] = {}
        self._captures: dict[str, tuple[Captured, Channel]] = {}
        self._faults = Faults(lab.plan, self._sidecars)
        self._visits: dict[int, _Visit] = {}
        self._count = 0
        self._goodbye: _Visit | None = None
        self._runs = True
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        for host, channel in lab.channels.items():
            relay = self._relays[host] = Relay(partial(_send, channel))
            self._pass_on(channel, relay, self._stop)

    def serve(self) -> None:
        """Until somebody asks for the lab to be taken down, or it breaks."""
        while self._runs:
            for key, _ in self._selector.select():
                if self._selector.get_map().get(key.fd) is key:  # not closed by another of these
                    key.data()

    def say_goodbye(self) -> None:
        """Tell who asked for it that the lab is down."""
        if self._goodbye is not None:
            self._goodbye.send({"down": True}, b"")

    def _stop(self) -> None:
        self._runs = False

    def _pass_on(self, channel: Channel, relay: _Talks, on_end: Callable[[], None]) -> None:
        """Give what comes by a channel to its relay."""
        decoder = Decoder()

        def receive() -> None:
            data = channel.receive()
            if not data:
                on_end()
                return
            for header, body in decoder.feed(data):
                relay.from_agent(header, body)

        self._selector.register(channel, selectors.EVENT_READ, receive)

    def _accept(self, listener: socket.socket) -> None:
        stream, _ = listener.accept()
        stream.settimeout(_TAKES_WITHIN_S)
        self._count += 1
        visit = self._visits[self._count] = _Visit(self._count, stream)
        self._selector.register(stream, selectors.EVENT_READ, lambda: self._receive(visit))

    def _receive(self, visit: _Visit) -> None:
        try:
            data = visit.stream.recv(1 << 18)
            frames = visit.decoder.feed(data)
        except (ConnectionError, BadFrame):
            data, frames = b"", []
        for header, body in frames:
            if visit.relay is not None:
                visit.relay.from_visitor(visit.number, header, body)
            else:
                self._first_word(visit, header, body)
        if not data:
            self._selector.unregister(visit.stream)
            if isinstance(visit.relay, Shared):
                visit.relay.leave(visit.number, partial(self._end, visit))  # it is told when what it did has ended
                return
            self._end(visit)
            if visit.relay is not None:
                visit.relay.leave(visit.number)
            self._end_unheard()

    def _end(self, visit: _Visit) -> None:
        if self._visits.pop(visit.number, None) is not None:
            if visit.stream in self._selector.get_map():
                self._selector.unregister(visit.stream)
            visit.stream.close()

    def _first_word(self, visit: _Visit, header: Header, body: bytes) -> None:
        """`{"host": NAME}`: talk to its agent; `{"halt": NAME}`: end that host.

        `{"attend": [NAME]}`: see that these hosts have a sidecar; `{"sidecar": NAME}`: talk to it.
        `{"record": [NAME]}`, `{"capture": NAME}`: the same with a capture.
        `{"link": true}`, `{"heal": true}`, and the step: for everybody; `{"faults": true}`: tell what is in force.
        `{"run": true}`: as long as this connection stays a run of a scenario goes on here.
        `{"about": true}`: tell of the lab; `{"down": true}`: end it.
        """
        if "about" in header:
            plan = msgspec.json.encode(self._lab.plan, enc_hook=str)
            visit.send(self._about(), plan)
        elif "link" in header or "heal" in header:
            self._change_links(visit, header, body)
        elif "faults" in header:
            self._faults.look(lambda seen: visit.send({"faults": True}, msgspec.json.encode(seen)))
        elif "halt" in header:
            visit.send(self._halt(header["halt"]), b"")
        elif "attend" in header:
            visit.send(self._attend(header["attend"]), b"")
        elif "record" in header:
            visit.send(self._record(header["record"]), b"")
        elif "run" in header:
            visit.is_run = True
        elif "down" in header:
            self._goodbye = visit
            self._runs = False
        elif "host" in header:
            self._introduce(visit, self._relays.get(header["host"]))
        elif "sidecar" in header:
            self._introduce(visit, self._sidecars.get(header["sidecar"]))
        elif "capture" in header:
            host = header["capture"]
            self._record([host])  # the former visitor may have left since
            self._introduce(visit, self._captures[host][0] if host in self._captures else None)

    def _about(self) -> Header:
        return {
            "engine": self._engine,
            "pid": os.getpid(),
            "up": list(self._relays),
            "faults": self._faults.rules,
            "gone": list(self._faults.gone),
            "labels": self._labels,
            "user": user_name(os.getuid()),
            "runs": sum(visit.is_run for visit in self._visits.values()),
        }

    def _change_links(self, visit: _Visit, header: Header, body: bytes) -> None:
        try:
            if "link" in header:
                self._impair(visit, msgspec.json.decode(body, type=Impair))
            else:
                self._heal(visit, msgspec.json.decode(body, type=Heal))
        except msgspec.MsgspecError as error:
            hint = "take it down, and bring it up again"
            visit.send({"error": f"this lab was brought up by another labctl: {error}", "hint": hint}, b"")

    def _impair(self, visit: _Visit, step: Impair) -> None:
        places = places_in(self._lab.plan, self._relays)
        attended = self._attend([receiver for _, receiver in places.directions(step.link)])
        if "error" in attended:
            visit.send(attended, b"")
        else:
            self._faults.impair(step, places, lambda answer: visit.send(answer, b""))

    def _heal(self, visit: _Visit, step: Heal) -> None:
        """Where a sidecar has ended by itself another one has to put things in order."""
        places = places_in(self._lab.plan, self._relays)
        receivers = [receiver for _, receiver in places.directions(step.link or Link("any", "any"))]
        attended = self._attend([host for host in self._faults.gone if host in receivers])
        if "error" in attended:
            visit.send(attended, b"")
        else:
            self._faults.heal(step, places, lambda answer: visit.send(answer, b""))

    def _introduce(self, visit: _Visit, relay: _Talks | None) -> None:
        """Let a visitor talk by a relay; None: what it leads to is gone since the visitor looked."""
        if relay is None:
            self._end(visit)
            return
        visit.relay = relay
        relay.arrive(visit.number, visit.send)

    def _attend(self, hosts: list[str]) -> Header:
        """Start the sidecars that aren't there yet; what to answer. They stay for as long as the lab does."""
        new = [host for host in dict.fromkeys(hosts) if host not in self._attending]
        try:
            channels = self._lab.attend(new) if new else {}
        except EngineError as error:
            return {"error": str(error), "hint": error.hint}
        for host, channel in channels.items():
            self._attending[host] = channel
            relay = self._sidecars[host] = Shared(partial(_send, channel))
            self._pass_on(channel, relay, partial(self._lose_sidecar, host))
            self._faults.join(host)
        return {"attended": hosts}

    def _lose_sidecar(self, host: str) -> None:
        """It has ended by itself: that is remembered."""
        why = self._sidecars[host].last_words
        self._end_sidecar(host)
        self._faults.lose(host, why)

    def _end_sidecar(self, host: str) -> None:
        """It has ended, or its host is about to: whoever talks to it hears the end."""
        relay = self._sidecars.pop(host, None)
        if relay is not None:
            channel = self._attending.pop(host)
            self._selector.unregister(channel)
            channel.close()
            self._end_visits(relay)

    def _record(self, hosts: list[str]) -> Header:
        """Start the captures that aren't there yet; what to answer. They end when nobody visits them any more."""
        new = [host for host in dict.fromkeys(hosts) if host not in self._captures]
        try:
            channels = self._lab.attend(new, purpose="capture") if new else {}
        except EngineError as error:
            return {"error": str(error), "hint": error.hint}
        for host, channel in channels.items():
            relay = Captured(partial(_send, channel))
            self._captures[host] = relay, channel
            self._pass_on(channel, relay, partial(self._end_capture, host))
        return {"recorded": hosts}

    def _end_capture(self, host: str) -> None:
        """Whoever talks to it hears the end."""
        if host in self._captures:
            relay, channel = self._captures.pop(host)
            self._selector.unregister(channel)
            channel.close()
            self._end_visits(relay)

    def _end_unheard(self) -> None:
        """End the captures that nobody visits: not those that a visitor has asked for and is about to visit."""
        for host in [host for host, (relay, _) in self._captures.items() if relay.is_left]:
            self._end_capture(host)

    def _end_visits(self, relay: _Talks) -> None:
        for visit in [visit for visit in self._visits.values() if visit.relay is relay]:
            self._end(visit)

    def _halt(self, host: str) -> Header:
        """Halt a host; what to answer. The channels of those who visit it end."""
        relay = self._relays.pop(host, None)
        if relay is None:
            return {"halted": host}
        self._selector.unregister(self._lab.channels[host])
        self._end_sidecar(host)
        self._end_capture(host)
        self._faults.forget(host)
        self._end_visits(relay)
        try:
            self._lab.halt(host)
        except EngineError as error:
            return {"error": str(error), "hint": error.hint}
        return {"halted": host}
