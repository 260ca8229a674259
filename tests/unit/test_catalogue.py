"""docs/scenarios.md lists what is shipped, and says what came of it."""

from __future__ import annotations

import re

from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.select import Selected
from tests.catalogue.catalogue import PAGE, SCENARIOS, shipped
from tests.catalogue.table import ENGINES, Row, listed, page, rows

STALE = "docs/scenarios.md is stale: run `make catalogue`"


def outcomes_of(selected: tuple[Selected, ...], verdict: Verdict = Verdict.PASS) -> list[ScenarioOutcome]:
    """As if all had come out so."""
    return [
        ScenarioOutcome(id=one.id, path=one.scenario.path, engine="netns", verdict=verdict, reason="the\nreason | is")
        for one in selected
    ]


def page_there() -> str:
    """The page as it is in the tree."""
    assert PAGE.is_file(), "docs/scenarios.md is missing: run `make catalogue`"
    return PAGE.read_text()


def test_the_page_lists_exactly_the_shipped_scenarios_by_their_present_names() -> None:
    """With the families that they are run with, in the present order, and passed or skipped on each engine."""
    came = {engine: outcomes_of(shipped()) for engine in ENGINES}
    wanted = [line for line in page(rows(shipped(), came)).splitlines() if line.startswith("| [")]
    found = [line for line in page_there().splitlines() if line.startswith("| [")]

    assert [_without_verdicts(line) for line in found] == [_without_verdicts(line) for line in wanted], STALE
    assert all(re.search(r"( \| (pass|skipped: .+?)){2} \|$", line) for line in found), STALE


def _without_verdicts(line: str) -> list[str]:
    return re.split(r" (?<!\\)\| ", line)[:3]


def test_every_link_of_the_page_leads_to_a_scenario() -> None:
    links = re.findall(r"\]\((.+?)\)", page_there())

    assert links
    assert all((PAGE.parent / link).resolve().is_relative_to(SCENARIOS) for link in links), STALE
    assert all((PAGE.parent / link).is_file() for link in links), STALE


def test_a_scenario_with_several_families_has_one_row_and_passes_with_all_of_them() -> None:
    selected = tuple(one for one in shipped() if one.scenario.several_families)[:2]
    passed, failed = outcomes_of(selected), [*outcomes_of(selected[:1]), *outcomes_of(selected[1:], Verdict.FAIL)]
    [row] = rows(selected, {"netns": passed, "docker": failed})

    assert row.id == selected[0].id.rpartition("[")[0]
    assert row.cells == ("pass", "fail")
    assert not row.has_passed


def test_what_an_engine_cannot_hold_is_skipped_with_the_reason_in_one_cell() -> None:
    selected = shipped()[:1]
    skipped = outcomes_of(selected, Verdict.SKIPPED)
    [row] = rows(selected, {"netns": skipped, "docker": outcomes_of(selected)})

    assert row.has_passed
    assert listed(row.id, "a name", "4", *row.cells).endswith("| a name | 4 | skipped: the reason \\| is | pass |")


def test_those_at_the_top_come_first_and_each_folder_has_a_heading() -> None:
    table = [Row("b/x", "x", "4", ("pass", "pass")), Row("z", "z", "6", ("pass", "pass"))]
    lines = page(table).splitlines()

    assert [line for line in lines if line.startswith(("##", "| ["))] == [
        "## First steps",
        "| [z](../scenarios/z.yaml) | z | 6 | pass | pass |",
        "## b",
        "| [x](../scenarios/b/x.yaml) | x | 4 | pass | pass |",
    ]
