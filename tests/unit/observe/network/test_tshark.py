"""Wireshark's own reader as an oracle: it reads what is written here, and says of each packet what is said here."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from labctl.observe.network.segments import Remarks, remarks
from labctl.observe.packet import Packet, Tcp, decode
from labctl.observe.packet.model import ACK, CWR, ECE, FIN, ICMP, ICMPV6, PSH, SYN, UDP, URG
from labctl.observe.pcapng import Frame, Interface, block, opening
from tests.unit.observe.network.conversations import conversations
from tests.unit.observe.packets import (
    USUAL_SYN,
    arp,
    frame4,
    frame6,
    icmp,
    ip4,
    ip6,
    pieces4,
    pieces6,
    tagged,
    tcp,
    udp,
)

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark, the oracle, isn't installed")

BEGAN_NS = 1_700_000_000_123_456_789
HOSTS = (Interface("cheerios", "10.51.0.2"), Interface("froot (loopback)"))

NOTES = {
    "retransmission": "retransmission",
    "already acknowledged": "spurious_retransmission",
    "out of order": "out_of_order",
    "previous segment not seen": "lost_segment",
    "acknowledges a segment not seen": "ack_lost_segment",
    "duplicate ACK": "duplicate_ack",
    "keep-alive": "keep_alive",
    "keep-alive ACK": "keep_alive_ack",
    "zero window": "zero_window",
    "zero window probe": "keep_alive",  # Linux asks without a byte, and Wireshark waits for one
    "window update": "window_update",
    "window full": "window_full",
}
"""Our notes, and what tshark has under tcp.analysis."""
ONLY_TSHARK = ("zero_window_probe", "zero_window_probe_ack")


def asked(path: Path, fields: Sequence[str]) -> list[dict[str, str]]:
    """tshark's answers for each packet; several values of one field are parted by |."""
    words = ["tshark", "-n", "-r", str(path), "-T", "fields", "-E", "separator=/t", "-E", "aggregator=|"]
    for field in fields:
        words += ["-e", field]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return [dict(zip(fields, line.split("\t"), strict=True)) for line in done.stdout.splitlines()]


def written(path: Path, frames: Sequence[Frame]) -> Path:
    """A capture of these frames."""
    path.write_bytes(
        opening(HOSTS, comment="captured before faults", application="labctl") + b"".join(map(block, frames))
    )
    return path


def plain(frames: Sequence[bytes]) -> list[Frame]:
    """They come a millisecond apart."""
    return [
        Frame(t_ns=BEGAN_NS + 1_000_000 * number, interface=0, data=data, length=len(data))
        for number, data in enumerate(frames)
    ]


def test_a_capture_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Times to the nanosecond, interfaces, directions, comments, and the length of what was cut off."""
    data = frame4(udp(bytes(100)), UDP)
    frames = [
        Frame(t_ns=BEGAN_NS, interface=0, data=data, length=len(data), is_outbound=True, comments=("step 1: start",)),
        Frame(
            t_ns=BEGAN_NS + 1, interface=1, data=data[:60], length=len(data), comments=("lost", "wörds, with a comma")
        ),
        Frame(t_ns=BEGAN_NS + 5_000_000_000, interface=1, data=data, length=len(data)),
    ]
    fields = [
        "frame.time_epoch",
        "frame.interface_name",
        "frame.interface_description",
        "frame.packet_flags_direction",
        "frame.comment",
        "frame.len",
        "frame.cap_len",
        "frame.number",
    ]
    found = [list(row.values()) for row in asked(written(tmp_path / "a.pcapng", frames), fields)]
    assert found == [
        ["1700000000.123456789", *("cheerios", "10.51.0.2"), "0x00000002", "step 1: start", "142", "142", "1"],
        ["1700000000.123456790", "froot (loopback)", "", "0x00000001", "lost|wörds, with a comma", "142", "60", "2"],
        ["1700000005.123456789", "froot (loopback)", "", "0x00000001", "", "142", "142", "3"],
    ]


def test_a_section_says_what_it_is(tmp_path: Path) -> None:
    """Its comment and who wrote it, as capinfos shows them."""
    path = written(tmp_path / "a.pcapng", plain([arp(1)]))
    shown = subprocess.run(["capinfos", str(path)], capture_output=True, text=True, check=True).stdout
    assert "captured before faults" in shown
    assert "labctl" in shown
    assert "Time precision = nanoseconds (9)" in shown


QUOTED = ip4(udp(b"hello"), UDP)
SEGMENTS = {
    "a SYN of Linux": tcp(flags=SYN, options=USUAL_SYN, window=64240),
    "all flags": tcp(flags=0xFF, urgent=5),
    "SYN with ECN": tcp(flags=SYN | ECE | CWR),
    "timestamps alone": tcp(b"hello", flags=PSH | ACK, options=bytes.fromhex("0101080a0102030405060708")),
    "SACK": tcp(options=bytes.fromhex("01010512") + bytes(range(16))),
    "an unknown option": tcp(options=bytes.fromhex("fe04f989")),
    "urgent": tcp(b"!", flags=URG | ACK, urgent=1),
    "FIN with data": tcp(b"bye", flags=FIN | ACK | PSH),
    "no flags": tcp(flags=0),
}
PACKETS = {
    **{name: frame4(segment) for name, segment in SEGMENTS.items()},
    **{f"{name} over IPv6": frame6(segment) for name, segment in SEGMENTS.items()},
    "UDP": frame4(udp(), UDP),
    "UDP over IPv6": frame6(udp(), UDP),
    "UDP that fills up its frame": frame4(udp(b""), UDP) + bytes(18),
    "UDP in a VLAN": tagged(frame4(udp(), UDP), 7),
    "UDP in two VLANs": tagged(tagged(frame4(udp(), UDP), 7), 9, tag=0x88A8),
    "UDP with IPv4 options": frame4(udp(), UDP, options=bytes.fromhex("94040000")),
    "UDP with extension headers": frame6(
        udp(), UDP, extensions=bytes([60, 0, 5, 2, 0, 0, 1, 0, 17, 0, 1, 4, 0, 0, 0, 0]), first=0
    ),
    "echo request": frame4(icmp(8, rest=bytes.fromhex("00070001"), body=b"ping"), ICMP),
    "echo reply over IPv6": frame6(icmp(129, rest=bytes.fromhex("00070001"), body=b"ping"), ICMPV6),
    "port unreachable": frame4(icmp(3, 3, body=QUOTED), ICMP),
    "port unreachable, quoted short": frame4(icmp(3, 3, body=QUOTED[:28]), ICMP),
    "port unreachable over IPv6": frame6(icmp(1, 4, body=ip6(udp(), UDP)), ICMPV6),
    "fragmentation needed": frame4(icmp(3, 4, rest=bytes.fromhex("00000578"), body=QUOTED), ICMP),
    "packet too big over IPv6": frame6(icmp(2, rest=bytes.fromhex("00000578"), body=ip6(udp(), UDP)), ICMPV6),
}

FIELDS = [
    *("ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "udp.srcport", "tcp.dstport", "udp.dstport"),
    *("eth.src", "eth.dst", "tcp.flags", "tcp.seq_raw", "tcp.ack_raw", "tcp.window_size_value", "tcp.len"),
    *("tcp.urgent_pointer", "tcp.options.mss_val", "tcp.options.wscale.shift", "tcp.options.sack_le"),
    *("tcp.options.sack_re", "tcp.options.timestamp.tsval", "tcp.options.timestamp.tsecr", "udp.length"),
    *("icmp.type", "icmpv6.type", "icmp.code", "icmpv6.code", "icmp.mtu", "icmpv6.mtu"),
]


def said(packet: Packet) -> dict[str, str]:
    """What tshark should say of it, if both read the same: its fields, and empty those that it has not."""
    layers = [packet] if packet.about is None else [packet, packet.about]
    link, family = packet.link, {4: "ip", 6: "ipv6"}[packet.family]
    assert link is not None
    fields = dict.fromkeys(FIELDS, "")
    fields |= {"eth.src": link.source_mac, "eth.dst": link.mac}
    fields |= {f"{family}.src": "|".join(one.source for one in layers)}
    fields |= {f"{family}.dst": "|".join(one.destination for one in layers)}
    for one in layers:
        if one.port:
            fields |= {f"{one.kind}.srcport": str(one.source_port), f"{one.kind}.dstport": str(one.port)}
        if one.kind == "udp":
            fields["udp.length"] = str(one.length + 8)
    if packet.icmp is not None:
        prefix = "icmp" if packet.family == 4 else "icmpv6"
        fields |= {f"{prefix}.type": str(packet.icmp.type), f"{prefix}.code": str(packet.icmp.code)}
        fields |= {f"{prefix}.mtu": str(packet.icmp.mtu or "")}
    if packet.tcp is not None:
        fields |= said_of_segment(packet.tcp) | {"tcp.len": str(packet.length)}
    return fields


def said_of_segment(told: Tcp) -> dict[str, str]:
    """The same of a TCP header. tshark counts the edges of SACK blocks from what is acknowledged, as the first byte."""
    since, to = ("|".join(str(block[side] - told.acknowledgement + 1) for block in told.sacks) for side in (0, 1))
    when, echo = told.timestamps or ("", "")
    return {
        "tcp.flags": f"0x{told.flags:04x}",
        "tcp.seq_raw": str(told.sequence),
        "tcp.ack_raw": str(told.acknowledgement),
        "tcp.window_size_value": str(told.window),
        "tcp.urgent_pointer": str(told.urgent),
        "tcp.options.mss_val": str(told.mss or ""),
        "tcp.options.wscale.shift": str(told.scale or ""),
        "tcp.options.sack_le": since,
        "tcp.options.sack_re": to,
        "tcp.options.timestamp.tsval": str(when),
        "tcp.options.timestamp.tsecr": str(echo),
    }


def test_every_header_says_the_same(tmp_path: Path) -> None:
    """Ends, also of what is quoted, payloads, flags, raw numbers and options."""
    rows = asked(written(tmp_path / "a.pcapng", plain(list(PACKETS.values()))), FIELDS)
    for (name, data), row in zip(PACKETS.items(), rows, strict=True):
        assert said(decode(data)) == row, name


def test_vlan_tags_are_read_the_same(tmp_path: Path) -> None:
    """Of several tags ours is the inner one."""
    frames = [tagged(frame4(udp(), UDP), 7), tagged(tagged(frame4(udp(), UDP), 7), 9, tag=0x88A8)]
    rows = asked(written(tmp_path / "a.pcapng", plain(frames)), ["vlan.id"])
    links = [decode(data).link for data in frames]
    assert [row["vlan.id"].split("|")[-1] for row in rows] == [str(link.vlan) for link in links if link is not None]


def test_arp_is_read_the_same(tmp_path: Path) -> None:
    """Operation, and who is asked about what."""
    frames = [arp(1), arp(2, target_mac="02:00:00:00:00:09")]
    fields = ["arp.opcode", "arp.src.hw_mac", "arp.src.proto_ipv4", "arp.dst.hw_mac", "arp.dst.proto_ipv4"]
    for data, row in zip(frames, asked(written(tmp_path / "a.pcapng", plain(frames)), fields), strict=True):
        told = decode(data).arp
        assert told is not None
        assert [str(told.operation), told.sender_mac, told.sender, told.target_mac, told.target] == list(row.values())


def test_datagrams_are_put_together_the_same(tmp_path: Path) -> None:
    """tshark says at the last fragment that came what all of them make."""
    body = udp(bytes(5000))
    several = [pieces4(body), pieces6(body), pieces6(body, inner=bytes([UDP, 0, 1, 4, 0, 0, 0, 0]))]
    frames = [frame for pieces in several for frame in pieces]
    rows = asked(written(tmp_path / "a.pcapng", plain(frames)), ["udp.length", "udp.dstport"])
    found = remarks([decode(frame) for frame in frames])
    for row, one in zip(rows, found, strict=True):
        assert one.datagram is not None
        whole = one.datagram.whole
        assert whole is not None
        if row["udp.length"]:
            assert [str(whole.length + 8), str(whole.port)] == list(row.values())
    assert [row["udp.length"] for row in rows].count("5008") == len(several)


def test_segments_are_what_tshark_says_they_are(tmp_path: Path) -> None:
    """Connections, relative numbers, lengths, windows and notes, in every conversation there is here.

    What shows that a segment is not one out of order is, for tshark, that it comes late: so they do.
    """
    named = [(name, data) for name, frames in conversations().items() for data in frames]
    clock = count(BEGAN_NS, 50_000)
    late = 0
    frames = []
    for place, (name, data) in enumerate(named):
        is_opening = name != named[place - 1][0] or decode(data).length == 0
        late += 0 if is_opening or name == "out of order" else 30_000_000
        frames.append(Frame(t_ns=next(clock) + late, interface=0, data=data, length=len(data)))
    analysis = [f"tcp.analysis.{word}" for word in {*NOTES.values(), *ONLY_TSHARK}]
    fields = ["tcp.stream", "tcp.seq", "tcp.ack", "tcp.len", "tcp.window_size", *analysis]
    rows = asked(written(tmp_path / "a.pcapng", frames), fields)
    packets = [decode(data) for _, data in named]
    seen = set[str]()
    for (name, _), packet, one, row in zip(named, packets, remarks(packets), rows, strict=True):
        assert [one.connection, one.sequence, one.acknowledgement or 0, packet.length] == [
            int(row[key]) for key in ("tcp.stream", "tcp.seq", "tcp.ack", "tcp.len")
        ], name
        if one.window is not None:
            assert one.window == int(row["tcp.window_size"]), name
        assert noted(name, one) == {word.removeprefix("tcp.analysis.") for word in analysis if row[word]}, name
        seen.update(one.notes)
    assert seen == set(NOTES)


def noted(name: str, one: Remarks) -> set[str]:
    """Our notes in tshark's words.

    A last byte that is sent again looks to tshark like a keep-alive; but nobody has acknowledged it.
    """
    if name == "one byte repeated" and one.notes:
        assert one.notes == ("retransmission",)
        return {"keep_alive"}
    return {NOTES[note] for note in one.notes}
