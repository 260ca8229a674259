"""A host that is halted is gone as if its power were cut: nobody is told, nothing answers, and the lab goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from labctl.engine.contract import Engine
from labctl.hosts.conversation import LabBroke
from tests.contract.hosts import Host, Running, StandingLab, silently
from tests.contract.owner import BUSY, PLAN
from tests.contract.plans import plan_of
from tests.contract.test_network import NOT_REACHED, TCP_SERVER, asked
from tests.contract.test_teardown import Traces

SOON = {
    "net.ipv4.tcp_syn_retries": "1",
    "net.ipv4.neigh.eth0.mcast_solicit": "1",
    "net.ipv4.neigh.eth0.ucast_solicit": "1",
    "net.ipv4.neigh.eth0.retrans_time_ms": "200",
}
SILENT_SERVER = """
    import signal, socket
    with socket.create_server(("", 51717)) as listener:
        stream, _ = listener.accept()
        print("accepted", flush=True)
        signal.pause()
"""
PATIENT_CLIENT = """
    import socket, sys
    stream = socket.create_connection((sys.argv[1], 51717))
    stream.sendall(b"question")
    print("connected", flush=True)
    print(stream.recv(100))
"""
UNTOLD = {"established": [1, 1], "fin-wait": [0, 0], "close-wait": [0, 0], "time-wait": [0, 0]}
"""Of a client's connection whose server never said that it is going. A reset would have left no socket at all."""


@pytest.fixture
def trio(engine: Engine, tmp_path: Path) -> Iterator[StandingLab]:
    """Three hosts that find out soon about who doesn't answer."""
    with StandingLab(engine, plan_of("left", "right", "third", absent=["nobody"], sysctls=SOON), tmp_path) as lab:
        yield lab


def halt(lab: StandingLab, name: str) -> None:
    """As a run does it: first nobody listens to the host any more."""
    lab.conversation.forget(name)
    lab.lab.halt(name)


def connected(lab: StandingLab, client: Host) -> Running:
    """A client whose server, on left, has not read what it sent: an orderly end would tell it with a reset."""
    serves = lab.host("left").begin_python(SILENT_SERVER)
    assert lab.host("left").port("tcp 51717", {"listening": True}).held
    connection = client.begin_python(PATIENT_CLIENT, "left").printed(b"connected")
    serves.printed(b"accepted")
    assert lab.host("left").port("tcp 51717", {"unread": [8, 8]}).held
    return connection


def test_a_peer_of_a_killed_server_is_told(trio: StandingLab) -> None:
    """The positive control for the next: where only the server is killed, its kernel speaks."""
    right = trio.host("right")
    client = connected(trio, right)
    trio.host("left").run("pkill", "-KILL", "-f", "create_server")
    assert client.ended().ending != "still running"


def test_a_peer_of_a_halted_host_is_told_nothing(trio: StandingLab) -> None:
    """Its connection stays established, and it goes on waiting. Until then a new connection would have come through:
    the time that one takes to fail is more than a segment needs."""
    right = trio.host("right")
    client = connected(trio, right)
    halt(trio, "left")
    assert asked(right, "left") in (*NOT_REACHED, "ETIMEDOUT")
    assert right.port("tcp 51717", UNTOLD, seconds=0).held
    assert client.state({"blocked": "read"}, seconds=0).held
    assert client.ending == "still running"


def test_a_halted_host_answers_nothing(trio: StandingLab) -> None:
    """Neither its open port nor a closed one, nor a ping, be it from one that knows its hardware address or not."""
    right, third = trio.host("right"), trio.host("third")
    trio.host("left").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    assert asked(right, "left", 51718) == "ECONNREFUSED"
    halt(trio, "left")
    for host in (right, third):
        for port in (51717, 51718):
            assert asked(host, "left", port, timeout_s=5) in (*NOT_REACHED, "ETIMEDOUT")
    assert asked(third, "left") == asked(third, "nobody") == "EHOSTUNREACH"


def test_a_halted_hosts_name_still_resolves(trio: StandingLab) -> None:
    """Names are the lab's, not the host's."""
    halt(trio, "left")
    assert trio.host("right").run("getent", "hosts", "left").stdout.split()[0].decode() == trio.address("left")


def test_the_others_still_talk(trio: StandingLab) -> None:
    """What ran on them runs on, and new connections come through."""
    serves = trio.host("third").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    halt(trio, "left")
    assert asked(trio.host("right"), "third") == "answer"
    assert serves.ended().ending == "exit 0"


def test_all_but_one_can_be_halted(trio: StandingLab) -> None:
    """One after the other."""
    halt(trio, "left")
    halt(trio, "right")
    assert trio.host("third").run("echo", "here").stdout == b"here\n"


def test_a_halted_host_is_no_longer_among_the_channels(any_engine: Engine, tmp_path: Path) -> None:
    """Those of the others stay, and its own is closed; halting it again changes nothing."""
    with StandingLab(any_engine, PLAN, tmp_path) as lab:
        channel = lab.lab.channels["left"]
        halt(lab, "left")
        lab.lab.halt("left")
        assert set(lab.lab.channels) == {"right"}
        assert channel.fileno() == -1
        assert lab.host("right").run("echo", "here").stdout == b"here\n"
        with pytest.raises(LabBroke, match="left can't be asked: it was halted"):
            lab.conversation.ask("left", "forget")


def test_a_halted_hosts_programs_end_unheard(any_engine: Engine, tmp_path: Path) -> None:
    """Its processes are gone when the halt is over, daemons and all; nothing is told of their end."""
    marker = uuid4().hex
    with StandingLab(any_engine, PLAN, tmp_path) as lab:
        busy = lab.host("left").begin_python(BUSY, marker).printed(b"daemon\n")
        assert processes_with(marker)
        halt(lab, "left")
        assert processes_with(marker) == []
        assert lab.host("right").run("true").ending == "exit 0"
        assert (busy.ending, lab.heard_of(busy)) == ("lost with its host", ["output"])


def processes_with(argument: str) -> list[str]:
    """Processes of this machine that were started with this argument."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if argument.encode() in (process / "cmdline").read_bytes():
                found.append(process.name)
    return found


def test_a_lab_with_a_halted_host_comes_down_and_leaves_nothing(any_engine: Engine, tmp_path: Path) -> None:
    """Neither of the halted host nor of the others."""
    any_engine.prepare(PLAN, silently)
    traces = Traces(any_engine)
    lab = StandingLab(any_engine, PLAN, tmp_path)
    for name in ("left", "right"):
        lab.host(name).begin_python(BUSY).printed(b"daemon\n")
    halt(lab, "left")
    assert traces.found(lab.id)
    lab.lab.down()
    assert traces.found(lab.id) == []


def test_a_lab_comes_down_when_all_its_hosts_are_halted(any_engine: Engine, tmp_path: Path) -> None:
    """A lab is more than its hosts."""
    any_engine.prepare(PLAN, silently)
    traces = Traces(any_engine)
    lab = StandingLab(any_engine, PLAN, tmp_path)
    halt(lab, "left")
    halt(lab, "right")
    lab.lab.down()
    assert traces.found(lab.id) == []
