"""Links of a lab whose sidecars are the test's."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from labctl.agent.frames import Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError
from labctl.hosts.conversation import Conversation
from labctl.runner.links import Links
from labctl.scenario.links.places import Places
from labctl.scenario.model import Check, Fault, Impair, Link, LinkState, Only, Step, Which
from labctl.scenario.problems import Position
from tests.contract.plans import plan_of

HOSTS = ("cheerios-1", "cheerios-2", "client")
PLACES = Places({"cheerios": HOSTS[:2], "cheerios-1": HOSTS[:1], "client": HOSTS[2:]}, HOSTS)
PLAN = plan_of(*HOSTS)
AT = Position("s.yaml", 1, 1)
UDP = Only("udp", 51717)
LOSS = Fault(name="drop", which=Which(ordinals=(2,)))
CUT = Fault(name="cut")
FRAGMENTS = Fault(name="drop", which=Which(fragments=True))
NOTHING = {"sent": 0, "arrived": 0, "dropped": 0, "lost": {}, "retransmitted": 0, "resets": 0, "fragmented": 0}


class FakeSidecar:
    """A channel to one that answers as the test wants it to."""

    def __init__(self, host: str) -> None:
        self.asked: list[Header] = []
        self.answers: dict[str, Header] = {"audit": {"lost": 0, "shortfalls": []}, "rules": {"shortfalls": []}}
        self.on_asked: Callable[[Header], None] = lambda header: None
        self.is_gone = False
        self._decoder = Decoder()
        self._bell, self._ring = os.pipe()
        self._said = b""
        self.say({"ev": "hello", "host": host})

    def say(self, header: Header) -> None:
        """Let something be heard."""
        self._said += encode(header)
        os.write(self._ring, b"!")

    def end(self) -> None:
        """Be killed."""
        self.is_gone = True
        os.write(self._ring, b"!")

    def fileno(self) -> int:
        return self._bell

    def receive(self) -> bytes:
        os.read(self._bell, 4096)
        said, self._said = self._said, b""
        return said

    def send(self, data: bytes) -> None:
        if self.is_gone:
            raise BrokenPipeError
        for header, _ in self._decoder.feed(data):
            self.asked.append(header)
            self.say({"re": header["id"], **self.answers.get(header["do"], {"ok": True})})
            self.on_asked(header)

    def close(self) -> None:
        for descriptor in (self._bell, self._ring):
            os.close(descriptor)

    def last(self, do: str) -> Header:
        """What it was asked last of this kind."""
        return next(header for header in reversed(self.asked) if header["do"] == do)


class Stage:
    """Links with a sidecar beside each host that is attended."""

    def __init__(self, *steps: Step) -> None:
        self.sidecars: dict[str, FakeSidecar] = {}
        self.attended: list[tuple[str, ...]] = []
        self.conversation = Conversation({})
        self.links = Links(steps, PLAN, PLACES, self.conversation, seed=7)
        self.refusal = ""

    def attend(self, hosts: Sequence[str]) -> Mapping[str, Channel]:
        """As a lab does it."""
        if self.refusal:
            raise EngineError(self.refusal, hint="try")
        self.attended.append(tuple(hosts))
        self.sidecars |= {host: FakeSidecar(host) for host in hosts}
        return {host: self.sidecars[host] for host in hosts}

    def begin(self) -> Stage:
        """Attend the hosts."""
        self.links.begin(self.attend)
        return self


Staged = Callable[..., Stage]


def impair(sender: str, receiver: str, *faults: Fault, both: bool = False, only: Only | None = UDP) -> Impair:
    """A `link` step."""
    return Impair(at=AT, link=Link(sender, receiver, both=both), faults=faults, only=only)


def check(sender: str, receiver: str, *, both: bool = False, only: Only | None = UDP) -> Check:
    """A look."""
    return Check(at=AT, subject=Link(sender, receiver, both=both), only=only, expect=LinkState())
