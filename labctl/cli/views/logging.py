"""What `labctl logs` was asked for -> the run found, and what its programs printed; or a lab, and what they print."""

from __future__ import annotations

import json
import selectors
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from labctl.agent.frames import Decoder, encode
from labctl.cli.labs.keeping import named_lab, translated
from labctl.cli.refusals import CannotLook, UnknownTarget
from labctl.cli.terminal.device import Device
from labctl.cli.views.showing import run_called
from labctl.observe.names import JOURNAL
from labctl.report.logs import Logs, Wanted, programs_of, raw
from labctl.runner.records import is_written
from labctl.scenario.problems import did_you_mean, quoted
from labctl.standing.visit import visit

_LOOKS_EVERY_S = 0.1


class Asked(Struct, frozen=True, kw_only=True):
    """What the command line asks for; `words` are a run, if the first is one, and programs."""

    words: Sequence[str]
    hosts: Sequence[str]
    streams: Sequence[str]
    raw: bool
    follow: bool


def show_logs(asked: Asked, device: Device) -> int:
    """Show what programs of a run printed; the exit code. A Refusal where there is no such run, program or host."""
    if asked.raw and device.results is not None and device.results.isatty():
        raise CannotLook("raw output can steer this terminal", hint="pipe it: `labctl logs --raw | cat -v`, or > FILE")
    folder, programs = _found(asked)
    journal = folder / JOURNAL
    lines = list(_lines(journal))
    if not asked.follow:
        _check_names(programs_of(lines), programs, asked.hosts)
    wanted = Wanted(programs=programs, hosts=asked.hosts, streams=asked.streams)
    if asked.raw:
        device.piece("".join(raw(_followed(journal) if asked.follow else lines, wanted)))
        return 0
    told = Logs(wanted, device.result_look)
    for line in _followed(journal) if asked.follow else lines:
        for text in told.lines(line):
            device.result(text)
    for text in told.rest():
        device.result(text)
    return 0


def show_lab(name: str, asked: Asked, device: Device) -> int:
    """Show what programs on a lab that stands print from now on, whoever started them, until the lab is down."""
    with translated(device):
        lab = named_lab(name)
        _check_names({host.name: host.name for host in lab.plan.hosts}, (), asked.hosts)
        visited = visit(name)
        told = Logs(Wanted(programs=asked.words, hosts=asked.hosts, streams=asked.streams), device.result_look)
        device.progress(f"labctl: waiting for what programs on {name} print; Ctrl-C ends this")
        try:
            with selectors.DefaultSelector() as selector:
                for host, channel in visited.channels.items():
                    selector.register(channel, selectors.EVENT_READ, (host, channel, Decoder()))
                    channel.send(encode({"do": "listen", "id": 1}))
                while selector.get_map():
                    for line in _heard(selector):
                        for text in told.lines(line):
                            device.result(text)
        finally:
            visited.down()
    return 0


def _heard(selector: selectors.BaseSelector) -> Iterator[dict[str, Any]]:  # Any: JSON's own types
    """Events as lines of a journal have them; a host that is gone is heard no more."""
    for key, _ in selector.select():
        host, channel, decoder = key.data
        data = channel.receive()
        if not data:
            selector.unregister(key.fileobj)
            continue
        for header, body in decoder.feed(data):
            if header.get("ev") in ("output", "cut", "ended", "gone") and "heard" in header:
                text = body.decode("utf-8", "backslashreplace")
                heard = {"event": header["ev"], "host": host, "text": text, "size": len(body), "wall": time.time()}
                yield header | heard


def _found(asked: Asked) -> tuple[Path, Sequence[str]]:
    """The run, and the programs asked for: the first word may be either, and a run is tried first."""
    if not asked.words:
        return run_called(None), ()
    try:
        return run_called(asked.words[0]), asked.words[1:]
    except UnknownTarget:
        newest = run_called(None)
        if asked.words[0] not in programs_of(_lines(newest / JOURNAL)):
            raise
        return newest, asked.words


def _check_names(known: dict[str, str], programs: Sequence[str], hosts: Sequence[str]) -> None:
    for kind, names, there in (("program", programs, known.keys()), ("host", hosts, known.values())):
        for name in names:
            if name not in there:
                hint = did_you_mean(name, sorted(set(there)), kinds=f"{kind}s") or ""
                raise UnknownTarget(f"no {kind} of this run is called {quoted(name)}", hint=hint)


def _lines(journal: Path) -> Iterator[dict[str, Any]]:  # Any: JSON's own types
    with journal.open("rb") as opened:
        for line in opened:
            if line.endswith(b"\n"):  # the last one may be being written
                yield json.loads(line)


def _followed(journal: Path) -> Iterator[dict[str, Any]]:  # Any: JSON's own types
    """The journal's lines as they are written, until nobody writes it any more."""
    with journal.open("rb") as opened:
        begun = b""
        while True:
            goes_on = _goes_on(journal)  # before reading: what is written until its end is read
            while line := opened.readline():
                begun += line
                if begun.endswith(b"\n"):
                    yield json.loads(begun)
                    begun = b""
            if not goes_on:
                return
            time.sleep(_LOOKS_EVERY_S)  # a file can't be waited for by select(2)


def _goes_on(journal: Path) -> bool:
    try:
        return is_written(journal)
    except OSError:  # it may not be looked at, or is gone
        return False
