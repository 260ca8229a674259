"""What was recorded of every shipped scenario, on each engine, held against tshark and against strace's own text.

The scenarios are those that test_scenarios.py runs, with the record on: that they pass shows that it changes nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct

from labctl.observe.join import story_of
from labctl.observe.names import CAPTURE, TRACES
from labctl.observe.pcapng import Frame, Interface, block, opening, read
from labctl.observe.story import Story
from labctl.runner.outcome import ScenarioOutcome
from tests.live.conftest import SHIPPED, Outcomes, is_recorded, short

UDP_FAULTS = [file for file in SHIPPED if file.parent.name == "faults" and file.stem.startswith("udp-")]
_BEGINS = re.compile(rb"^(\d+) +\d+\.\d+ (\w+)\(", re.MULTILINE)
_FIELDS = ("frame.time_epoch", "frame.len", "ip.src", "ipv6.src", "tcp.srcport", "udp.srcport", "tcp.flags")


class Read(Struct, frozen=True):
    """A frame as tshark reads it."""

    t_ns: int
    length: int
    source: str
    port: int | None
    flags: int | None


class Recorded(Struct, frozen=True):
    """A run with its story, and the frames of its capture as tshark reads them."""

    outcome: ScenarioOutcome
    folder: Path
    story: Story
    frames: tuple[Read, ...]


@pytest.fixture(scope="session")
def recorded(outcomes: Outcomes, tmp_path_factory: pytest.TempPathFactory) -> dict[Path, list[Recorded]]:
    """Every run of a shipped scenario. tshark reads all captures at once, as one file: its start takes longest."""
    ran = [outcome for file in SHIPPED for outcome in outcomes.get(file, []) if _is_recorded(outcome)]
    captures = [read((outcome.folder / CAPTURE).read_bytes()) for outcome in ran if outcome.folder is not None]
    all_frames = [frame for capture in captures for frame in capture.frames]
    frames = _read_by_tshark(all_frames, tmp_path_factory.mktemp("all"))
    found: dict[Path, list[Recorded]] = {}
    for outcome, capture in zip(ran, captures, strict=True):
        assert outcome.folder is not None
        own, frames = frames[: len(capture.frames)], frames[len(capture.frames) :]
        story = story_of(outcome.folder)
        found.setdefault(outcome.path, []).append(Recorded(outcome, outcome.folder, story, tuple(own)))
    return found


def _is_recorded(outcome: ScenarioOutcome) -> bool:
    return outcome.folder is not None and is_recorded(outcome.path, outcome.engine)


def _read_by_tshark(frames: list[Frame], folder: Path) -> list[Read]:
    if shutil.which("tshark") is None:
        pytest.skip("there is no tshark to hold the story against (apt-get install tshark)")
    path = folder / "all.pcapng"
    most = max(frame.interface for frame in frames)
    with path.open("wb") as file:
        file.write(opening([Interface(name=f"i{number}") for number in range(most + 1)]))
        file.writelines(map(block, frames))
    words = ["tshark", "-n", "-r", str(path), "-T", "fields", *(part for field in _FIELDS for part in ("-e", field))]
    said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=300).stdout
    return [_row(line.split("\t")) for line in said.splitlines()]


def _row(fields: list[str]) -> Read:
    """Of a packet that quotes another tshark tells both; the first is its own."""
    time, length, source4, source6, tcp, udp, flags = (field.split(",")[0] for field in fields)
    seconds, _, fraction = time.partition(".")
    port = tcp or udp
    return Read(
        t_ns=int(seconds) * 10**9 + int(fraction.ljust(9, "0")),
        length=int(length),
        source=source4 or source6,
        port=int(port) if port else None,
        flags=int(flags, 16) if flags else None,
    )


@pytest.mark.parametrize("file", SHIPPED, ids=short)
def test_every_packet_that_tshark_reads_is_in_the_story_and_in_order(
    file: Path, recorded: dict[Path, list[Recorded]]
) -> None:
    """Each frame belongs to one packet, from its sender, at its time."""
    for run in recorded.get(file, []):
        placed = {number: packet for packet in run.story.packets for number in packet.frames}
        times = [packet.at_ns for packet in run.story.packets]

        assert sorted(placed) == list(range(1, len(run.frames) + 1))
        assert times == sorted(times)
        for number, frame in enumerate(run.frames, 1):
            packet = placed[number]
            at_ns = frame.t_ns - run.story.zero_ns
            came = {arrival.frame: arrival.came_ns for arrival in packet.arrivals}
            assert packet.size == frame.length
            assert at_ns in (came.get(number), packet.left_ns) or number not in came
            if frame.source:
                assert f"{frame.source}" in packet.detail
            if frame.port is not None and packet.ports:
                assert packet.ports[0] == frame.port
            if packet.kind == "tcp" and frame.flags is not None:
                assert ("SYN" in packet.words) == bool(frame.flags & 2)
                assert ("RST" in packet.words) == bool(frame.flags & 4)
                assert ("FIN" in packet.words) == bool(frame.flags & 1)


@pytest.mark.parametrize("file", SHIPPED, ids=short)
def test_every_call_that_strace_wrote_is_in_the_story(file: Path, recorded: dict[Path, list[Recorded]]) -> None:
    """Of each process, in order; and nothing could not be read."""
    for run in recorded.get(file, []):
        for path in sorted((run.folder / TRACES).glob("*.strace")):
            key = f"{path.stem.rpartition('.')[0]}#{path.stem.rpartition('.')[2]}"
            [lane] = [number for number, lane in enumerate(run.story.lanes) if lane.key == key]
            told = [(call.pid, call.name) for call in run.story.calls if call.lane == lane]
            assert Counter(told) == Counter(_written(path.read_bytes()))
        assert run.story.problems == ()


def _written(text: bytes) -> Iterator[tuple[int, str]]:
    """The beginning of each call: who made it, and which."""
    for found in _BEGINS.finditer(text):
        yield int(found[1]), found[2].decode()


@pytest.mark.parametrize("file", UDP_FAULTS, ids=short)
def test_a_server_got_as_many_datagrams_as_were_let_in(file: Path, recorded: dict[Path, list[Recorded]]) -> None:
    """What faults did to packets comes from the journal; what the server received, from its own calls.

    Copies count. Of damaged datagrams those count whose damage is visible; the others its kernel throws away.
    """
    for run in recorded[file]:
        [server] = [number for number, lane in enumerate(run.story.lanes) if lane.program == "server-udp"]
        arrived = _let_in(run.story, server, {"arrived", "late"})

        assert arrived > 0
        assert arrived <= _reads(run.story, server) <= arrived + _let_in(run.story, server, {"damaged"})


def _reads(story: Story, lane: int) -> int:
    """How often a program has received a datagram."""
    own = (call for call in story.calls if call.lane == lane and call.name == "recvfrom")
    return sum(call.returned is not None and not call.error for call in own)


def _let_in(story: Story, lane: int, fates: set[str]) -> int:
    """How many datagrams with one of these fates came to a program."""
    arrivals = [arrival for packet in story.packets if packet.kind == "udp" for arrival in packet.arrivals]
    return sum(arrival.copies for arrival in arrivals if arrival.lane == lane and arrival.fate in fates)
