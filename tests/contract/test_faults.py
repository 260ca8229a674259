"""What links do to packets is exact to the packet, the same on every engine, and never silently not done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from labctl.engine.contract import Engine
from labctl.scenario.model import Family
from labctl.sidecar.rules import Counter, Rule
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of
from tests.contract.sidecars import Attendant
from tests.contract.traffic import FAMILIES, Traffic, numbers
from tests.contract.waiting import until
from tests.torture.faults import run_sequences

PLAN = replace(plan_of("left", "right", family=Family.DUAL), attended=("left", "right"))
COUNT = 120
WHICH: list[dict[str, Any]] = [  # Any: JSON's own types
    {"ordinals": [2, 4]},
    {"first": 3},
    {"every": 5},
    {"contains": "7@"},
    {"share": 0.2},
    {"share": 0.1, "burst": 4.0},
]
IDS = ["ordinals", "first", "every", "contains", "share", "burst"]
TCP = {"only": {"protocol": "tcp", "port": 51717}}
TCP_SERVER = """
    import socket
    with socket.create_server(("::", 51717), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        print("ready")
        stream, _ = listener.accept()
        print("accepted")
        with stream, stream.makefile("rb") as lines:
            for line in lines:
                print(line.decode().strip())
"""
TCP_CLIENT = """
    import socket, sys
    with socket.create_connection((sys.argv[1], 51717)) as stream:
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        print("connected")
        sys.stdin.readline()
        for number in range(int(sys.argv[2])):
            stream.sendall(b"%d\\n" % number)
"""


@pytest.fixture(scope="module")
def traffic(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    """Left is attended, and hears what right sends."""
    with StandingLab(engine, PLAN, tmp_path_factory.mktemp(engine.name)) as lab:
        attendant = Attendant(lab.lab.attend(["left"])["left"])
        attendant.first()
        yield Traffic(lab, attendant)


def predicted(rule: Rule, count: int) -> list[int]:
    """Which of right's packets the rule's own arithmetic chooses."""
    counter = Counter(rule, "right")
    found = []
    for n in range(1, count + 1):
        if counter.chooses(f"{n}@".encode()):
            found.append(n)
            if rule.fault == "corrupt":
                counter.draw()  # where it is damaged
    return found


def reordered(chosen: list[int], count: int, hold: int) -> list[int]:
    """How packets come when the chosen ones let so many others past."""
    order, held = list[int](), dict[int, int]()
    for n in range(1, count + 1):
        if n in chosen:
            held[n] = hold
            continue
        order.append(n)
        held = {one: left - 1 for one, left in held.items()}
        order += [one for one, left in held.items() if not left]
        held = {one: left for one, left in held.items() if left}
    return order + list(held)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("which", WHICH, ids=IDS)
def test_exactly_the_predicted_are_lost(traffic: Traffic, which: dict[str, Any], family: str) -> None:
    """The others arrive in order, once, whole; the sender is told of no error."""
    [rule] = traffic.impair({"fault": "drop", "which": which, "seed": 3})
    assert traffic.send(COUNT, family=family) == 0
    lost = predicted(rule, COUNT)
    assert traffic.counts()["lost"] == {"right": lost}
    assert traffic.decided() == [(n, "drop") for n in lost]
    assert numbers(traffic.arrived(family=family)) == [n for n in range(1, COUNT + 1) if n not in lost]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("which", WHICH[:5], ids=IDS[:5])
def test_exactly_the_predicted_arrive_twice(traffic: Traffic, which: dict[str, Any], family: str) -> None:
    """And all others once."""
    [rule] = traffic.impair({"fault": "duplicate", "which": which, "seed": 5})
    traffic.send(COUNT, family=family)
    doubled = predicted(rule, COUNT)
    assert traffic.counts()["arrived"] == COUNT + len(doubled)
    assert sorted(numbers(traffic.arrived(family=family))) == sorted([*range(1, COUNT + 1), *doubled])
    assert traffic.decided() == [(n, "duplicate") for n in doubled]


@pytest.mark.parametrize("hold", [1, 3])
@pytest.mark.parametrize("which", WHICH[:5], ids=IDS[:5])
def test_exactly_the_predicted_are_overtaken(traffic: Traffic, which: dict[str, Any], hold: int) -> None:
    """Each by so many; whatever is held at the end comes when the rule is gone."""
    [rule] = traffic.impair({"fault": "reorder", "which": which, "hold": hold, "seed": 7})
    traffic.send(COUNT)
    held = predicted(rule, COUNT)
    assert traffic.decided() == [(n, "hold") for n in held]
    assert numbers(traffic.arrived()) == reordered(held, COUNT, hold)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("which", WHICH[:5], ids=IDS[:5])
def test_exactly_the_predicted_are_damaged(traffic: Traffic, which: dict[str, Any], family: str) -> None:
    """Where the program sees it: they arrive, as long as they were, and not as they were sent."""
    [rule] = traffic.impair({"fault": "corrupt", "which": which, "visible": True, "seed": 9})
    traffic.send(COUNT, family=family, size=200)
    damaged = predicted(rule, COUNT)
    arrived = traffic.arrived(family=family)
    assert traffic.decided() == [(n, "corrupt") for n in damaged]
    assert [one.size for one in arrived] == [200] * COUNT
    seen = [n for n, one in enumerate(arrived, 1) if (one.number, one.is_whole) != (n, True)]
    assert set(seen) <= set(damaged)  # a digit of the time that is turned over is damage, too
    assert seen == [n for n in damaged if arrived[n - 1].number != n or not arrived[n - 1].is_whole]
    assert len(seen) == len(damaged)


@pytest.mark.parametrize("family", FAMILIES)
def test_damage_that_the_kernel_sees_never_reaches_the_program(traffic: Traffic, family: str) -> None:
    """It is counted as a wrong checksum, once for each."""
    path, word = {"address4": ("snmp", "Udp:"), "address6": ("snmp6", "Udp6InCsumErrors")}[family]

    def wrong_checksums() -> int:
        table = traffic.lab.host("left").run("cat", f"/proc/net/{path}").stdout.decode()
        rows = [line.split() for line in table.splitlines() if line.startswith(word)]
        return int(rows[0][1] if path == "snmp6" else dict(zip(*rows, strict=True))["InCsumErrors"])

    before = wrong_checksums()
    [rule] = traffic.impair({"fault": "corrupt", "which": {"every": 3}})
    traffic.send(30, family=family)
    assert numbers(traffic.arrived(family=family)) == [n for n in range(1, 31) if n % 3]
    assert wrong_checksums() - before == 10
    assert predicted(rule, 30) == [3, 6, 9, 12, 15, 18, 21, 24, 27, 30]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_datagram_is_one_however_large_it_is(traffic: Traffic, family: str) -> None:
    """It travels in fragments, and is counted, lost, doubled and damaged as a whole."""
    traffic.impair(
        {"fault": "drop", "which": {"ordinals": [2]}},
        {"fault": "corrupt", "which": {"ordinals": [3]}, "visible": True},
        {"fault": "duplicate", "which": {"ordinals": [4]}},
    )
    traffic.send(6, family=family, size=20_000)
    counts = traffic.counts()
    assert (counts["sent"], counts["arrived"], counts["lost"]) == (6, 6, {"right": [2]})
    assert traffic.decided() == [(2, "drop"), (3, "corrupt"), (4, "duplicate")]
    arrived = traffic.arrived(family=family)
    assert sorted((one.number, one.size) for one in arrived if one.is_whole) == [(n, 20_000) for n in (1, 3, 5, 5, 6)]
    assert [one.size for one in arrived if not one.is_whole] == [20_000]


def test_a_delay_is_never_shorter(traffic: Traffic) -> None:
    """50 ms by the clock of the program that receives; jitter goes below that by no more than itself, in order."""
    for jitter_ms in (0, 20):
        traffic.impair({"fault": "delay", "delay_ns": 50_000_000, "jitter_ns": jitter_ms * 1_000_000})
        traffic.send(50)
        assert until(lambda: traffic.counts()["arrived"] == 50, within_s=30)
        arrived = traffic.arrived()
        assert numbers(arrived) == list(range(1, 51))
        assert min(one.late_ns for one in arrived) >= (50 - jitter_ms) * 1_000_000


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_lost_is_no_error_of_the_senders(traffic: Traffic, family: str) -> None:
    """Neither by chance nor by a silent cut; one that answers is told to the sender."""
    for fault in ({"fault": "drop", "which": {"share": 1.0}}, {"fault": "cut", "answer": "silent"}):
        traffic.impair(fault)
        assert traffic.send(20, family=family) == 0
        assert traffic.counts()["dropped"] == 20
        assert traffic.arrived(family=family) == []
    traffic.impair({"fault": "cut", "answer": "port-unreachable"})
    # An error is told by the next call; and here is one, so that none above means something.
    assert until(lambda: traffic.send(1, family=family) > 0, within_s=10)
    assert traffic.arrived(family=family) == []


@pytest.mark.parametrize("family", FAMILIES)
def test_of_a_connection_the_segments_are_chosen_by_their_number(traffic: Traffic, family: str) -> None:
    """Whatever is sent again counts, too; the programs notice nothing."""
    lab = traffic.lab
    server = lab.host("left").begin_python(TCP_SERVER).printed(b"ready\n")
    words = (TCP_CLIENT, getattr(lab.plan.host("left"), family), 60)
    client = lab.host("right").begin_python(*words, window=True).printed(b"connected\n")
    server.printed(b"accepted\n")
    [rule] = traffic.impair({"fault": "drop", "which": {"share": 0.2}, "seed": 11} | TCP)
    client.feed(b"\n")
    assert server.ended().stdout.split()[2:] == [b"%d" % number for number in range(60)]
    counts = traffic.counts()
    lost = predicted(rule, counts["sent"])
    assert len(lost) > 0
    assert counts["lost"] == {"right": lost}
    assert traffic.decided() == [(n, "drop") for n in lost]
    assert counts["retransmitted"] > 0
    assert client.ended().ending == "exit 0"
    traffic.arrived()


def test_the_network_is_afterwards_what_it_was_before(engine: Engine, tmp_path: Path) -> None:
    """After whatever was said of links, in any order; `make fault-torture` does it 500 times."""
    sequences = 15 if engine.name == "netns" else 2
    assert run_sequences(engine, tmp_path, sequences, seed=1) == []
