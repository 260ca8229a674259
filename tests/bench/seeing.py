"""What it costs to record a run, and to make a story and a page of a large record."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Iterator

from labctl.observe.join import joined
from labctl.observe.pcapng import Frame, Interface, block, opening
from labctl.observe.records import Records
from labctl.observe.story import Story
from labctl.report.html.page import page
from tests.bench.measure import Row
from tests.unit.observe.packets import CLIENT, CLIENT_MAC, SERVER, SERVER_MAC, Talk

CONNECTIONS, LINES = 100, 24
"""So many conversations, of so many lines each: some 10,000 packets and 10,000 calls."""
ALLOWED_S = 0.3
_HOSTS = (("cheerios", SERVER, SERVER_MAC), ("client", CLIENT, CLIENT_MAC))


def recording_row(engine: str, without: Callable[[], float], recorded: Callable[[], float], runs: int) -> Row:
    """basic.yaml with the record on, less what it may take once, against without; seconds by turns."""
    without()
    recorded()
    pairs = [(recorded() - ALLOWED_S, without()) for _ in range(runs)]
    on, off = (statistics.median(column) for column in zip(*pairs, strict=True))
    detail = f"{on + ALLOWED_S:.3f} s against {off:.3f} s, median of {runs}"
    return Row(f"{engine}: basic.yaml --see, less {ALLOWED_S:g} s / without", on / off, 1.3, "x", detail)


def story_rows() -> Iterator[Row]:
    """A large record: how long it takes to interpret, and how large its page is."""
    records = _records()
    began = time.perf_counter()
    story = joined(records)
    took_s = time.perf_counter() - began
    size = f"{len(story.packets)} packets, {len(story.calls)} calls"
    yield Row("a story of 10,000 packets and 10,000 calls", took_s * 1000, 2000, "ms", size)
    yield Row("its page", _page_mb(story), 5, "MB", size)


def _page_mb(story: Story) -> float:
    return len(page([story], capture="capture.pcapng").encode()) / 1e6


def _records() -> Records:
    """As a run leaves them, with everything tied to everything."""
    frames: list[Frame] = []
    text = {"server#1": "", "client#2": ""}
    at_ns = 10**18
    for number in range(CONNECTIONS):
        talk = Talk(client_port=40000 + number).opened()
        for _line in range(LINES):
            talk.client(b"hello\n").server().server(b"HELLO\n").client()
        for data in talk.frames:
            is_clients = data[6:12] == bytes.fromhex(CLIENT_MAC.replace(":", ""))
            for place, delay_ns in ((int(is_clients), 0), (1 - int(is_clients), 20_000)):
                frame = Frame(
                    t_ns=at_ns + delay_ns, interface=place, data=data, length=len(data), is_outbound=not delay_ns
                )
                frames.append(frame)
            at_ns += 100_000
        text["client#2"] += _calls(7, at_ns, (CLIENT, 40000 + number), (SERVER, 51717))
        text["server#1"] += _calls(8, at_ns, (SERVER, 51717), (CLIENT, 40000 + number))
    hosts = [{"name": name, "address4": address, "address6": None, "mac": mac} for name, address, mac in _HOSTS]
    capture = opening([Interface(name=name) for name, _address, _mac in _HOSTS]) + b"".join(map(block, frames))
    return Records(
        lines=tuple(map(json.loads, _journal())),
        plan={"hosts": hosts, "absent": []},
        capture=capture,
        traces={key: written.encode() for key, written in text.items()},
        text="",
        problems=(),
    )


def _calls(pid: int, at_ns: int, here: tuple[str, int], there: tuple[str, int]) -> str:
    """What a side of one conversation calls: some 50 lines."""
    socket = f"4<TCP:[{here[0]}:{here[1]}->{there[0]}:{there[1]}]>"
    texts = (
        f'recvfrom({socket}, "hello\\n", 255, 0, NULL, NULL) = 6',
        f'sendto({socket}, "hello\\n", 6, 0, NULL, 0) = 6',
    )
    lines = []
    for number in range(2 * LINES + 2):
        seconds, rest = divmod(at_ns + number * 50_000, 10**9)
        lines.append(f"{pid}     {seconds}.{rest:09} {texts[number % 2]} <0.000010000>\n")
    return "".join(lines)


def _journal() -> Iterator[str]:
    wall = 10**9
    began = {"id": "large", "engine": "netns", "about": ""}
    yield json.dumps({"event": "scenario-began", "t": 0, "wall": wall, **began})
    for key, host, pid in (("server#1", "cheerios", 8), ("client#2", "client", 7)):
        started = {"program": key, "host": host, "words": [key.split("#")[0]], "pid": pid}
        yield json.dumps({"event": "started", "t": 0, "wall": wall, **started})
    yield json.dumps({"event": "step-began", "t": 0, "wall": wall, "number": 1, "title": "talk", "why": ""})
