"""The tables of all keys, for people."""

from __future__ import annotations

from pathlib import Path

from labctl.scenario.read import TOP_KEYS
from labctl.scenario.reference import reference
from labctl.scenario.verbs import VERBS

PAGE = Path(__file__).parents[3] / "docs" / "language.md"


def test_the_page_has_the_tables_as_they_are() -> None:
    """`labctl schema --keys` prints them."""
    assert PAGE.read_text().endswith(f"## Every key\n\n{reference()}")


def test_every_key_has_its_row() -> None:
    rows = [line.split("`")[1] for line in reference().splitlines() if line.startswith("| `")]

    assert set(TOP_KEYS) | {key for verb in VERBS.values() for key in verb.keys} <= set(rows)
    assert {"contains", "listening", "unread", "zombies", "healthy"} - set(rows) <= {"healthy"}  # that one is a value


def test_each_row_says_something() -> None:
    assert [line for line in reference().splitlines() if line.startswith("| `") and line.endswith("|  |")] == []
