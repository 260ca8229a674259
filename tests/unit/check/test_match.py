"""The matching rules of the language: a text is a part of the output, to the letter."""

from __future__ import annotations

import tracemalloc

import pytest

from labctl.check.match import complaints, shown_text
from labctl.scenario.model import Match, Num


def matches(match: Match, output: str | bytes, *, strict: bool = False) -> bool:
    content = output.encode() if isinstance(output, str) else output
    return complaints(match, content, strict=strict) == []


def complaint(match: Match, output: str, *, strict: bool = False) -> str:
    (only,) = complaints(match, output.encode(), strict=strict)
    return only


def test_output_is_utf_8_and_its_other_bytes_are_escapes() -> None:
    assert shown_text(b"gr\xc3\xbc\xc3\x9fe \xff\x00\n") == "grüße \\xff\0"


def test_a_text_is_a_part_of_the_output() -> None:
    assert matches(Match(contains=("your mess",)), "I got your message\n")


@pytest.mark.parametrize("output", ["i got", "I  got", "", "I go t"])
def test_a_text_is_taken_to_the_letter(output: str) -> None:
    assert not matches(Match(contains=("I got",)), output)


def test_a_part_may_span_lines() -> None:
    assert matches(Match(contains=("a\nb\n",)), "x\na\nb")


@pytest.mark.parametrize(("part", "output"), [("a\n", "a"), ("a", "a\n"), ("a\n", "a\n")])
def test_one_newline_at_the_end_counts_on_neither_side(part: str, output: str) -> None:
    assert matches(Match(contains=(part,)), output)
    assert matches(Match(equals=part), output)


def test_a_second_newline_at_the_end_counts() -> None:
    assert not matches(Match(equals="a"), "a\n\n")
    assert matches(Match(equals="a\n\n"), "a\n\n")


@pytest.mark.parametrize("output", ["", "\n"])
def test_an_empty_text_says_that_nothing_was_printed(output: str) -> None:
    assert matches(Match(contains=("",)), output)
    assert complaint(Match(contains=("",)), "x") == "expected nothing, came 'x'"


def test_not_an_empty_text_says_that_something_was_printed() -> None:
    assert matches(Match(absent=("",)), "x")
    assert complaint(Match(absent=("",)), "") == "expected no '', and nothing was printed"


def test_a_list_comes_in_order_with_gaps() -> None:
    assert matches(Match(contains=("a", "c")), "a b c")
    assert complaint(Match(contains=("c", "a")), "a b c") == "expected 'a' after 'c', and it came only before"


def test_parts_of_a_list_do_not_overlap() -> None:
    assert not matches(Match(contains=("aba", "aba")), "ababa")


def test_a_missing_part_of_a_list_is_named_with_the_one_before() -> None:
    assert complaint(Match(contains=("a", "x")), "a b") == "expected 'x' after 'a', came 'a b'"


def test_equals_is_the_whole() -> None:
    assert matches(Match(equals="a"), "a\n")
    assert not matches(Match(equals="a"), "ab")


@pytest.mark.parametrize(
    ("expected", "output", "said"),
    [
        ("a", "b", "expected exactly 'a', came 'b'"),
        ("a\nb", "a\nc", "expected exactly 'b' in line 2, came 'c'"),
        ("a\nb", "a", "expected 2 lines, came 1; the first missing is 'b'"),
        ("a", "a\nb\nc", "expected 1 line, came 3; the first too many is 'b'"),
        ("a", "", "expected 'a', nothing was printed"),
        ("", "a", "expected nothing, came 'a'"),
    ],
)
def test_a_difference_is_shown_where_it_begins(expected: str, output: str, said: str) -> None:
    assert complaint(Match(equals=expected), output) == said


def test_a_regular_expression_is_searched_with_line_ends() -> None:
    assert matches(Match(matches="^b$"), "a\nb\nc")
    assert not matches(Match(matches="^b$"), "ab")


def test_an_unmatched_regular_expression_is_shown_with_what_came() -> None:
    assert complaint(Match(matches="^b$"), "ab\n") == "expected a match of '^b$', came 'ab'"


def test_a_part_is_counted() -> None:
    assert matches(Match(contains=("ab",), count=Num(2, 2)), "ab ab")
    said = complaint(Match(contains=("ab",), count=Num(3, 3)), "ab ab")
    assert said == "expected 'ab' 3 times, it came 2 times"


def test_a_match_is_counted() -> None:
    assert matches(Match(matches=r"^\d+$", count=Num(2, 2)), "1\n22\nx")
    said = complaint(Match(matches="^x", count=Num(2, None)), "x")
    assert said == "expected a match of '^x' at least 2 times, there is 1"


def test_a_count_of_0_says_never() -> None:
    assert matches(Match(contains=("x",), count=Num(0, 0)), "y")
    assert complaint(Match(contains=("x",), count=Num(0, 0)), "x") == "expected 'x' 0 times, it came once"


@pytest.mark.parametrize(("count", "holds"), [(0, False), (1, True), (3, True), (4, False)])
def test_the_bounds_of_a_count_are_included(count: int, holds: bool) -> None:
    assert matches(Match(contains=("x",), count=Num(1, 3)), "x" * count) == holds


def test_what_must_not_come_is_shown_with_its_line() -> None:
    assert matches(Match(absent=("x", "y")), "a")
    assert complaint(Match(absent=("x", "y")), "a\nby\n") == "expected no 'y', and line 2 is 'by'"


def test_every_part_of_a_match_is_judged() -> None:
    match = Match(contains=("a",), equals="b", matches="c", absent=("d",))

    assert len(complaints(match, b"d", strict=False)) == 4


def test_the_labs_own_wording_is_asked_for_only_on_demand() -> None:
    match = Match(contains=("in use",), strict="ERROR on binding: Address already in use")

    assert matches(match, "bind: address in use")
    assert not matches(match, "bind: address in use", strict=True)
    assert matches(match, "ERROR on binding: Address already in use\n", strict=True)


def test_long_output_is_answered_with_the_nearest_line() -> None:
    output = "noise\n" * 300 + "I got your massage\n" + "noise\n" * 100

    assert complaint(Match(contains=("I got your message",)), output) == (
        "expected 'I got your message', the nearest line is 'I got your massage'"
    )


def test_long_output_without_a_near_line_is_answered_with_its_end() -> None:
    said = complaint(Match(contains=("hello",)), "9" * 10_000)

    assert said.startswith("expected 'hello', the end of what came is '999")
    assert len(said) < 300


def test_what_could_steer_a_terminal_is_shown_as_an_escape() -> None:
    assert complaint(Match(contains=("x",)), "\x1b[31m") == "expected 'x', came '\\x1b[31m'"


def test_the_eight_mebibytes_of_a_capped_output_are_judged_quickly() -> None:
    assert not matches(Match(contains=("hello", "x"), matches="^hello$"), b"noise \xff\n" * (2**20))


def test_output_that_is_no_text_is_judged_in_little_memory() -> None:
    """As text it would be sixteen times as large."""
    output = bytes(range(256)) * (2**15)
    tracemalloc.start()
    try:
        assert complaints(Match(contains=("the end",), absent=("no",), equals="x"), output, strict=False)
        assert tracemalloc.get_traced_memory()[1] < 2 * len(output)
    finally:
        tracemalloc.stop()


def test_a_byte_that_is_no_utf_8_is_looked_for_by_its_escape() -> None:
    assert matches(Match(contains=("a\\xffü",)), b"a\xff\xc3\xbc")
    assert not matches(Match(absent=("\\xff",)), b"a\xff")
    assert matches(Match(equals="ü\\xff"), b"\xc3\xbc\xff\n")
