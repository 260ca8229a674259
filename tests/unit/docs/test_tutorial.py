"""docs/tutorial.md tells of every claim and of every scenario, and leads nowhere that isn't there."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parents[3]
PAGE = TOP / "docs" / "tutorial.md"
TEXT = PAGE.read_text()
CLAIMS = 40


def test_every_claim_has_one_row_that_names_a_scenario() -> None:
    rows = re.findall(r"^\| T(\d+) \| [^|]+ \| ([^|]+) \|", TEXT, re.MULTILINE)

    assert [int(number) for number, _ in rows] == list(range(1, CLAIMS + 1))
    assert all("](../scenarios/" in scenarios for _, scenarios in rows)


def test_every_shipped_scenario_is_named() -> None:
    shipped = {str(file.relative_to(TOP)) for file in (TOP / "scenarios").rglob("*.yaml")}
    named = set(re.findall(r"\]\(\.\./(scenarios/[^)]+)\)", TEXT))

    assert shipped - named == set()


def test_every_link_leads_somewhere() -> None:
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", TEXT)]

    assert [link for link in links if not (PAGE.parent / link).exists()] == []
