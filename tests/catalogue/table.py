"""Shipped scenarios and what came of them on each engine -> the Markdown of docs/scenarios.md. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from msgspec import Struct

from labctl.runner.outcome import ScenarioOutcome, Verdict, worst
from labctl.runner.select import Selected
from labctl.scenario.model import Family

ENGINES = ("netns", "docker")
_FIRST = "First steps"
_FAMILIES = {Family.IPV4: "4", Family.IPV6: "6", Family.DUAL: "dual"}
_HEAD = """\
# The scenarios, and the two engines

Each scenario that labctl brings along, what it is about, the IP versions that it is run with (*dual* is both at once),
and what came of it on network namespaces and on Docker. A scenario that an engine can't hold says why.
`labctl explain NAME` tells one as a lesson, `labctl run NAME` runs it.

This page is made by `make catalogue`, which runs all of them on both engines and writes what came. Don't edit it.
"""


class Row(Struct, frozen=True):
    """A scenario: its id and name, the families it is run with, and a cell for each of ENGINES."""

    id: str
    name: str
    families: str
    cells: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Where it lies below scenarios/; empty for those at the top."""
        return self.id.rpartition("/")[0]

    @property
    def has_passed(self) -> bool:
        """Whether no engine had anything else to say than that it passed, or why it can't hold there."""
        return all(cell == Verdict.PASS.value or cell.startswith("skipped: ") for cell in self.cells)


def rows(selected: Sequence[Selected], came: Mapping[str, Sequence[ScenarioOutcome]]) -> list[Row]:
    """A row for each file. `came` are the outcomes of each engine of ENGINES, skipped ones too."""
    by_file = groupby(selected, key=lambda one: one.scenario.path)
    return [_row(list(several), came) for _, several in by_file]


def _row(several: list[Selected], came: Mapping[str, Sequence[ScenarioOutcome]]) -> Row:
    """The row of a file, which was selected once for each of its families."""
    scenario = several[0].scenario
    identity = several[0].id.rpartition("[")[0] if scenario.several_families else several[0].id
    families = ", ".join(_FAMILIES[family] for family in scenario.families)
    ids = {one.id for one in several}
    cells = tuple(_cell([outcome for outcome in came[engine] if outcome.id in ids]) for engine in ENGINES)
    return Row(identity, scenario.name, families, cells)


def _cell(outcomes: Sequence[ScenarioOutcome]) -> str:
    verdict = worst(outcome.verdict for outcome in outcomes)
    return f"skipped: {outcomes[0].reason}" if verdict is Verdict.SKIPPED else verdict.value


def page(table: Sequence[Row]) -> str:
    """The whole page: those at the top first, then folder by folder."""
    return "\n".join([_HEAD, *_sections(table)])


def _sections(table: Sequence[Row]) -> Iterator[str]:
    ordered = sorted(table, key=lambda row: (row.folder, row.id))
    for folder, some in groupby(ordered, key=lambda row: row.folder):
        yield f"## {folder or _FIRST}\n"
        yield f"| scenario | about | IP | {' | '.join(ENGINES)} |"
        yield f"| --- | --- | --- |{' --- |' * len(ENGINES)}"
        yield from (listed(row.id, row.name, row.families, *row.cells) for row in some)
        yield ""


def listed(identity: str, name: str, families: str, *cells: str) -> str:
    """A line of the table; `cells` are those of ENGINES."""
    link = f"[{identity.rpartition('/')[2]}](../scenarios/{identity}.yaml)"
    shown = [link, name, families, *cells]
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in shown) + " |"
