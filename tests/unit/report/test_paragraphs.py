"""Texts filled into lines."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as some

from labctl.report.paragraphs import filled, noted


def test_lines_of_a_file_become_paragraphs() -> None:
    assert list(filled("one\ntwo\n\nthree\n", first="- ")) == ["- one two", "", "  three"]


def test_an_indented_line_stays_a_line() -> None:
    assert list(filled("so:\n  a\n  b\nand\nthen")) == ["so:", "  a", "  b", "and then"]


def test_words_with_hyphens_are_not_broken() -> None:
    assert list(filled("aaaa TIME-WAIT", width=10)) == ["aaaa", "TIME-WAIT"]


@given(some.text(), some.integers(12, 80))
def test_no_line_is_wider_or_steers_a_terminal(text: str, width: int) -> None:
    lines = list(filled(text, first=" 1. ", below="    ", width=width))

    assert all(len(line) <= width for line in lines)
    assert all(line.isprintable() for line in lines)


def test_notes_stand_beside_their_item_and_below_each_other() -> None:
    rows = [("a", ["one", "two"]), ("a-very-long-item", ["three"])]

    assert list(noted(rows, indent=2, column=8)) == [
        "  a     one",
        "        two",
        "  a-very-long-item",
        "        three",
    ]
