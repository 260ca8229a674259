"""The name of a standing lab -> what it is, channels to its hosts, its end."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import msgspec
from msgspec.structs import replace

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.choose import EngineName, choose
from labctl.engine.contract import Channel, EngineError, Purpose, Readiness, Say
from labctl.engine.stream import SocketChannel
from labctl.plan.model import Plan
from labctl.scenario.model import Heal, Impair
from labctl.standing.places import forget_if_dead, names, socket_path
from labctl.standing.seen import FaultsSeen

_ANSWERS_WITHIN_S = 10.0
_DOWN_WITHIN_S = 60.0


class Standing(msgspec.Struct, frozen=True):
    """A lab that stands. `holder` is the pid of the process that holds it, `up` its hosts that were not halted.

    `faults`: how many rules are in force on its links; `gone`: hosts whose sidecar has ended by itself; `runs`: how
    many runs of scenarios go on there; `labels` are what it was brought up with, `user` whose it is.
    """

    name: str
    engine: str
    holder: int
    plan: Plan
    up: tuple[str, ...]
    faults: int = 0
    gone: tuple[str, ...] = ()
    runs: int = 0
    labels: dict[str, str] = {}
    user: str = ""


def standing(name: str, at: Path | None = None) -> Standing:
    """The lab of that name. EngineError, with the names that there are, if there is none.

    `at` is its socket where it is another user's.
    """
    stream = _connect(name, at)
    stream.settimeout(_ANSWERS_WITHIN_S)
    with stream:
        stream.sendall(encode({"about": True}))
        header, body = _one_frame(stream, name)
    plan = msgspec.json.decode(body, type=Plan, dec_hook=_decode)
    return Standing(
        name,
        header["engine"],
        header["pid"],
        plan,
        tuple(header["up"]),
        header["faults"],
        tuple(header["gone"]),
        header.get("runs", 0),  # the holder may be of an earlier labctl
        header.get("labels", {}),
        header.get("user", ""),
    )


def all_standing() -> list[Standing]:
    """Every lab that stands and answers. What a dead holder left of its socket is removed."""
    found = []
    for name in names():
        try:
            found.append(standing(name))
        except EngineError:
            forget_if_dead(name)
    return found


def take_down(name: str, at: Path | None = None) -> None:
    """End the lab; returns when nothing of it is left. EngineError if there is none of that name."""
    _asked(name, {"down": True}, at=at)


def halt(name: str, host: str) -> None:
    """Halt a host of that lab, for everybody. EngineError if that can't be done."""
    _asked(name, {"halt": host})


def impair(name: str, step: Impair) -> tuple[str, ...]:
    """Have a link of that lab do so from now on, for everybody; what rules that it replaced never saw, in words.

    EngineError if that can't be done; then all is as it was.
    """
    header, _ = _asked(name, {"link": True}, msgspec.json.encode(step))
    return tuple(header["shortfalls"])


def heal(name: str, step: Heal) -> tuple[int, tuple[str, ...]]:
    """Take away what `impair` put there, and runs that left the lab standing; how many rules, and what they never saw.

    EngineError if that can't be done.
    """
    header, _ = _asked(name, {"heal": True}, msgspec.json.encode(step))
    return header["ended"], tuple(header["shortfalls"])


def faults(name: str) -> FaultsSeen:
    """What is in force on the links of that lab, and was counted there. EngineError if there is none of that name."""
    _, body = _asked(name, {"faults": True})
    return msgspec.json.decode(body, type=FaultsSeen)


def attend(name: str, hosts: Sequence[str]) -> dict[str, _ToSidecar]:
    """A channel to the sidecar beside each of these hosts of that lab, started if need be. EngineError."""
    _asked(name, {"attend": list(hosts)})
    return {host: _ToSidecar(_talk(name, {"sidecar": host})) for host in hosts}


def record(name: str, hosts: Sequence[str]) -> dict[str, Channel]:
    """A channel to the capture beside each of these hosts of that lab, for what comes from now on. EngineError."""
    _asked(name, {"record": list(hosts)})
    return {host: SocketChannel(_talk(name, {"capture": host})) for host in hosts}


class _ToSidecar(SocketChannel):
    """A channel to a sidecar, by way of the holder."""

    def __init__(self, stream: socket.socket) -> None:
        super().__init__(stream)
        self._stream = stream

    def keep(self) -> None:
        """What was put in force by it stays when it is left."""
        with suppress(OSError):
            self.send(encode({"do": "keep", "id": 0}))

    def leave(self) -> None:
        """Close it, when what was put in force by it has ended, or is kept."""
        with suppress(OSError):  # the lab is gone, or the sidecar
            self._stream.settimeout(_ANSWERS_WITHIN_S)
            self._stream.shutdown(socket.SHUT_WR)
            while self.receive():
                pass
        self.close()


class VisitedLab:
    """A standing lab as an engine's lab: coming down only ends what was started there."""

    def __init__(self, lab: Standing, channels: dict[str, Channel], run: socket.socket | None) -> None:
        self._run = run
        self.name = lab.name
        self.plan = lab.plan
        self.channels = channels
        self._attending: list[_ToSidecar] = []
        self._recording: list[Channel] = []

    def attend(self, hosts: Sequence[str], *, purpose: Purpose = "links") -> Mapping[str, Channel]:
        """Have its holder see to it: a sidecar there is everybody's. What it is told ends with this visit."""
        if purpose == "capture":
            recorded = record(self.name, hosts)
            self._recording += recorded.values()
            return recorded
        attended = attend(self.name, hosts)
        self._attending += attended.values()
        return attended

    def halt(self, host: str) -> None:
        """EngineError: others visit it too, and it would be gone for them."""
        raise EngineError(
            f"lab {self.name} stays as it is: who visits it can't halt its host {host}",
            hint="run the scenario in a lab of its own, without --lab",
        )

    def down(self) -> None:
        """Leave: the holder ends the programs of whoever has left, and the faults; these have ended on return."""
        for channel in (*self.channels.values(), *self._recording):
            channel.close()
        for attending in self._attending:
            attending.leave()
        if self._run is not None:
            self._run.close()

    def keep_faults(self) -> None:
        """What was put in force on links stays when this visit ends."""
        for attending in self._attending:
            attending.keep()


def visit(name: str, *, is_run: bool = False) -> VisitedLab:
    """Channels to all hosts of a standing lab that are up. EngineError if there is none of that name.

    `is_run`: a run of scenarios; as long as it visits the lab, `down --all` lets it stand.
    """
    run = _talk(name, {"run": True}) if is_run else None
    lab = standing(name)
    channels: dict[str, Channel] = {}
    for host in lab.up:
        channels[host] = SocketChannel(_talk(name, {"host": host}))
    return VisitedLab(lab, channels, run)


class StandingEngine:
    """A standing lab as an engine, for running scenarios in it. The lab is as it is, and stays."""

    def __init__(self, name: str) -> None:
        self._lab = standing(name)
        self.name = self._lab.engine

    def readiness(self) -> Readiness:
        """It stands, so it works."""
        return Readiness(self.name, ())

    def prepare(self, plan: Plan, say: Say) -> None:
        """EngineError unless the lab has every host that the scenario needs. Makes what sidecars are made from."""
        there = self._lab.up
        missing = [host.name for host in plan.hosts if host.name not in there]
        if missing:
            raise EngineError(
                f"lab {self._lab.name} has no host {', '.join(missing)} that is up; it has {', '.join(sorted(there))}",
                hint="bring up a lab from this scenario: `labctl up FILE`",
            )
        prepare_sidecars(self._lab, plan.attended, say)

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> VisitedLab:
        """Visit it."""
        return visit(self._lab.name, is_run=True)

    def labs(self) -> list[Any]:
        """None of its own. Any: as the contract's, and empty."""
        return []

    def sweep(self, *, older_than_s: float | None = None) -> list[str]:
        """Nothing."""
        return []


def prepare_sidecars(lab: Standing, hosts: Sequence[str], say: Say) -> None:
    """Make what the sidecars of these hosts are made from, where it isn't there yet. EngineError if it can't be had."""
    if hosts:
        engine = choose(cast(EngineName, lab.engine), [], say)
        engine.prepare(replace(lab.plan, attended=tuple(hosts)), say)


def _talk(name: str, whom: Header) -> socket.socket:
    """A connection by way of the holder."""
    stream = _connect(name)
    stream.sendall(encode(whom))
    return stream


def _asked(name: str, words: Header, body: bytes = b"", at: Path | None = None) -> tuple[Header, bytes]:
    """What the holder answers. EngineError if it can't do it."""
    stream = _connect(name, at)
    stream.settimeout(_DOWN_WITHIN_S)
    with stream:
        stream.sendall(encode(words, body))
        header, body = _one_frame(stream, name)
    if "error" in header:
        raise EngineError(header["error"], hint=header["hint"])
    return header, body


def _connect(name: str, at: Path | None = None) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.connect(str(at or socket_path(name)))
    except OSError as error:
        stream.close()
        there = ", ".join(names()) or "none"
        raise EngineError(f"no lab named {name!r} stands (standing: {there})", hint="run `labctl up`") from error
    return stream


def _one_frame(stream: socket.socket, name: str) -> tuple[Header, bytes]:
    decoder = Decoder()
    try:
        while data := stream.recv(1 << 18):
            for frame in decoder.feed(data):
                return frame
    except TimeoutError as error:
        raise EngineError(f"the process that holds lab {name} doesn't answer") from error
    raise EngineError(f"the process that holds lab {name} ended")


def _decode(kind: type, value: str) -> object:
    if kind in (ipaddress.IPv4Network, ipaddress.IPv6Network, Path):
        return kind(value)
    raise NotImplementedError(kind)
