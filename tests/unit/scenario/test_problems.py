"""A problem prints as a place that editors understand, the line, a caret under the place, and what to do."""

from __future__ import annotations

from labctl.scenario.problems import Position, Problem, ScenarioError, did_you_mean, quoted


def shown(line: str, column: int) -> list[str]:
    return str(Problem(Position("x.yaml", 7, column), "what is wrong", "do this", line)).splitlines()


def test_a_problem_prints_place_line_caret_and_hint() -> None:
    assert shown("    los: 20%", 5) == [
        "x.yaml:7:5: what is wrong",
        "  7 |     los: 20%",
        "    |     ^",
        "    = do this",
    ]


def test_a_problem_without_a_line_prints_its_place_and_hint() -> None:
    assert str(Problem(Position("x", 1, 1), "wrong", "mend it")) == "x:1:1: wrong\n    = mend it"


def test_the_caret_stands_under_its_place_behind_tabs_and_wide_characters() -> None:
    assert shown("\t漢字: x", 4)[2] == "    | \t    ^"


def test_what_could_steer_a_terminal_is_shown_as_an_escape() -> None:
    assert shown("a: \x1b[31m", 4)[1] == "  7 | a: \\x1b[31m"


def test_a_long_line_is_shown_around_the_place() -> None:
    line, caret = shown("x" * 5000 + "!" + "y" * 5000, 5001)[1:3]

    assert len(line) < 140
    assert line[caret.index("^")] == "!"


def test_all_problems_come_once_and_in_the_order_of_the_page() -> None:
    late, early = (Problem(Position("x", line, 1), "wrong") for line in (9, 2))

    assert ScenarioError([late, early, late]).problems == (early, late)


def test_a_quoted_value_stays_on_one_line_and_short() -> None:
    assert quoted("a\nb\x1b") == "'a\\nb\\x1b'"
    assert len(quoted("x" * 1000)) < 70


def test_the_nearest_name_is_meant_whatever_its_case() -> None:
    assert did_you_mean("trem", ["TERM", "KILL"]) == "did you mean 'TERM'?"


def test_where_nothing_is_near_the_known_names_are_listed() -> None:
    assert did_you_mean("xyz", ["b", "a"], kinds="hosts") == "choose one of the hosts: a, b"


def test_where_nothing_is_known_there_is_no_hint() -> None:
    assert did_you_mean("xyz", [], kinds="hosts") is None
