"""A plan -> a process that holds the lab and lets visitors in, until it is told to take it down."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from labctl.agent.frames import BadFrame, Decoder, Header, encode
from labctl.engine.contract import Channel, Engine, EngineError, Lab, Say
from labctl.plan.model import Plan
from labctl.runner.records import HOLDERS_LOG
from labctl.standing.places import socket_path
from labctl.standing.relay import Relay

_WAITS = 16
_TAKES_WITHIN_S = 10.0  # a visitor that reads nothing for so long must not hold up the others


def hold(engine: Callable[[], Engine], plan: Plan, name: str, claimed: int, folder: Path, say: Say) -> None:
    """Bring a lab up in a process of its own and return when it stands. EngineError if it could not be built.

    `claimed` is the claim to the name (labctl.standing.places.claim), which the process keeps from here on. On
    an interrupt nothing is left.
    """
    news_in, news_out = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(news_in)
            os.setsid()
            if os.fork() == 0:
                _be_holder(engine, plan, name, folder, news_out)
        os._exit(0)
    os.close(news_out)
    os.close(claimed)
    os.waitpid(child, 0)
    with os.fdopen(news_in, "rb") as news:
        _follow(news, say)


def _follow(news: BinaryIO, say: Say) -> None:
    """Pass the holder's progress on until it says that the lab stands, or why it doesn't."""
    holder = 0
    try:
        while line := news.readline():
            words = msgspec.json.decode(line)
            if "error" in words:
                raise EngineError(words["error"], hint=words["hint"])
            if "up" in words:
                return
            holder = words.get("pid", holder)
            if "doing" in words:
                say(words["doing"])
    except (KeyboardInterrupt, SystemExit):
        if holder:
            os.kill(holder, signal.SIGTERM)
        while news.readline():  # its end comes when nothing of the lab is left
            pass
        raise
    raise EngineError("the process that was to hold the lab died")


def _be_holder(engine: Callable[[], Engine], plan: Plan, name: str, folder: Path, news: int) -> None:
    """The holder's whole life. Its standard streams go to a log in the lab's folder."""
    path = socket_path(name)
    log = _redirect(folder / HOLDERS_LOG)

    def tell(**words: Any) -> None:  # Any: JSON's own types
        with contextlib.suppress(BrokenPipeError):
            os.write(news, msgspec.json.encode(words) + b"\n")

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    tell(pid=os.getpid())
    try:
        made = engine()
        made.prepare(plan, lambda words: tell(doing=words))
        lab = made.up(plan, lab=f"{name}-{os.urandom(4).hex()}", folder=folder, say=lambda words: tell(doing=words))
    except EngineError as error:
        tell(error=str(error), hint=error.hint)
        return
    except Exception:
        tell(error=f"the lab could not be built: {traceback.format_exc()}", hint="")
        return
    holder: Holder | None = None
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()  # of an earlier holder that was killed: the name is ours
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        listener.listen(_WAITS)
        holder = Holder(lab, made.name, listener)
        tell(up=True)
        os.close(news)
        holder.serve()
    finally:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        lab.down()
        if not log.stat().st_size:
            log.unlink()
        if holder is not None:
            holder.say_goodbye()


def _redirect(log: Path) -> Path:
    """Standard output and error to the log, standard input from nowhere."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    null = os.open(os.devnull, os.O_RDONLY)
    for standard, source in ((0, null), (1, descriptor), (2, descriptor)):
        os.dup2(source, standard)
    return log


class _Visit:
    """One connection of a visitor: to one host, after it has said which."""

    def __init__(self, number: int, stream: socket.socket) -> None:
        self.number = number
        self.stream = stream
        self.decoder = Decoder()
        self.relay: Relay | None = None

    def send(self, header: Header, body: bytes) -> None:
        with contextlib.suppress(OSError):  # it has gone; reading says so too
            self.stream.sendall(encode(header, body))


class Holder:
    """Relays between visitors and the hosts of one lab."""

    def __init__(self, lab: Lab, engine: str, listener: socket.socket) -> None:
        self._lab, self._engine = lab, engine
        self._selector = selectors.DefaultSelector()
        self._relays: dict[str, Relay] = {}
        self._sidecars: dict[str, Relay] = {}
        self._attending: dict[str, Channel] = {}
        self._visits: dict[int, _Visit] = {}
        self._count = 0
        self._goodbye: _Visit | None = None
        self._runs = True
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        for host, channel in lab.channels.items():
            self._relays[host] = self._relay(channel, self._stop)

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

    def _relay(self, channel: Channel, on_end: Callable[[], None]) -> Relay:
        decoder = Decoder()
        relay = Relay(lambda header, body: channel.send(encode(header, body)))

        def receive() -> None:
            data = channel.receive()
            if not data:
                on_end()
                return
            for header, body in decoder.feed(data):
                relay.from_agent(header, body)

        self._selector.register(channel, selectors.EVENT_READ, receive)
        return relay

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
                self._first_word(visit, header)
        if not data:
            self._end(visit)
            if visit.relay is not None:
                visit.relay.leave(visit.number)

    def _end(self, visit: _Visit) -> None:
        if self._visits.pop(visit.number, None) is not None:
            self._selector.unregister(visit.stream)
            visit.stream.close()

    def _first_word(self, visit: _Visit, header: Header) -> None:
        """`{"host": NAME}`: talk to its agent; `{"halt": NAME}`: end that host.

        `{"attend": [NAME]}`: see that these hosts have a sidecar; `{"sidecar": NAME}`: talk to it.
        `{"about": true}`: tell of the lab; `{"down": true}`: end it.
        """
        if "about" in header:
            plan = msgspec.json.encode(self._lab.plan, enc_hook=str)
            visit.send({"engine": self._engine, "pid": os.getpid(), "up": list(self._relays)}, plan)
        elif "halt" in header:
            visit.send(self._halt(header["halt"]), b"")
        elif "attend" in header:
            visit.send(self._attend(header["attend"]), b"")
        elif "down" in header:
            self._goodbye = visit
            self._runs = False
        elif "host" in header:
            self._introduce(visit, self._relays.get(header["host"]))
        elif "sidecar" in header:
            self._introduce(visit, self._sidecars.get(header["sidecar"]))

    def _introduce(self, visit: _Visit, relay: Relay | None) -> None:
        """Let a visitor talk by a relay; None: what it leads to is gone since the visitor looked."""
        if relay is None:
            self._end(visit)
            return
        visit.relay = relay
        relay.arrive(visit.number, visit.send)

    def _attend(self, hosts: list[str]) -> Header:
        """Start the sidecars that aren't there yet; what to answer. They stay for as long as the lab does."""
        new = [host for host in hosts if host not in self._attending]
        try:
            channels = self._lab.attend(new)
        except EngineError as error:
            return {"error": str(error), "hint": error.hint}
        for host, channel in channels.items():
            self._attending[host] = channel
            self._sidecars[host] = self._relay(channel, partial(self._lose_sidecar, host))
        return {"attended": hosts}

    def _lose_sidecar(self, host: str) -> None:
        """It has ended, or its host is about to: whoever talks to it hears the end."""
        relay = self._sidecars.pop(host, None)
        if relay is not None:
            channel = self._attending.pop(host)
            self._selector.unregister(channel)
            channel.close()
            self._end_visits(relay)

    def _end_visits(self, relay: Relay) -> None:
        for visit in [visit for visit in self._visits.values() if visit.relay is relay]:
            self._end(visit)

    def _halt(self, host: str) -> Header:
        """Halt a host; what to answer. The channels of those who visit it end."""
        relay = self._relays.pop(host, None)
        if relay is None:
            return {"halted": host}
        self._selector.unregister(self._lab.channels[host])
        self._lose_sidecar(host)
        self._end_visits(relay)
        try:
            self._lab.halt(host)
        except EngineError as error:
            return {"error": str(error), "hint": error.hint}
        return {"halted": host}
