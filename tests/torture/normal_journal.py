"""A run's journal -> what of it must be the same in every run of the scenario, as text.

Left out is what no run has a say in: times, process ids, the lab's id, large numbers that the scenario doesn't name
(ports that kernels chose, inodes), subnets that Docker had free. What several programs and hosts do at the same time
has no order between them, so there is a part for each of them, in the order of its own time. Copies of a program or
host are one part, and so is what they are told, line by line: which of them comes first is chance. Chance, too, are
whether a program's last child was gone before the lab was, and into how many segments TCP puts what a link delays.
"""

from __future__ import annotations

import json
import re
import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labctl.scenario.model import Run, Scenario, Start
from labctl.scenario.names import program_name

Line = Mapping[str, Any]  # Any: JSON's own types

_RUNNERS = {"scenario-began", "lab-up", "step-began", "step-ended", "step-judged", "lab-down", "scenario-ended"}
_BY_CHANCE = {"t", "wall", "lab", "pid", "offset_ns", "buffer", "size"}
_OF_EVERY_SEGMENT = {"delay", "slow", "let-go"}
_LARGE = re.compile(r"(?<!\d)\d{5,}(?!\d)")


def normal(journal: Iterable[bytes], scenario: Scenario) -> str:
    """The text: a line for each thing that happened, by whom it happened to."""
    lines = sorted(map(json.loads, journal), key=lambda line: float(line["t"]))
    normalised = _Normal(lines, scenario)
    return "\n".join(normalised.text()) + "\n"


class _Normal:
    def __init__(self, lines: list[Line], scenario: Scenario) -> None:
        self._named = set(_LARGE.findall(scenario.path.read_text()))
        self._addresses = _addresses(lines)
        counted = _counted(scenario)
        self._copies = re.compile(rf"\b({'|'.join(map(re.escape, counted))})-\d+(#\d+)?\b") if counted else None
        self._parts: dict[str, list[str]] = defaultdict(list)
        self._printed: dict[str, str] = defaultdict(str)
        for line in lines:
            self._take(line)

    def text(self) -> Iterator[str]:
        for name, entries in sorted(self._parts.items()):
            has_order = "decisions" not in name and not name.endswith("-*")
            yield from (f"{name}: {entry}" for entry in (entries if has_order else sorted(entries)))
        whose: dict[str, list[str]] = defaultdict(list)
        for name, printed in self._printed.items():
            whose[self._part(name)] += self._plain(printed).splitlines()
        for name, printed_lines in sorted(whose.items()):
            yield from (f"{name}: {line}" for line in (sorted(printed_lines) if self._copies else printed_lines))

    def _take(self, line: Line) -> None:
        if line["event"] == "output":
            self._printed[f"{line['stream']} of {line['program']}"] += line["text"]
        elif line["event"] == "decided":
            for rule, sender, number, verdict, _, _, protocol, *_ in line["rows"]:
                if protocol != socket.IPPROTO_TCP or verdict not in _OF_EVERY_SEGMENT:
                    self._parts[f"decisions of {rule} about {sender}"].append(f"{number} {verdict}")
        elif line["event"] != "gone":
            kept = {key: value for key, value in line.items() if key not in _BY_CHANCE}
            if "facts" in kept:
                kept["facts"] = {key: value for key, value in kept["facts"].items() if key != "subnet"}
            self._parts[self._whose(line)].append(self._plain(json.dumps(kept, sort_keys=True)))

    def _whose(self, line: Line) -> str:
        if line["event"] in _RUNNERS:
            return "runner"
        return self._part(str(line.get("program") or line.get("host") or line["event"]))

    def _part(self, name: str) -> str:
        return self._copies.sub(r"\1-*", name) if self._copies is not None else name

    def _plain(self, text: str) -> str:
        for address in sorted(self._addresses, key=len, reverse=True):
            text = text.replace(address, self._addresses[address])
        text = _LARGE.sub(lambda found: found[0] if found[0] in self._named else "<number>", text)
        return self._copies.sub(r"\1-*", text) if self._copies is not None else text


def _addresses(lines: Iterable[Line]) -> dict[str, str]:
    """Each address of the lab's, and what stands for it."""
    return {
        address: f"<{host} {place}>"
        for line in lines
        if line["event"] == "lab-up"
        for host, facts in line["hosts"].items()
        for place, address in enumerate(facts["addresses"])
    }


def _counted(scenario: Scenario) -> list[str]:
    """Names of hosts and programs that there are several of."""
    counted = [spec.service for spec in scenario.hosts or () if (spec.count or 1) > 1]
    for step in scenario.steps:
        if isinstance(step, Run | Start) and ((step.count or 1) > 1 or any(step.on == host for host in counted)):
            counted.append(program_name(step.name, step.command))
    return sorted(counted, key=len, reverse=True)


def differences(one: str, other: str) -> Iterator[str]:
    """The lines that only one of two texts has."""
    mine, its = one.splitlines(), other.splitlines()
    yield from (f"- {line}" for line in mine if line not in its)
    yield from (f"+ {line}" for line in its if line not in mine)
    if sorted(mine) == sorted(its) and mine != its:
        place = next(number for number, pair in enumerate(zip(mine, its, strict=True)) if pair[0] != pair[1])
        yield f"in another order: {mine[place]} / {its[place]}"
