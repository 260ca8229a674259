"""A run's folder -> what was recorded there, read but not yet joined.

`journal.jsonl` says what happened when, `plan.json` who was where, `capture.pcapng` and `traces/` what was on the
network and which calls were made, `scenario.yaml` is the file as it was. What is missing or cut is a problem in words;
what could be read is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from labctl.observe.names import CAPTURE, JOURNAL, PLAN, SCENARIO, TRACES

Line = dict[str, Any]  # Any: JSON's own types
_TEXTS = {"hosts": ("name", "mac"), "absent": ("name",)}
"""What each kind of host in a plan has, besides addresses."""
_ADDRESSES = ("address4", "address6")


class NotRecorded(Exception):
    """A folder in which there is no run's journal: in words."""


class Records(Struct, frozen=True, kw_only=True):
    """What a run left. `traces` are strace's own text by the program's key; None where nothing was traced or captured.

    `lines` are those of the journal, in their order.
    """

    lines: tuple[Line, ...]
    plan: Line
    capture: bytes | None
    traces: dict[str, bytes] | None
    text: str
    problems: tuple[str, ...]


_MOST_SHOWN = 128 * 1024
_NOT_SHOWN = "\n… what came after this is in the journal …\n"


def read_folder(folder: Path) -> Records:
    """Everything that is there. NotRecorded where there is no journal."""
    problems: list[str] = []
    try:
        with (folder / JOURNAL).open("rb") as journal:
            lines = tuple(_shortened(_lines(journal, problems)))
    except OSError as error:
        raise NotRecorded(f"there is no record of a run in {folder}: {error.strerror}") from error
    return Records(
        lines=lines,
        plan=_plan(folder / PLAN, problems),
        capture=_bytes(folder / CAPTURE),
        traces=_traces(folder / TRACES),
        text=(_bytes(folder / SCENARIO) or b"").decode("utf-8", "backslashreplace"),
        problems=tuple(problems),
    )


def _shortened(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines, without the text of what a program printed on a stream after the first 128 Ki characters or so."""
    came: dict[tuple[object, object], int] = {}
    for line in lines:
        text = line.get("text")
        if line["event"] == "output" and isinstance(text, str):
            stream = str(line.get("program")), str(line.get("stream"))
            before = came.get(stream, 0)
            came[stream] = before + len(text)
            if before < _MOST_SHOWN <= came[stream]:
                yield line | {"text": text[: _MOST_SHOWN - before] + _NOT_SHOWN}
            if came[stream] >= _MOST_SHOWN:
                continue
        yield line


def _lines(journal: Iterable[bytes], problems: list[str]) -> Iterator[Line]:
    for number, text in enumerate(journal, 1):
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        if isinstance(line, dict) and isinstance(line.get("event"), str) and isinstance(line.get("t"), int):
            yield line
        else:
            problems.append(f"line {number} of the journal can't be read")


def _plan(path: Path, problems: list[str]) -> Line:
    try:
        plan = json.loads(path.read_bytes())
    except (OSError, ValueError):
        plan = None
    if isinstance(plan, dict) and all(_tell(plan.get(kind, []), texts) for kind, texts in _TEXTS.items()):
        return plan
    problems.append("the plan of the lab can't be read")
    return {}


def _tell(hosts: object, texts: Sequence[str]) -> bool:
    """Whether all that is asked of hosts of a plan is there."""
    return isinstance(hosts, list) and all(
        isinstance(host, dict)
        and all(isinstance(host.get(key), str) for key in texts)
        and all(isinstance(host.get(key, 0), str | None) for key in _ADDRESSES)
        and _tell(host.get("interfaces", []), ("network", "mac"))
        for host in hosts
    )


def wires_told(host: Line) -> list[Line]:
    """A host's interfaces, of a plan as it was written: each has `mac`, `address4` and `address6`."""
    return host.get("interfaces") or [host]


def addresses_told(host: Line) -> list[str]:
    """The addresses that it has, network after network, IPv4 first."""
    return [wire[key] for wire in wires_told(host) for key in _ADDRESSES if wire.get(key)]


def _traces(folder: Path) -> dict[str, bytes] | None:
    if not folder.is_dir():
        return None
    return {
        f"{path.stem.rpartition('.')[0]}#{path.stem.rpartition('.')[2]}": path.read_bytes()
        for path in sorted(folder.glob("*.strace"))
    }


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
