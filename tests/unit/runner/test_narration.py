"""What happens in a run -> its journal."""

from __future__ import annotations

import json
from pathlib import Path

from labctl.fault.book import Rule
from labctl.observe.chronicle import chronicle
from labctl.runner.narration import Narration
from labctl.runner.records import Journal
from labctl.scenario.model import Fault, Which


def test_the_journal_says_whether_the_damage_of_a_rule_reaches_the_program(tmp_path: Path) -> None:
    """Who tells the story of the run reads it there."""
    journal = Journal(tmp_path / "journal.jsonl")
    narration = Narration(0, journal, lambda event: None)
    for visible in (False, True):
        fault = Fault(name="corrupt", which=Which(ordinals=(2,)), visible=visible)
        rule = Rule(name="c", receiver="b", senders=frozenset({"a"}), only=None, fault=fault, seed=0)
        narration.rules_changed("b", 1, [rule])
    journal.close()
    lines = [json.loads(text) for text in (tmp_path / "journal.jsonl").read_text().splitlines()]
    assert [change.rules[0].visible for change in chronicle(lines).in_force] == [False, True]
