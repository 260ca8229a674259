"""What is said of a scenario that didn't pass: each of tests/golden/report/NAME.txt."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.report.failure import again, failure_text
from labctl.report.look import PLAIN, Look
from tests.unit.report.outcomes import MISLEADING_OUTPUT, NO_LAB, NOT_PASSED, WRONG_ANSWER

GOLDEN = Path(__file__).parents[2] / "golden" / "report"


@pytest.mark.parametrize("name", NOT_PASSED)
def test_a_failure_is_told_by_its_golden_text(name: str) -> None:
    assert failure_text(NOT_PASSED[name], PLAIN) + "\n" == (GOLDEN / f"{name}.txt").read_text()


def test_no_line_of_a_program_or_a_complaint_begins_where_labctls_own_do() -> None:
    own = [line for line in failure_text(MISLEADING_OUTPUT, PLAIN).splitlines() if not line.startswith("  ") and line]

    assert own == ["FAIL labs/x on netns", "labs/x.yaml:4:5: step 1 of 1: client: run liar"]


def test_nothing_of_a_program_steers_the_terminal() -> None:
    text = failure_text(MISLEADING_OUTPUT, PLAIN)

    assert all(character.isprintable() or character in "\n\t" for character in text)


def test_colours_change_nothing_but_colours() -> None:
    import re

    coloured = failure_text(WRONG_ANSWER, Look(colour=True))

    assert coloured != failure_text(WRONG_ANSWER, PLAIN)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == failure_text(WRONG_ANSWER, PLAIN)


def test_the_command_to_run_it_again_names_the_family_and_is_safe_to_paste() -> None:
    assert again(NO_LAB) == "labctl run 'labs/x[ipv6]' --engine docker"
