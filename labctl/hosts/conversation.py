"""Channels to the agents of a lab <-> requests, replies and what happens on the hosts.

One thread talks: it sends requests, then pumps frames until what it waits for is there.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Mapping
from itertools import count
from typing import Protocol

from labctl.agent.frames import BadFrame, Decoder, Header, encode
from labctl.engine.contract import Channel
from labctl.hosts.program import Program

Heard = Callable[[str, Header, bytes], None]
"""Told of every frame that isn't a reply: host, header, body."""

_HELLO_WITHIN_S = 30.0


class LabBroke(Exception):
    """The lab is not what it was: a host is gone, or its agent. Nothing more can be known of it."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Cancelled(Exception):
    """The run was interrupted: stop, and let the lab come down."""


class Cancel(Protocol):
    """Says, by becoming readable, that everything is to stop."""

    def fileno(self) -> int: ...


class Ticket:
    """A request that was sent. `reply` is there when the answer has come."""

    def __init__(self, host: str) -> None:
        self.host = host
        self.reply: Header | None = None


class Conversation:
    """Talks to all hosts of a lab at the same time."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        *,
        cancel: Cancel | None = None,
        on_heard: Heard = lambda host, header, body: None,
        last_words: Callable[[], str] = lambda: "",
    ) -> None:
        self._channels = dict(channels)
        self._on_heard = on_heard
        self._last_words = last_words
        self._decoders = {host: Decoder() for host in channels}
        self._tickets: dict[int, Ticket] = {}
        self._sent = 0
        self.asides = count(1)  # of programs that no step runs: numbered in each lab anew, like those of steps
        self.programs: dict[tuple[str, str], Program] = {}
        self.hellos: dict[str, Header] = {}
        self._poll = select.poll()
        self._hosts = {channel.fileno(): host for host, channel in channels.items()}
        for descriptor in self._hosts:
            self._poll.register(descriptor, select.POLLIN)
        self._events: dict[str, Callable[[Header, bytes], None]] = {}
        self._ends: dict[str, Callable[[str], None]] = {}
        self._cancel = cancel
        if cancel is not None:
            self._poll.register(cancel.fileno(), select.POLLIN)

    def greet(self) -> None:
        """Wait for every agent's hello. LabBroke when one doesn't come, or says that programs can't be held."""
        if not self.until(lambda: len(self.hellos) == len(self._channels), timeout_s=_HELLO_WITHIN_S):
            silent = ", ".join(sorted(set(self._channels) - set(self.hellos)))
            raise LabBroke(f"no agent answers on {silent}")
        for host, hello in self.hellos.items():
            if error := hello["in_force"].get("error"):
                raise LabBroke(f"programs on {host} can't be kept within their limits: {error}")

    def join(
        self,
        name: str,
        channel: Channel,
        on_event: Callable[[Header, bytes], None],
        on_end: Callable[[str], None] | None = None,
    ) -> None:
        """Talk to a sidecar too, by this name. What happens beside it by itself is told to `on_event` as well.

        Its end breaks the lab, unless there is an `on_end`: that is told why, if it said so, and it is forgotten.
        `packets` are told to `on_event` alone.
        """
        self._channels[name] = channel
        self._decoders[name] = Decoder()
        self._hosts[channel.fileno()] = name
        self._poll.register(channel.fileno(), select.POLLIN)
        self._events[name] = on_event
        if on_end is not None:
            self._ends[name] = on_end

    def forget(self, host: str) -> None:
        """Listen to a host no more, for it is about to be halted. What it has said by now is heard.

        Its programs are lost: they neither run nor end.
        """
        self.pump(0)
        self._let_go(host)
        for program in self.programs.values():
            program.is_lost = program.is_lost or program.host == host

    def _let_go(self, host: str) -> None:
        channel = self._channels.pop(host, None)
        if channel is not None:
            self._poll.unregister(channel.fileno())
            del self._hosts[channel.fileno()]

    def ask(self, host: str, do: str, body: bytes = b"", **words: object) -> Ticket:
        """Send a request; its reply comes while pumping. LabBroke if the host is gone, or was halted.

        Of a sidecar whose end breaks nothing that end is heard while pumping, and no reply.
        """
        if host not in self._channels:
            raise LabBroke(f"host {host} can't be asked: it was halted")
        ticket = Ticket(host)
        self._sent += 1
        self._tickets[self._sent] = ticket
        try:
            self._channels[host].send(encode({"do": do, "id": self._sent, **words}, body))
        except OSError as error:
            if host not in self._ends:
                raise self._broken(host) from error
        return ticket

    def answer(self, ticket: Ticket, *, timeout_s: float = 30.0) -> Header:
        """The reply to a request. LabBroke when none comes: agents answer at once or at their own deadline."""
        if not self.until(lambda: ticket.reply is not None, timeout_s=timeout_s):
            raise LabBroke(f"the agent on {ticket.host} doesn't answer")
        assert ticket.reply is not None
        return ticket.reply

    def until(self, holds: Callable[[], bool], *, timeout_s: float) -> bool:
        """Pump until it holds; whether it did in time."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.pump(left)
        return True

    def pump(self, patience_s: float) -> None:
        """Take what has come, waiting at most so long for something to come."""
        for descriptor, _ in self._poll.poll(max(0.0, patience_s) * 1000):
            if descriptor not in self._hosts:
                raise Cancelled
            self._receive(self._hosts[descriptor])

    def _receive(self, host: str) -> None:
        try:
            data = self._channels[host].receive()
        except OSError as error:  # a channel that breaks off in the middle
            self._lose(host, "", self._broken(host), error)
            return
        if not data:
            self._lose(host, "", self._broken(host))
            return
        try:
            frames = self._decoders[host].feed(data)
        except BadFrame as error:
            nonsense = f"speaks no sense: {error}"
            self._lose(host, f"it {nonsense}", LabBroke(f"the agent on {host} {nonsense}"), error)
            return
        for header, body in frames:
            self._take(host, header, body)

    def _lose(self, host: str, why: str, broken: LabBroke, cause: Exception | None = None) -> None:
        """Its channel is of no use any more: that breaks the lab, or is told to whom it concerns."""
        if host not in self._ends:
            raise broken from cause
        if host in self._channels:
            self._let_go(host)
            self._ends[host](why)

    def _take(self, host: str, header: Header, body: bytes) -> None:
        if "re" in header:
            ticket = self._tickets.pop(header["re"], None)
            if ticket is not None:
                ticket.reply = header
            return
        kind = header["ev"]
        if kind == "hello":
            self._hear_hello(host, header)
        elif kind == "broken":
            who = f"what looks after the {host}" if host in self._events else f"the agent on {host}"
            self._lose(host, header["detail"], LabBroke(f"{who} broke: {header['detail']}"))
        elif host in self._events:
            self._events[host](header, body)
            if kind == "packets":
                return
        else:
            self._tell(self.programs.get((host, header["program"])), header, body)
        self._on_heard(host, header, body)

    def _hear_hello(self, host: str, header: Header) -> None:
        if host in self._events:
            self._events[host](header, b"")
        else:
            self.hellos[host] = header

    def _tell(self, program: Program | None, header: Header, body: bytes) -> None:
        if program is None:
            return
        kind = header["ev"]
        if kind == "output":
            program.printed[header["stream"]] += body
        elif kind == "cut":
            program.is_cut = True
        elif kind == "ended":
            program.status, program.signal = header["status"], header["signal"]
            program.ended_ns, program.limit = header["t"], header["limit"]
            program.doing = tuple(header.get("doing", ()))
            program.has_ended = True
        elif kind == "gone":
            program.is_gone = True

    def _broken(self, host: str) -> LabBroke:
        if host in self._events:
            return LabBroke(f"what looks after the {host} is gone: its faults can't be relied on any more")
        return LabBroke(self._last_words() or f"host {host} is gone, and its agent with it")
