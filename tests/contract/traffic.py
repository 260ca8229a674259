"""A lab of left and right with a sidecar beside left -> numbered datagrams from right, and which of them arrive."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from labctl.sidecar.rules import Json, Rule, rule_from
from tests.contract.hosts import PATIENCE_S, Running, StandingLab
from tests.contract.sidecars import Attendant
from tests.contract.waiting import until

PORT = 51717
FAMILIES = ("address4", "address6")

_RECEIVER = """
    import json, socket, time
    one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    one.bind(("::", 51717))
    print("ready")
    seen = []
    while True:
        data = one.recv(1 << 16)
        now = time.monotonic_ns()
        if data == b"end":
            print(json.dumps(seen))
            seen = []
            continue
        head, _, rest = data.partition(b" ")
        number, _, sent = head.partition(b"@")
        is_whole = number.isdigit() and sent.isdigit() and rest == b"." * len(rest)
        seen.append([int(number), len(data), True, now - int(sent)] if is_whole else [0, len(data), False, 0])
"""
_SENDER = """
    import json, socket, sys, time
    sockets = {}
    for line in sys.stdin:
        address, first, last, size = json.loads(line)
        if address not in sockets:
            family = socket.getaddrinfo(address, None)[0][0]
            sockets[address] = socket.socket(family, socket.SOCK_DGRAM)
            sockets[address].connect((address, 51717))
        errors = 0
        for number in range(first, last + 1):
            data = f"{number}@{time.monotonic_ns():020} ".encode().ljust(size, b".") if number else b"end"
            try:
                sockets[address].send(data)
            except OSError:  # of what was sent before: this one was not sent
                errors += 1
                if not number:
                    sockets[address].send(data)
        print("sent", errors)
"""


class Arrived(NamedTuple):
    """A datagram that reached the program. One that was damaged tells no number."""

    number: int
    size: int
    is_whole: bool
    late_ns: int


class Traffic:
    """Its programs go on running from one test to the next. Rules are called as their faults are, so that what is
    drawn depends on nothing but the seed."""

    def __init__(self, lab: StandingLab, attendant: Attendant) -> None:
        self.lab, self.attendant = lab, attendant
        self._senders = [ipaddress.ip_address(one).packed.hex() for one in lab.plan.host("right").addresses]
        self._receiver = lab.host("left").begin_python(_RECEIVER).printed(b"ready\n")
        self._sender = lab.host("right").begin_python(_SENDER, window=True)
        self._views = 0
        interests = [
            {"senders": list(lab.plan.host("right").addresses), "only": {"protocol": protocol, "port": PORT}}
            for protocol in ("udp", "tcp")
        ]
        attendant.ask("watch", interests=interests)

    def impair(self, *faults: Mapping[str, Any]) -> list[Rule]:  # Any: JSON's own types
        """These faults, and no others, from now on: all of right's packets to the port."""
        told: list[Json] = [
            {"only": {"protocol": "udp", "port": PORT}, "senders": self._senders}
            | dict(fault)
            | {"name": fault["fault"]}
            for fault in faults
        ]
        self._views += 1
        only = told[0]["only"] if told else None
        self.attendant.ask("watch", views=[{"name": f"v{self._views}", "only": only}])
        self.attendant.ask("rules", rules=[], ending=[])  # a rule that stays would go on counting
        self.attendant.ask("audit")
        self.attendant.heard.clear()
        self.attendant.ask("rules", rules=told, ending=[])
        return [rule_from(values) for values in told]

    def counts(self) -> Json:
        """What the link has counted since the last `impair`."""
        counts: Json = self.attendant.ask("counts", view=f"v{self._views}")["counts"]
        return counts

    def decided(self) -> list[tuple[int, str]]:
        """Of which of right's packets something was decided since the last `impair`, and what.

        That one which was held goes on is left out.
        """
        assert self.attendant.ask("audit")["lost"] == 0
        rows = [row for header in self.attendant.heard if header.get("ev") == "decided" for row in header["rows"]]
        assert {row[1] for row in rows} <= {"right"}
        return [(row[2], row[3]) for row in rows if row[3] != "let-go"]

    def send(self, count: int, *, family: str = "address4", size: int = 30) -> int:
        """Send datagrams 1 … count; of how many sends an error was told. They have come to the sidecar by now."""
        errors = self._say(family, 1, count, size)
        assert until(lambda: self.counts()["sent"] >= count - errors, within_s=PATIENCE_S), self.counts()
        return errors

    def arrived(self, *, family: str = "address4") -> list[Arrived]:
        """What has reached the program since the last time. No rule is in force any more."""
        self.attendant.ask("rules", rules=[], ending=[])
        before = self._receiver.stdout.count(b"\n")
        self._say(family, 0, 0, 3)
        heard = self.lab.conversation.until(lambda: _lines(self._receiver) > before, timeout_s=PATIENCE_S)
        assert heard, self._receiver
        return [Arrived(*one) for one in json.loads(self._receiver.stdout.splitlines()[-1])]

    def _say(self, family: str, first: int, last: int, size: int) -> int:
        before = _lines(self._sender)
        address = getattr(self.lab.plan.host("left"), family)
        self._sender.feed(json.dumps([address, first, last, size]).encode() + b"\n")
        assert self.lab.conversation.until(lambda: _lines(self._sender) > before, timeout_s=PATIENCE_S), self._sender
        return int(self._sender.stdout.splitlines()[-1].split()[1])


def _lines(running: Running) -> int:
    return running.stdout.count(b"\n")


def numbers(arrived: Sequence[Arrived]) -> list[int]:
    """Which they are, in their order."""
    return [one.number for one in arrived]
