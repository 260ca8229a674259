"""A capture beside a host records every packet that comes to it or leaves it, and changes nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator

import pytest

from labctl.engine.contract import Engine, EngineError
from tests.contract.captures import PLAN, signal_capture
from tests.contract.hosts import PATIENCE_S, StandingLab
from tests.contract.sidecars import network_of
from tests.contract.tape import ACK, ARP, FIN, IPV6, SYN, Tape
from tests.contract.test_attending import PORT, RECEIVER, sent
from tests.contract.test_network import TCP_CLIENT, TCP_SERVER, asked
from tests.contract.waiting import until

SPINS = "while True: pass"
BURST = """
    import socket, sys
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(2000):
            sender.sendto(number.to_bytes(4, "big"), (sys.argv[1], 51717))
"""
"""Not connected: it doesn't hear that nobody has the port."""
TO_ITSELF = """
    import socket, sys
    family, address = socket.getaddrinfo(sys.argv[1], 51717)[0][::4]
    with socket.socket(family, socket.SOCK_DGRAM) as receiver, socket.socket(family, socket.SOCK_DGRAM) as sender:
        receiver.bind(address)
        sender.sendto(b"to myself", address)
        receiver.recv(100)
"""
MUCH_TO_ITSELF = """
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 51717))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(400):
                sender.sendto(bytes(60000), receiver.getsockname())
"""
SWALLOWS = """
    import socket
    with socket.create_server(("", 51717)) as listener:
        print("ready")
        with listener.accept()[0] as stream:
            size = 0
            while data := stream.recv(1 << 20):
                size += len(data)
    print(size)
"""
FLOODS = """
    import socket, sys
    with socket.create_connection((sys.argv[1], 51717)) as stream:
        stream.sendall(bytes(range(256)) * 16384)
"""


Record = Callable[..., Tape]


@pytest.fixture(scope="module")
def standing(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingLab]:
    """The module's lab of left and right, which speaks both families."""
    with StandingLab(engine, PLAN, tmp_path_factory.mktemp(engine.name)) as lab:
        yield lab


@pytest.fixture
def lab(standing: StandingLab) -> Iterator[StandingLab]:
    """The same, with nothing running on it."""
    yield standing
    standing.clear()


@pytest.fixture
def record(lab: StandingLab) -> Iterator[Record]:
    """Begins to record beside hosts."""
    tapes: list[Tape] = []

    def begin(*hosts: str) -> Tape:
        tapes.append(Tape(lab, *hosts))
        return tapes[-1]

    yield begin
    for tape in tapes:
        tape.close()


def test_of_a_burst_nothing_is_lost_while_the_machine_is_busy(lab: StandingLab, record: Record) -> None:
    """2000 datagrams, one after the other, are there at both ends, in order."""
    tape = record("left", "right")
    for host in ("left", "right"):
        for _ in range(3):
            lab.host(host).begin_python(SPINS)
    assert lab.host("right").run_python(BURST, lab.address("left")).ending == "exit 0"
    for host, flags in (("right", 1), ("left", 0)):
        seen = tape.datagrams(host, PORT, 2000)
        assert [int.from_bytes(one.segment[8:12], "big") for one in seen] == list(range(2000))
        assert {one.flags for one in seen} == {flags}


def test_a_connection_is_there_from_its_first_packet_to_its_last(lab: StandingLab, record: Record) -> None:
    """The SYN of the first connection after recording has begun, and the acknowledgement of the last FIN."""
    tape = record("left", "right")
    serves = lab.host("left").begin_python(TCP_SERVER, PORT).printed(b"ready\n")
    assert asked(lab.host("right"), lab.address("left")) == "answer"
    serves.ended()

    def has_ended(host: str) -> bool:
        flags = [one.tcp_flags for one in tape.segments(host, PORT)]
        return flags[:2] == [SYN, SYN | ACK] and flags.count(FIN | ACK) == 2 and flags[-1] == ACK

    for host in ("left", "right"):
        assert until(lambda: has_ended(host), within_s=PATIENCE_S), tape.segments(host, PORT)  # noqa: B023 - called here


def test_a_packet_is_seen_at_both_ends_and_leaves_before_it_arrives(lab: StandingLab, record: Record) -> None:
    """The same bytes, by one clock: the one that the programs' times can be put on."""
    tape = record("left", "right")
    serves = lab.host("left").begin_python(TCP_SERVER, PORT).printed(b"ready\n")
    client = lab.host("right").begin_python(TCP_CLIENT, lab.address("left"), PORT, 10).ended()
    serves.ended()
    left = [one for one in tape.segments("right", PORT) if one.flags]
    arrived: dict[bytes, int] = {}

    def have_arrived() -> bool:
        arrived.update({one.data: one.t_ns for one in tape.segments("left", PORT) if not one.flags})
        return all(one.data in arrived for one in left)

    assert len(left) >= 4
    assert until(have_arrived, within_s=PATIENCE_S)
    assert all(one.t_ns <= arrived[one.data] for one in left)
    offset = tape.capturing.offsets_ns["right"]
    assert client.program.started_ns <= left[0].t_ns - offset <= client.program.ended_ns
    assert abs(offset - lab.host("right").hello["offset_ns"]) < 1_000_000


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "own"])
def test_what_goes_by_loopback_is_recorded_once(lab: StandingLab, record: Record, address: str) -> None:
    """As it comes; it's said to have gone that way. A host's own address leads that way too."""
    tape = record("left")
    own = lab.address("left") if address == "own" else address
    assert lab.host("left").run_python(TO_ITSELF, own).ending == "exit 0"
    (seen,) = tape.datagrams("left", PORT, 1)
    assert (seen.flags, seen.segment[8:]) == (2, b"to myself")


def test_packets_of_ipv6_are_recorded(lab: StandingLab, record: Record) -> None:
    """With the header of their link, whole."""
    tape = record("left", "right")
    address = lab.plan.host("left").address6
    assert address is not None
    sent(lab.host("right"), "by v6", to=address)
    for host in ("left", "right"):
        (seen,) = tape.datagrams(host, PORT, 1)
        assert (seen.kind, seen.segment[8:], seen.length) == (IPV6, b"by v6", 14 + 40 + 8 + 5)


def test_what_the_link_needs_for_itself_is_recorded(own_lab: StandingLab) -> None:
    """ARP: who has the address, and the answer, before the first packet between two hosts."""
    tape = Tape(own_lab, "left", "right")
    sent(own_lab.host("right"), "first", to=own_lab.address("left"))
    (datagram,) = tape.datagrams("left", PORT, 1)
    asked_for = [one for one in tape.of("left") if one.kind == ARP]
    assert [(one.flags, one.data[20:22]) for one in asked_for[:2]] == [(0, b"\0\1"), (1, b"\0\2")]
    assert asked_for[1].t_ns <= datagram.t_ns


def test_segments_that_nobody_cut_are_recorded_whole(lab: StandingLab, record: Record) -> None:
    """Between hosts of one kernel up to 64 KiB travel as one packet; every byte of a stream is there."""
    tape = record("left", "right")
    serves = lab.host("left").begin_python(SWALLOWS).printed(b"ready\n")
    assert lab.host("right").run_python(FLOODS, lab.address("left")).ending == "exit 0"
    size = int(serves.ended().stdout.split()[1])
    for host in ("left", "right"):
        seen = [one for one in tape.segments(host, PORT) if one.ports[1] == PORT]
        assert all(len(one.data) == one.length for one in seen)
        assert max(one.length for one in seen) > 60_000
        stream: dict[int, bytes] = {}
        for one in seen:
            payload = one.segment[(one.segment[12] >> 4) * 4 :]
            if payload:
                stream[int.from_bytes(one.segment[4:8], "big")] = payload
        first = min(stream)
        whole = bytearray(size)
        for number, payload in stream.items():
            whole[number - first : number - first + len(payload)] = payload
        assert bytes(whole) == bytes(range(256)) * 16384


def test_after_a_flush_nothing_is_underway(lab: StandingLab, record: Record) -> None:
    """However often, and however little came since: what a program has sent, and one has got, is there, once."""
    tape = record("left", "right")
    receiver = lab.host("left").begin_python(RECEIVER, lab.address("left")).printed(b"ready\n")
    for number in range(1, 11):
        sent(lab.host("right"), f"<{number}>", to=lab.address("left"))
        receiver.printed(f"<{number}>".encode())
        for host in ("left", "right"):
            texts = [one.segment[8:].decode() for one in tape.datagrams(host, PORT)]
            assert texts == [f"<{n}>" for n in range(1, number + 1)]


def test_after_a_stop_nothing_more_is_recorded(lab: StandingLab, record: Record) -> None:
    """And it can still be asked what was lost."""
    tape = record("left")
    sent(lab.host("right"), "before", to=lab.address("left"))
    assert len(tape.datagrams("left", PORT, 1)) == 1
    tape.capturing.stop()
    sent(lab.host("right"), "after", to=lab.address("left"))
    assert len(tape.datagrams("left", PORT)) == 1


def test_what_can_not_be_held_is_counted(lab: StandingLab, record: Record) -> None:
    """A capture that gets no time loses what comes when its ring is full, and says how many; then it goes on."""
    tape = record("left")
    signal_capture(lab, "left", signal.SIGSTOP)
    try:
        assert lab.host("left").run_python(MUCH_TO_ITSELF).ending == "exit 0"
    finally:
        signal_capture(lab, "left", signal.SIGCONT)
    lost = tape.capturing.flush()
    kept = tape.heard("left")
    assert 0 < lost < 400
    assert lost + len(kept) >= 400
    assert all(len(one.data) == one.length for one in kept)
    assert lab.host("left").run_python(TO_ITSELF, "127.0.0.1").ending == "exit 0"
    assert tape.capturing.flush() == lost
    assert tape.heard("left")[-1].segment[8:] == b"to myself"


def test_nothing_but_the_hosts_own_packets_is_recorded(lab: StandingLab, record: Record) -> None:
    """What labctl does to look at a host, and to run a program there, leaves no packet."""
    tape = record("left")
    lab.host("left").run("true")
    lab.host("left").port("tcp 51717", {"listening": [0, 0]})
    assert [one for one in tape.of("left") if one.protocol != 58] == []  # the kernel's own of ICMPv6 may come any time


def test_programs_do_not_see_the_capture(lab: StandingLab, record: Record) -> None:
    """Of what they see only their host's first process was made from outside."""
    record("left")
    seen = lab.host("left").run("sh", "-c", "grep --with-filename '^PPid:.0$' /proc/[0-9]*/status 2>&1")
    assert seen.stdout == b"/proc/1/status:PPid:\t0\n", seen


def test_a_host_has_one_capture(lab: StandingLab, record: Record) -> None:
    """Another one is refused while its channel is open, and the first goes on."""
    tape = record("left")
    with pytest.raises(EngineError, match="host left is attended already, for its capture"):
        lab.lab.attend(["right", "left"], purpose="capture")
    record("right")  # none was begun
    sent(lab.host("right"), "still", to=lab.address("left"))
    assert len(tape.datagrams("left", PORT, 1)) == 1


def test_closing_the_channel_gives_everything_back(lab: StandingLab) -> None:
    """The network is what it was, and another capture can be had."""
    before = network_of(lab, "left")
    for _ in range(2):
        Tape(lab, "left").close()
    assert network_of(lab, "left") == before
