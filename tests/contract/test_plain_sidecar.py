"""A sidecar without a packet queue loses the very same datagrams as one that has it, or says that it can't."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import labctl.engine.netns.engine as engine_module
from labctl.agent.frames import Header
from labctl.engine.netns.engine import Netns
from labctl.engine.sidecar import settings_for
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of
from tests.contract.sidecars import Attendant, network_of

PORT = 51717
COUNT = 200
PLAN = replace(plan_of("left", "right", "third", family=Family.DUAL), attended=("left",))
RECEIVER = """
    import socket
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as receiver:
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        receiver.bind(("::", 51717))
        print("ready")
        while (data := receiver.recv(100)) != b"end":
            print(data.decode())
"""
SENDER = """
    import socket, sys, time
    four, six, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    to4, to6 = (socket.socket(kind, socket.SOCK_DGRAM) for kind in (socket.AF_INET, socket.AF_INET6))
    for n in range(1, count + 1):
        to4.sendto(b"%d" % n, (four, 51717)) if n % 3 else to6.sendto(b"%d" % n, (six, 51717))
        time.sleep(0.0005)
    to4.sendto(b"0", (four, 51718))
"""
"""Sends by both families; the last one is about no rule that asks for the port."""
END = """
    import socket, sys
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind(("", 51800))
        sender.sendto(b"end", (sys.argv[1], 51717))
"""
Faults = list[dict[str, Any]]
CASES: dict[str, Faults] = {
    "ordinals": [{"fault": "drop", "which": {"ordinals": [2, 4, 199]}}],
    "first": [{"fault": "drop", "which": {"first": 3}}],
    "every": [{"fault": "drop", "which": {"every": 5}}],
    "all": [{"fault": "drop", "which": {"every": 1}}],
    "share": [{"fault": "drop", "which": {"share": 0.2}, "seed": 7}],
    "burst": [{"fault": "drop", "which": {"share": 0.2, "burst": 3.5}, "seed": 8}],
    "one after another": [
        {"fault": "drop", "which": {"every": 3}},
        {"fault": "drop", "which": {"share": 0.3}, "seed": 9},
        {"fault": "drop", "which": {"ordinals": [1, 5]}},
    ],
    "cut": [{"fault": "cut"}],
    "refused": [{"fault": "cut", "answer": "admin-prohibited"}],
}


@contextmanager
def lab_of(
    folder: Path, monkeypatch: pytest.MonkeyPatch, *, has_queue: bool
) -> Iterator[tuple[StandingLab, Attendant]]:
    """A lab where left is attended, with a queue or as if the kernel had none."""

    def settings(plan: Plan, host: str) -> dict[str, object]:
        return settings_for(plan, host, has_queue=has_queue)

    monkeypatch.setattr(engine_module, "settings_for", settings)
    with StandingLab(Netns(), PLAN, folder) as lab:
        attendant = Attendant(lab.lab.attend(["left"])["left"])
        assert (attendant.first()["buffer"] > 0) == has_queue
        yield lab, attendant


def kind(plan: Plan, *senders: str) -> dict[str, Any]:
    """Datagrams of these hosts to the port."""
    addresses = [address for sender in senders for address in plan.host(sender).addresses]
    packed = [ipaddress.ip_address(address).packed.hex() for address in addresses]
    return {"senders": packed, "only": {"protocol": "udp", "port": PORT}}


def impair(plan: Plan, attendant: Attendant, faults: Faults) -> Header:
    """Begin to count, with these rules and no others."""
    its = kind(plan, "right", "third")
    texts = [address for host in ("right", "third") for address in plan.host(host).addresses]
    attendant.ask("watch", views=[{"name": "v", **its}], interests=[{"only": its["only"], "senders": texts}])
    rules = [{"name": f"rule #{number}", **its, **fault} for number, fault in enumerate(faults, 1)]
    return attendant.ask("rules", rules=rules, ending=[], restart=["v"])


def outcome(lab: StandingLab, attendant: Attendant, faults: Faults) -> dict[str, Any]:
    """What two senders' datagrams come to, as it was counted and as the receiver has it."""
    left = lab.plan.host("left")
    impair(lab.plan, attendant, faults)
    receiver = lab.host("left").begin_python(RECEIVER).printed(b"ready\n")
    for host in ("right", "third"):
        sent = lab.host(host).run_python(SENDER, left.address4, left.address6, COUNT)
        assert sent.ending == "exit 0", sent
    counts = attendant.ask("counts", view="v")["counts"]
    shortfalls = attendant.ask("audit")["shortfalls"]
    attendant.ask("rules", rules=[], ending=[f"rule #{number}" for number in range(1, len(faults) + 1)])
    ended = lab.host("left").run_python(END, left.address4)
    assert ended.ending == "exit 0", ended
    return {"counts": counts, "shortfalls": shortfalls, "received": receiver.ended().stdout.split()}


def test_the_same_datagrams_are_lost_as_with_a_queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each sender, by both families, in order; and what wasn't sent is missed alike."""
    found = {}
    for has_queue in (True, False):
        with lab_of(tmp_path, monkeypatch, has_queue=has_queue) as (lab, attendant):
            found[has_queue] = {name: outcome(lab, attendant, faults) for name, faults in CASES.items()}
    for name in CASES:
        assert found[False][name] == found[True][name], name
        counts, received = found[False][name]["counts"], found[False][name]["received"]
        assert (counts["sent"], counts["arrived"]) == (2 * COUNT, len(received) - 1), name
    assert found[False]["ordinals"]["counts"]["lost"] == {"right": [2, 4, 199], "third": [2, 4, 199]}
    assert found[False]["share"]["counts"]["lost"]["right"] != found[False]["share"]["counts"]["lost"]["third"]


def test_a_rule_that_goes_on_while_another_ends_is_counted_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Healed midway, what was lost before stays told by number; all that comes later arrives."""
    loss = {"fault": "drop", "which": {"every": 2}}
    with lab_of(tmp_path, monkeypatch, has_queue=False) as (lab, attendant):
        left = lab.plan.host("left")
        impair(lab.plan, attendant, [loss, {"fault": "cut"}])
        going = {"name": "rule #1", **kind(lab.plan, "right", "third"), **loss}
        for rules, ending in (([going], ["rule #2"]), ([], ["rule #1"])):
            lab.host("right").run_python(SENDER, left.address4, left.address6, 4)
            attendant.ask("rules", rules=rules, ending=ending)
        lab.host("right").run_python(SENDER, left.address4, left.address6, 4)
        counts = attendant.ask("counts", view="v")["counts"]
        assert (counts["sent"], counts["lost"]) == (12, {"right": [1, 2, 3, 4, 6, 8]})


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"fault": "delay", "delay_ns": 1}, "delay needs a packet queue"),
        ({"fault": "rate", "rate": 1e6}, "rate needs a packet queue"),
        ({"fault": "duplicate", "which": {"first": 1}}, "duplicate needs a packet queue"),
        ({"fault": "drop", "which": {"contains": "x"}}, "to lose packets by what they contain needs a packet queue"),
        ({"fault": "drop", "which": {"first": 1}, "only": {"protocol": "tcp"}}, "other than of UDP or ICMP needs a"),
    ],
)
def test_what_needs_a_queue_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: dict[str, Any], words: str
) -> None:
    """With the reason and the mend, and the network stays as it was."""
    with lab_of(tmp_path, monkeypatch, has_queue=False) as (lab, attendant):
        impair(lab.plan, attendant, [])
        before = network_of(lab, "left")
        with pytest.raises(AssertionError, match=words) as raised:
            attendant.ask("rules", rules=[{"name": "rule", **kind(lab.plan, "right"), **fault}], ending=[])
        assert "modprobe nfnetlink_queue" in str(raised.value)
        assert network_of(lab, "left") == before


def test_what_was_lost_is_not_told_where_it_does_not_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Packets of a kind that a rule about another kind has lost, too; and segments of TCP."""
    with lab_of(tmp_path, monkeypatch, has_queue=False) as (lab, attendant):
        left = lab.plan.host("left")
        impair(lab.plan, attendant, [{"fault": "drop", "only": {"protocol": "udp"}, "which": {"first": 1}}])
        attendant.ask("watch", views=[{"name": "tcp", "senders": None, "only": {"protocol": "tcp"}}])
        lab.host("right").run_python(SENDER, left.address4, left.address6, 2)
        with pytest.raises(AssertionError, match="can't be told without a packet queue"):
            attendant.ask("counts", view="v")
        asked: dict[str, dict[str, Any]] = {"counts": {"view": "tcp"}, "watch": {"watched": ["tcp"]}}
        for do, words in asked.items():
            with pytest.raises(AssertionError, match="to count packets other than of UDP or ICMP needs a packet queue"):
                attendant.ask(do, **words)


def test_a_plain_sidecar_gives_everything_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it is in the host's network when its channel is closed."""
    with lab_of(tmp_path, monkeypatch, has_queue=False) as (lab, attendant):
        impair(lab.plan, attendant, CASES["one after another"])
        assert "labctl" in network_of(lab, "left")
        attendant.channel.close()
        Attendant(lab.lab.attend(["left"])["left"]).channel.close()  # the former one has ended by then
        after = Attendant(lab.lab.attend(["left"])["left"])
        after.first()
        assert "numgen" not in network_of(lab, "left")
