"""A sidecar beside a host decides about its packets, and leaves its network as it was."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from labctl.engine.contract import Engine, EngineError, Lab
from labctl.engine.fake.engine import Fake
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from labctl.standing.keep import KeepingEngine
from labctl.standing.seen import OthersRule
from labctl.standing.visit import faults, visit
from tests.contract.hosts import Host, StandingLab, silently
from tests.contract.plans import plan_of
from tests.contract.sidecars import Attendant, kill, network_of
from tests.contract.test_network import TCP_SERVER, asked
from tests.contract.test_teardown import Traces

PORT = 51717
RECEIVER = """
    import socket, sys
    with socket.socket(socket.getaddrinfo(sys.argv[1], None)[0][0], socket.SOCK_DGRAM) as receiver:
        receiver.bind(("", 51717))
        print("ready")
        while (data := receiver.recv(100)) != b"end":
            print(data.decode())
    print("over")
"""
SENDER = """
    import socket, sys
    host, *texts = sys.argv[1:]
    with socket.socket(socket.getaddrinfo(host, None)[0][0], socket.SOCK_DGRAM) as sender:
        sender.connect((host, 51717))
        for text in texts:
            sender.send(text.encode())
    print("sent")
"""
TABLES = """
    import socket, struct
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as asks:
        asks.sendto(struct.pack("=IHHIIBBH", 20, 10 << 8 | 1, 0x301, 1, 0, 0, 0, 0), (0, 0))
        length, kind, _, _, _, error = struct.unpack_from("=IHHIIi", asks.recv(65536))
    print(-error if kind == 2 else "told")
"""
"""Asks for the tables of the packet filter (NFT_MSG_GETTABLE), which nft needs for anything."""

PLAN = replace(plan_of("left", "right", family=Family.DUAL), attended=("left", "right"))


@pytest.fixture
def attended(engine: Engine, tmp_path: Path) -> Iterator[StandingLab]:
    """A lab of left and right that speaks both families."""
    with StandingLab(engine, PLAN, tmp_path) as lab:
        yield lab


def attend(lab: Lab, host: str) -> Attendant:
    """A sidecar beside that host that has said hello."""
    attendant = Attendant(lab.attend([host])[host])
    hello = attendant.first()
    assert (hello["ev"], hello["host"]) == ("hello", host), hello
    return attendant


def drop(attendant: Attendant, plan: Plan, sender: str, **which: object) -> None:
    """Have it lose these of a host's datagrams to the port."""
    addresses = plan.host(sender).addresses
    only = {"protocol": "udp", "port": PORT}
    rule = {
        "name": "loss",
        "fault": "drop",
        "senders": [ipaddress.ip_address(address).packed.hex() for address in addresses],
        "only": only,
        "which": which,
    }
    attendant.ask("watch", interests=[{"senders": list(addresses), "only": only}])
    attendant.ask("rules", rules=[rule], ending=[])


def sent(host: Host, *texts: str, to: str) -> None:
    """Send datagrams, of which the sender hears nothing bad."""
    done = host.run_python(SENDER, to, *texts)
    assert (done.ending, done.stdout) == ("exit 0", b"sent\n"), done


@pytest.mark.parametrize("family", ["address4", "address6"])
def test_exactly_the_chosen_datagrams_are_lost(attended: StandingLab, family: str) -> None:
    """The 2nd and the 4th; the receiver has all others, in order, and the sender sees no error."""
    attendant = attend(attended.lab, "left")
    drop(attendant, attended.plan, "right", ordinals=[2, 4])
    address = getattr(attended.plan.host("left"), family)
    receiver = attended.host("left").begin_python(RECEIVER.replace('""', '"::"' if ":" in address else '""'), address)
    receiver.printed(b"ready\n")
    sent(attended.host("right"), "1", "2", "3", "4", "5", "end", to=address)
    assert receiver.ended().stdout == b"ready\n1\n3\n5\nover\n"
    audit = attendant.ask("audit")
    assert (audit["shortfalls"], audit["lost"]) == ([], 0)
    rows = [row for header in attendant.heard if header.get("ev") == "decided" for row in header["rows"]]
    assert [row[:4] for row in rows] == [["loss", "right", 2, "drop"], ["loss", "right", 4, "drop"]]


def test_several_hosts_are_attended_at_once(attended: StandingLab) -> None:
    """Each sidecar says for which host it is."""
    channels = attended.lab.attend(["right", "left"])
    assert {host: Attendant(channel).first()["host"] for host, channel in channels.items()} == {
        "left": "left",
        "right": "right",
    }


def test_programs_have_no_right_over_an_attended_network(attended: StandingLab) -> None:
    """They can't so much as look at the packet filter."""
    attendant = attend(attended.lab, "left")
    drop(attendant, attended.plan, "right", ordinals=[1])
    looked = attended.host("left").run_python(TABLES)
    assert looked.stdout == b"1\n", looked  # EPERM
    status = attended.host("left").run("cat", "/proc/self/status").stdout.decode()
    assert "CapEff:\t0000000000000000" in status


def test_programs_do_not_see_the_sidecar(attended: StandingLab) -> None:
    """Of what they see only their host's first process was made from outside."""
    attend(attended.lab, "left")
    seen = attended.host("left").run("sh", "-c", "grep --with-filename '^PPid:.0$' /proc/[0-9]*/status 2>&1")
    assert seen.stdout == b"/proc/1/status:PPid:\t0\n", seen


def test_closing_the_channel_gives_everything_back(attended: StandingLab) -> None:
    """Rules, queueing disciplines, links, addresses and routes are what they were, and packets pass again."""
    before = network_of(attended, "left")
    attendant = attend(attended.lab, "left")
    drop(attendant, attended.plan, "right", every=1)
    assert network_of(attended, "left") != before  # so that being the same means something
    attendant.channel.close()
    attend(attended.lab, "left").channel.close()  # the former one has ended by then
    attend(attended.lab, "left")
    assert network_of(attended, "left") == before
    receiver = attended.host("left").begin_python(RECEIVER, attended.address("left")).printed(b"ready\n")
    sent(attended.host("right"), "1", "2", "end", to=attended.address("left"))
    assert receiver.ended().stdout == b"ready\n1\n2\nover\n"


def test_a_sidecar_that_is_killed_is_told_by_its_channels_end(attended: StandingLab) -> None:
    """And by nothing else: the lab goes on, but no packet that was chosen passes unimpaired."""
    attendant = attend(attended.lab, "left")
    drop(attendant, attended.plan, "right", ordinals=[2])
    receiver = attended.host("left").begin_python(RECEIVER, attended.address("left")).printed(b"ready\n")
    sent(attended.host("right"), "1", to=attended.address("left"))
    receiver.printed(b"1\n")
    kill(attended, "left", attendant.first())
    assert attendant.ended()
    sent(attended.host("right"), "2", "3", to=attended.address("left"))
    serves = attended.host("left").begin_python(TCP_SERVER, PORT).printed(b"ready\n")
    assert asked(attended.host("right"), "left") == "answer"  # not chosen, and later than the datagrams
    assert (serves.ended().ending, receiver.stdout) == ("exit 0", b"ready\n1\n")


def test_a_host_has_one_sidecar(attended: StandingLab) -> None:
    """Another one is refused while its channel is open, and the first goes on."""
    attendant = attend(attended.lab, "left")
    with pytest.raises(EngineError, match="host left is attended already"):
        attended.lab.attend(["right", "left"])
    assert attendant.ask("audit")["lost"] == 0
    attend(attended.lab, "right")  # none was begun


def test_a_halted_host_takes_its_sidecar_along(attended: StandingLab) -> None:
    """Its channel is closed, and it can't be attended any more."""
    attendant = attend(attended.lab, "left")
    other = attend(attended.lab, "right")
    attended.conversation.forget("left")
    attended.lab.halt("left")
    assert attendant.channel.fileno() == -1
    with pytest.raises(EngineError, match="host left can't be attended: it was halted"):
        attended.lab.attend(["left"])
    with pytest.raises(EngineError, match="host nix can't be attended"):
        attended.lab.attend(["nix"])
    assert other.ask("audit")["lost"] == 0


def test_an_attended_lab_that_came_down_left_nothing(engine: Engine, tmp_path: Path) -> None:
    """No process and no container, whether its sidecars' channels were closed or not; nor do they stay open."""
    engine.prepare(PLAN, silently)
    traces = Traces(engine)
    lab = StandingLab(engine, PLAN, tmp_path)
    here, there = attend(lab.lab, "left"), attend(lab.lab, "right")
    drop(here, lab.plan, "right", ordinals=[1])
    here.channel.close()
    assert traces.found(lab.id)
    lab.lab.down()
    assert traces.found(lab.id) == []
    assert there.channel.fileno() == -1


def test_what_has_no_network_can_not_be_attended(tmp_path: Path) -> None:
    """The fake engine says so, and what to do."""
    with StandingLab(Fake(), PLAN, tmp_path) as lab, pytest.raises(EngineError, match="have no network") as raised:
        lab.lab.attend(["left"])
    assert raised.value.hint


def test_a_lab_that_stands_is_attended_by_its_holder(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a run has a sidecar do stays when the lab is left; the next visitor talks to the same one, as if alone."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    keeping = KeepingEngine(type(engine))
    keeping.prepare(PLAN, silently)
    lab = keeping.up(PLAN, lab="unused", folder=tmp_path, say=silently)
    try:
        first = attend(lab, "left")
        drop(first, lab.plan, "right", ordinals=[2])
        hello = first.first()
        lab.leave()
        visited = visit(lab.name)
        second = attend(visited, "left")
        assert second.first() == hello
        assert second.ask("audit")["shortfalls"] == []
        assert faults(lab.name).others == (OthersRule("left", "loss", goes_on=False),)
        drop(second, visited.plan, "right", ordinals=[4])
        assert [one.goes_on for one in faults(lab.name).others] == [False, True]
        visited.down()
        assert [one.goes_on for one in faults(lab.name).others] == [False]
        with pytest.raises(EngineError, match="can't be attended"):
            visited.attend(["nix"])
    finally:
        lab.down()
