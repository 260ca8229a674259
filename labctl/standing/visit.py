"""The name of a standing lab -> what it is, channels to its hosts, its end."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError, Readiness, Say
from labctl.engine.stream import SocketChannel
from labctl.plan.model import Plan
from labctl.standing.places import names, socket_path

_ANSWERS_WITHIN_S = 10.0
_DOWN_WITHIN_S = 60.0


class Standing(msgspec.Struct, frozen=True):
    """A lab that stands. `holder` is the pid of the process that holds it, `up` its hosts that were not halted."""

    name: str
    engine: str
    holder: int
    plan: Plan
    up: tuple[str, ...]


def standing(name: str) -> Standing:
    """The lab of that name. EngineError, with the names that there are, if there is none."""
    stream = _connect(name)
    stream.settimeout(_ANSWERS_WITHIN_S)
    with stream:
        stream.sendall(encode({"about": True}))
        header, body = _one_frame(stream, name)
    plan = msgspec.json.decode(body, type=Plan, dec_hook=_decode)
    return Standing(name, header["engine"], header["pid"], plan, tuple(header["up"]))


def all_standing() -> list[Standing]:
    """Every lab that stands. What a dead holder left of its socket is removed."""
    found = []
    for name in names():
        try:
            found.append(standing(name))
        except EngineError:
            socket_path(name).unlink(missing_ok=True)
    return found


def take_down(name: str) -> None:
    """End the lab; returns when nothing of it is left. EngineError if there is none of that name."""
    stream = _connect(name)
    stream.settimeout(_DOWN_WITHIN_S)
    with stream:
        stream.sendall(encode({"down": True}))
        _one_frame(stream, name)


def halt(name: str, host: str) -> None:
    """Halt a host of that lab, for everybody. EngineError if that can't be done."""
    stream = _connect(name)
    stream.settimeout(_DOWN_WITHIN_S)
    with stream:
        stream.sendall(encode({"halt": host}))
        header, _ = _one_frame(stream, name)
    if "error" in header:
        raise EngineError(header["error"], hint=header["hint"])


def attend(name: str, hosts: Sequence[str]) -> dict[str, Channel]:
    """A channel to the sidecar beside each of these hosts of that lab, started if need be. EngineError."""
    stream = _connect(name)
    stream.settimeout(_DOWN_WITHIN_S)
    with stream:
        stream.sendall(encode({"attend": list(hosts)}))
        header, _ = _one_frame(stream, name)
    if "error" in header:
        raise EngineError(header["error"], hint=header["hint"])
    return {host: _talk(name, {"sidecar": host}) for host in hosts}


class VisitedLab:
    """A standing lab as an engine's lab: coming down only ends what was started there."""

    def __init__(self, lab: Standing, channels: dict[str, Channel]) -> None:
        self.name = lab.name
        self.plan = lab.plan
        self.channels = channels
        self._attending: list[Channel] = []

    def attend(self, hosts: Sequence[str]) -> Mapping[str, Channel]:
        """Have its holder see to it: a sidecar there is everybody's, and stays when this visit ends."""
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
        """Leave: the holder ends the programs of whoever has left."""
        for channel in (*self._attending, *self.channels.values()):
            channel.close()


def visit(name: str) -> VisitedLab:
    """Channels to all hosts of a standing lab that are up. EngineError if there is none of that name."""
    lab = standing(name)
    channels: dict[str, Channel] = {}
    for host in lab.up:
        channels[host] = _talk(name, {"host": host})
    return VisitedLab(lab, channels)


class StandingEngine:
    """A standing lab as an engine, for running scenarios in it. The lab is as it is, and stays."""

    def __init__(self, name: str) -> None:
        self._lab = standing(name)
        self.name = self._lab.engine

    def readiness(self) -> Readiness:
        """It stands, so it works."""
        return Readiness(self.name, ())

    def prepare(self, plan: Plan, say: Say) -> None:
        """EngineError unless the lab has every host that the scenario needs."""
        there = self._lab.up
        missing = [host.name for host in plan.hosts if host.name not in there]
        if missing:
            raise EngineError(
                f"lab {self._lab.name} has no host {', '.join(missing)} that is up; it has {', '.join(sorted(there))}",
                hint="bring up a lab from this scenario: `labctl up FILE`",
            )

    def up(self, plan: Plan, *, lab: str, folder: Path, say: Say) -> VisitedLab:
        """Visit it."""
        return visit(self._lab.name)

    def labs(self) -> list[Any]:
        """None of its own. Any: as the contract's, and empty."""
        return []

    def sweep(self, *, everything: bool = False) -> list[str]:
        """Nothing."""
        return []


def _talk(name: str, whom: Header) -> Channel:
    """A channel by way of the holder."""
    stream = _connect(name)
    stream.sendall(encode(whom))
    return SocketChannel(stream)


def _connect(name: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.connect(str(socket_path(name)))
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
