"""Packets that pass a sidecar, on namespaces -> what it adds to them, and how exactly it does what it is told."""

from __future__ import annotations

import ipaddress
import json
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from msgspec.structs import replace

from labctl.engine.netns.engine import Netns
from labctl.engine.sidecar import settings_for
from labctl.plan.model import Plan
from tests.bench.measure import Row
from tests.contract.hosts import Running, StandingLab
from tests.contract.plans import plan_of
from tests.contract.sidecars import Attendant

PORT = 51717
PLAN = replace(plan_of("left", "right", name="bench"), attended=("left",))
ONLY = {"udp": {"protocol": "udp", "port": PORT}, "tcp": {"protocol": "tcp", "port": PORT}}
HEADERS = {"udp": (28, 972), "tcp": (52, 1448)}
"""Bytes that a rate counts on top of these bytes of payload; TCP with its timestamps, at an MTU of 1500."""
RATES = {"1mbit": 1, "10mbit": 10}
MS, S = 1_000_000, 1_000_000_000
_FEW, _MANY, _UNDERWAY = 200, 40_000, 100
_RATED_S = 2.0

RECEIVER = """
    import json, socket, sys, time
    count, answers = int(sys.argv[1]), int(sys.argv[2])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("", 51717))
        receiver.settimeout(2)
        print("ready")
        ages, size = [], 0
        for n in range(1, count + 1):
            try:
                data, sender = receiver.recvfrom(2048)
            except TimeoutError:  # some didn't come
                break
            now = time.monotonic_ns()
            if n == 1:
                began = now
            else:
                size += len(data)
            ages.append(now - int.from_bytes(data[:8], "big"))
            if answers and n % answers == 0:
                receiver.sendto(b"go on", sender)
        print(json.dumps({"ages": ages, "ns": now - began, "bytes": size}))
"""
SENDER = """
    import socket, sys, time
    host, count, size, every_ns, window, per_answer = sys.argv[1], *map(int, sys.argv[2:])
    rest = bytes(size - 8)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect((host, 51717))
        began = time.monotonic_ns()
        for n in range(count):
            while every_ns and time.monotonic_ns() < began + n * every_ns:
                time.sleep(max(0, began + n * every_ns - time.monotonic_ns() - 60_000) / 1e9)
            if window and n >= window and n % per_answer == 0:
                sender.recv(16)
            sender.send(time.monotonic_ns().to_bytes(8, "big") + rest)
"""
TCP_RECEIVER = """
    import json, socket, time
    with socket.create_server(("", 51717)) as server:
        print("ready")
        with server.accept()[0] as peer:
            size = -len(peer.recv(65536))
            began = now = time.monotonic_ns()
            first = -size
            while data := peer.recv(65536):
                now, size = time.monotonic_ns(), size + len(data)
        print(json.dumps({"ages": [], "ns": now - began, "bytes": size + first}))
"""
TCP_SENDER = """
    import socket, sys
    with socket.create_connection((sys.argv[1], 51717)) as sender:
        sender.sendall(bytes(int(sys.argv[2])))
"""


class Bench:
    """A lab of left and right; left has a sidecar, or none."""

    def __init__(self, lab: StandingLab, attendant: Attendant | None) -> None:
        self.lab = lab
        self.attendant = attendant

    def impair(self, protocol: str, **fault: object) -> None:
        """Have the sidecar look at packets of a protocol from right to left, and do this to them, if it is anything."""
        assert self.attendant is not None
        senders = self.lab.plan.host("right").addresses
        kind = {"senders": [ipaddress.ip_address(one).packed.hex() for one in senders], "only": ONLY[protocol]}
        self.attendant.ask("watch", views=[{"name": protocol, **kind}], interests=[{**kind, "senders": list(senders)}])
        rules = [{"name": "bench", **kind, **fault}] if fault else []
        self.attendant.ask("rules", rules=rules, ending=[], restart=[protocol])

    def datagrams(
        self, count: int, *, size: int = 64, every_us: float = 0, window: int = 0, arriving: int = 0
    ) -> dict[str, Any]:  # Any: what RECEIVER wrote as JSON
        """Send datagrams from right to left, at a pace, or so many at most underway; what RECEIVER tells of them."""
        answers = window // 4
        receiver = self.lab.host("left").begin_python(RECEIVER, arriving or count, answers).printed(b"ready\n")
        words = (self.lab.address("left"), count, size, round(every_us * 1000), window, max(answers, 1))
        return _told(self.lab, receiver, SENDER, *words)

    def stream(self, size: int) -> dict[str, Any]:
        """Send bytes over TCP from right to left."""
        receiver = self.lab.host("left").begin_python(TCP_RECEIVER).printed(b"ready\n")
        return _told(self.lab, receiver, TCP_SENDER, self.lab.address("left"), size)

    def lost(self) -> int:
        """How many packets never came to the sidecar."""
        assert self.attendant is not None
        lost: int = self.attendant.ask("audit")["lost"]
        return lost


def _told(lab: StandingLab, receiver: Running, sender: str, *words: object) -> dict[str, Any]:
    sends = lab.host("right").run_python(sender, *words)
    assert sends.ending == "exit 0", sends
    said = receiver.ended().stdout.splitlines()
    assert receiver.ending == "exit 0", receiver
    told: dict[str, Any] = json.loads(said[-1])
    return told


@contextmanager
def bench(*, is_attended: bool = True, force_buffer: bool = True) -> Iterator[Bench]:
    """A lab for a while. Without `force_buffer` the queue has the buffer that every socket has."""

    def settings(plan: Plan, host: str) -> dict[str, object]:
        return settings_for(plan, host) | {"force_buffer": force_buffer}

    with tempfile.TemporaryDirectory() as folder, StandingLab(Netns(), PLAN, Path(folder)) as lab:
        if not is_attended:
            yield Bench(lab, None)
            return
        with patch("labctl.engine.netns.engine.settings_for", settings):
            attendant = Attendant(lab.lab.attend(["left"])["left"])
        attendant.first()
        yield Bench(lab, attendant)


def sidecar_rows() -> Iterator[Row]:
    """Every figure of the sidecar's."""
    with bench(is_attended=False) as one:
        straight = _median_ms(one.datagrams(_FEW, every_us=2000))
    with bench() as one:
        yield latency_row(one, straight)
        yield throughput_row(one)
        yield from delay_rows(one, straight)
        yield from (rate_row(one, protocol, name) for protocol in ONLY for name in RATES)
    with bench(force_buffer=False) as one:
        yield lost_row(one)


def latency_row(one: Bench, straight: float) -> Row:
    """What a datagram takes longer, one way, than without a sidecar; nothing else is underway."""
    one.impair("udp")
    through = _median_ms(one.datagrams(_FEW, every_us=2000))
    detail = f"{through:.3f} ms against {straight:.3f} ms, medians of {_FEW}"
    return Row("sidecar: added to an idle link", through - straight, 0.2, "ms", detail)


def throughput_row(one: Bench) -> Row:
    """Datagrams that are counted, and no more; so many are underway that the sidecar never waits for one."""
    one.impair("udp")
    speeds = [_MANY / one.datagrams(_MANY, window=_UNDERWAY)["ns"] * S / 1000 for _ in range(5)]
    detail = f"best of {len(speeds)} times {_MANY}; {one.lost()} lost on the way"
    return Row("sidecar: packets with nothing to do", max(speeds), 50, "k/s", detail, is_least=True)


def delay_rows(one: Bench, straight: float) -> Iterator[Row]:
    """One way, a datagram each 5 ms."""
    for delay_ms in (50, 1):
        one.impair("udp", fault="delay", delay_ns=delay_ms * MS)
        ages = one.datagrams(_FEW, every_us=5000)["ages"]
        name = f"sidecar: delay of {delay_ms} ms"
        detail = f"of {_FEW}; {straight:.3f} ms of it without a sidecar"
        yield Row(f"{name}, median", statistics.median(ages) / MS, delay_ms + 2, "ms", detail)
        yield Row(f"{name}, shortest", min(ages) / MS, delay_ms, "ms", is_least=True)


def rate_row(one: Bench, protocol: str, name: str) -> Row:
    """How far what passes in a second, headers and all, is from what was asked for."""
    rate, queue_ns = RATES[name] * 1e6, 50 * MS
    one.impair(protocol, fault="rate", rate=rate, queue_ns=queue_ns)
    headers, payload = HEADERS[protocol]
    if protocol == "tcp":
        told = one.stream(round(rate * _RATED_S / 8))
    else:  # twice as much as passes; what waits at the end comes too
        count = round(rate * 2 * _RATED_S / 8 / (payload + headers))
        told = one.datagrams(count, size=payload, every_us=_RATED_S * 1e6 / count, arriving=count // 2)
    figure = told["bytes"] * (1 + headers / payload) * 8 / (told["ns"] / S)
    detail = f"{figure / 1e6:.3f} Mbit/s"
    return Row(f"sidecar: rate of {name}, {protocol}", abs(figure / rate - 1) * 100, 5, "%", detail)


def lost_row(one: Bench) -> Row:
    """With the buffer that every socket has, at a pace."""
    assert one.attendant is not None
    one.impair("udp")
    one.datagrams(_MANY, every_us=50)
    counts = one.attendant.ask("counts", view="udp")["counts"]
    detail = f"of {_MANY}; {counts['sent']} came; buffer of {one.attendant.first()['buffer'] // 1024} KiB"
    return Row("sidecar: lost at 20,000/s, stock buffer", one.lost(), 0, "", detail)


def _median_ms(told: dict[str, Any]) -> float:
    median: float = statistics.median(told["ages"])
    return median / MS
