"""A capture and what befalls its lab: faults, ends, visitors, rights."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from labctl.engine.contract import Engine, EngineError
from labctl.engine.fake.engine import Fake
from labctl.standing.keep import KeepingEngine, KeptLab
from labctl.standing.visit import StandingEngine
from tests.contract.captures import PLAN, hello_of, signal_capture
from tests.contract.hosts import PATIENCE_S, StandingLab, silently
from tests.contract.sidecars import Attendant, containers_of, process_of, rights_of
from tests.contract.tape import Tape
from tests.contract.test_attending import PORT, RECEIVER, attend, drop, sent
from tests.contract.test_teardown import Traces


def test_packets_are_recorded_before_faults_get_them(own_lab: StandingLab) -> None:
    """One that is lost was there; of one that is doubled the copy is no packet that anybody sent."""
    attendant = attend(own_lab.lab, "left")
    tape = Tape(own_lab, "left", "right")
    drop(attendant, own_lab.plan, "right", ordinals=[2])
    receiver = own_lab.host("left").begin_python(RECEIVER, own_lab.address("left")).printed(b"ready\n")
    sent(own_lab.host("right"), "1", "2", "3", to=own_lab.address("left"))
    receiver.printed(b"3\n")
    double(attendant, own_lab)
    sent(own_lab.host("right"), "twice", "end", to=own_lab.address("left"))
    assert receiver.ended().stdout == b"ready\n1\n3\ntwice\ntwice\nover\n"
    seen = tape.datagrams("left", PORT)
    assert [(one.flags, one.segment[8:]) for one in seen] == [
        (0, text) for text in (b"1", b"2", b"3", b"twice", b"end")
    ]


def double(attendant: Attendant, lab: StandingLab) -> None:
    """Have it double the next datagram to the port, and do nothing else."""
    senders = [bytes(map(int, lab.address("right").split("."))).hex()]
    only = {"protocol": "udp", "port": PORT}
    rule = {"name": "twice", "fault": "duplicate", "senders": senders, "only": only, "which": {"ordinals": [1]}}
    attendant.ask("rules", rules=[rule], ending=[])


def test_a_capture_that_is_killed_is_missed_and_nothing_else(own_lab: StandingLab) -> None:
    """Its end is told; the lab and what looks after its links go on, and it may be begun anew."""
    attendant = attend(own_lab.lab, "left")
    drop(attendant, own_lab.plan, "right", ordinals=[1])
    tape = Tape(own_lab, "left")
    signal_capture(own_lab, "left", signal.SIGKILL)
    assert own_lab.conversation.until(lambda: bool(tape.problems), timeout_s=PATIENCE_S)
    assert tape.problems == ["the capture of left ended before its time"]
    assert tape.capturing.flush() == 0  # asks nobody
    receiver = own_lab.host("left").begin_python(RECEIVER, own_lab.address("left")).printed(b"ready\n")
    sent(own_lab.host("right"), "1", "2", "end", to=own_lab.address("left"))
    assert receiver.ended().stdout == b"ready\n2\nover\n"
    assert attendant.ask("audit")["lost"] == 0
    tape.close()
    again = Tape(own_lab, "left")
    sent(own_lab.host("right"), "3", to=own_lab.address("left"))
    assert len(again.datagrams("left", PORT, 1)) == 1


def test_a_halted_host_takes_its_capture_along(own_lab: StandingLab) -> None:
    """What it had seen is there, its channel is closed, and it can't be attended any more; others go on."""
    tape = Tape(own_lab, "left", "right")
    sent(own_lab.host("right"), "before", to=own_lab.address("left"))
    assert len(tape.datagrams("left", PORT, 1)) == 1
    tape.capturing.forget("left")
    own_lab.conversation.forget("left")
    own_lab.lab.halt("left")
    with pytest.raises(EngineError, match="host left can't be attended: it was halted"):
        own_lab.lab.attend(["left"], purpose="capture")
    sent(own_lab.host("right"), "after", to=own_lab.address("left"))  # to a neighbour who is still known
    assert [one.segment[8:] for one in tape.datagrams("right", PORT, 2)] == [b"before", b"after"]
    assert [one.segment[8:] for one in tape.datagrams("left", PORT)] == [b"before"]


def test_a_recorded_lab_that_came_down_left_nothing(engine: Engine, tmp_path: Path) -> None:
    """No process and no container, whether its captures' channels were closed or not; nor do they stay open."""
    engine.prepare(PLAN, silently)
    traces = Traces(engine)
    lab = StandingLab(engine, PLAN, tmp_path)
    there = lab.lab.attend(["right"], purpose="capture")["right"]
    Tape(lab, "left").close()
    assert traces.found(lab.id)
    lab.lab.down()
    assert traces.found(lab.id) == []
    assert there.fileno() == -1


def test_a_capture_has_no_right_that_it_does_not_need(own_lab: StandingLab) -> None:
    """On namespaces none at all once it records; a container is given one."""
    Tape(own_lab, "left")
    if own_lab.engine.name == "docker":
        assert [rights_of(container) for container in containers_of(own_lab.id)] == [["NET_RAW"]]
    else:
        status = Path(f"/proc/{process_of(hello_of(own_lab, 'left'))}/status").read_text()
        rows = dict(line.split(":\t", 1) for line in status.splitlines())
        assert [int(rows[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")] == [0, 0, 0]


def test_who_visits_a_lab_records_what_comes_meanwhile(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each visitor for himself, though there is one capture; it ends when the last of them stops listening."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with StandingLab(KeepingEngine(type(engine)), PLAN, tmp_path) as first:
        assert isinstance(first.lab, KeptLab)
        tape = Tape(first, "left")
        to = first.address("left")
        sent(first.host("right"), "1", to=to)
        with StandingLab(StandingEngine(first.lab.name), PLAN, tmp_path) as second:
            other = Tape(second, "left")
            assert other.capturing.offsets_ns == tape.capturing.offsets_ns
            sent(second.host("right"), "2", to=to)
            assert [one.segment[8:] for one in other.datagrams("left", PORT, 1)] == [b"2"]
            other.capturing.stop()
            sent(second.host("right"), "3", to=to)
            assert [one.segment[8:] for one in other.datagrams("left", PORT)] == [b"2"]
        assert [one.segment[8:] for one in tape.datagrams("left", PORT, 3)] == [b"1", b"2", b"3"]
        tape.close()
        sent(first.host("right"), "4", to=to)
        again = Tape(first, "left")
        sent(first.host("right"), "5", to=to)
        assert [one.segment[8:] for one in again.datagrams("left", PORT, 1)] == [b"5"]


def test_what_has_no_network_can_not_be_recorded(tmp_path: Path) -> None:
    """The fake engine says so, and what to do."""
    with StandingLab(Fake(), PLAN, tmp_path) as lab, pytest.raises(EngineError, match="have no network") as raised:
        lab.lab.attend(["left"], purpose="capture")
    assert raised.value.hint
