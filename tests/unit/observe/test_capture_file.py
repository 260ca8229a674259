"""Packets as sidecars tell them -> a file in order."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from labctl.observe import capture_file
from labctl.observe.capture_file import CaptureFile, host_of, network_of, put_in_order
from labctl.observe.pcapng import Capture, read


def told(t_ns: int, data: bytes, *, flags: int = 0) -> bytes:
    """A record as labctl.sidecar.capture tells it."""
    return struct.pack("!QIIB", t_ns, len(data), len(data) + 10, flags) + data


def written(path: Path, *parts: tuple[str, bytes]) -> CaptureFile:
    """A capture of two hosts."""
    file = CaptureFile(path, ["cheerios", "client"])
    for host, body in parts:
        file.add(host, body)
    return file


def names(capture: Capture) -> list[str]:
    """On which interface each frame is."""
    return [capture.interfaces[frame.interface].name for frame in capture.frames]


def test_what_has_come_by_now_can_be_read(tmp_path: Path) -> None:
    """Even if labctl is killed the next moment."""
    path = tmp_path / "capture.pcapng"
    written(path, ("client", told(5, b"out", flags=1) + told(9, b"in")), ("cheerios", told(7, b"lo", flags=2)))
    capture = read(path.read_bytes())
    assert capture.problems == ()
    assert names(capture) == ["client", "client", "cheerios (loopback)"]
    assert [(frame.t_ns, frame.data, frame.length, frame.is_outbound) for frame in capture.frames] == [
        (5, b"out", 13, True),
        (9, b"in", 12, False),
        (7, b"lo", 12, False),
    ]


def test_in_the_end_packets_stand_in_the_order_of_their_times(tmp_path: Path) -> None:
    """What leaves before what arrives at the same instant; loopbacks where nothing was are left out."""
    path = tmp_path / "capture.pcapng"
    written(path, ("cheerios", told(8, b"came") + told(3, b"first")), ("client", told(8, b"left", flags=1))).close()
    put_in_order(path, {1: ["lost here"]})
    capture = read(path.read_bytes())
    assert [frame.data for frame in capture.frames] == [b"first", b"left", b"came"]
    assert capture.frames[1].comments == ("lost here",)
    assert [interface.name for interface in capture.interfaces] == ["cheerios", "client"]
    assert "captured before faults" in capture.comments[0]
    assert [entry.name for entry in tmp_path.iterdir()] == ["capture.pcapng"]


def test_beyond_its_bound_no_more_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever adds is told, and what is there stays whole."""
    monkeypatch.setattr(capture_file, "MOST_BYTES", 10)
    file = CaptureFile(tmp_path / "capture.pcapng", ["cheerios"])
    assert file.add("cheerios", told(1, b"12345678"))
    assert not file.add("cheerios", told(2, b"12345678"))
    assert file.is_cut
    assert len(read((tmp_path / "capture.pcapng").read_bytes()).frames) == 1


def test_a_record_that_is_cut_off_is_not_taken(tmp_path: Path) -> None:
    """A sidecar that was killed may leave half of one."""
    path = tmp_path / "capture.pcapng"
    written(path, ("client", told(1, b"whole") + told(2, b"half")[:10]))
    assert [frame.data for frame in read(path.read_bytes()).frames] == [b"whole"]


def test_a_host_has_an_interface_for_each_of_its_networks(tmp_path: Path) -> None:
    """Which one a packet passed stands in its record; whose it is, and on which network, in the interface's name."""
    path = tmp_path / "capture.pcapng"
    file = CaptureFile(path, ["web", "db"], {"web": ["front", "back"], "db": ["back"]})
    file.add("web", told(5, b"a", flags=1) + told(6, b"b", flags=1 | 1 << 2) + told(7, b"c", flags=2))
    file.add("db", told(8, b"d"))
    file.close()
    put_in_order(path, {})
    capture = read(path.read_bytes())
    assert names(capture) == ["web (in front)", "web (in back)", "web (loopback)", "db (in back)"]
    places = [capture.interfaces[frame.interface] for frame in capture.frames]
    assert [(host_of(one), network_of(one)) for one in places] == [
        ("web", "front"),
        ("web", "back"),
        ("web", ""),
        ("db", "back"),
    ]
