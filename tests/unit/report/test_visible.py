"""Bytes of programs -> lines that are safe to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from labctl.report.visible import Excerpt, excerpt, visible_line, visible_text


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (b"", []),
        (b"\n", [""]),
        (b"a\nb", ["a", "b"]),
        (b"a\r\nb\r\n", ["a", "b"]),
        (b"50 %\rdone", ["50 %\\rdone"]),
        (b"\x1b[31mred", ["\\x1b[31mred"]),
        (b"\xff\xfe", ["\\xff\\xfe"]),
        ("é ☎ 電".encode(), ["é ☎ 電"]),
        ("\u202eright to left".encode(), ["\\u202eright to left"]),
        (b"a\x0bb\x85c\x00", ["a\\x0bb\\x85c\\x00"]),
    ],
)
def test_output_as_lines(data: bytes, lines: list[str]) -> None:
    assert list(excerpt(data).first) == lines


def test_of_many_lines_the_first_and_the_last_are_shown() -> None:
    data = b"".join(b"%d\n" % number for number in range(10))

    assert excerpt(data, first=2, last=3) == Excerpt(("0", "1"), 5, ("7", "8", "9"))


def test_a_single_line_is_not_worth_leaving_out() -> None:
    data = b"".join(b"%d\n" % number for number in range(6))

    assert excerpt(data, first=2, last=3) == Excerpt(("0", "1", "2", "3", "4", "5"))


def test_a_very_long_line_is_cut_and_says_so() -> None:
    assert visible_line(b"x" * 5000) == "x" * 200 + "… (5000 bytes in this line)"


@given(some.binary(max_size=300))
def test_no_bytes_give_anything_but_printable_text_and_tabs(data: bytes) -> None:
    assert all(c.isprintable() or c == "\t" for line in excerpt(data).first + excerpt(data).last for c in line)


def test_a_record_keeps_everything() -> None:
    assert visible_text(b"a\x1b\n\xff" * 1000) == "a\x1b\n\\xff" * 1000


def test_of_a_very_long_output_a_record_leaves_out_the_middle_and_says_so() -> None:
    assert visible_text(b"begin" + bytes(1000) + b"end", most=8) == "begi\n… 1000 bytes are left out here …\n\0end"


@given(some.lists(some.sampled_from([b"", b"a", b"bc"]), max_size=60), some.integers(1, 9), some.integers(1, 9))
def test_an_excerpt_is_made_of_the_outputs_lines(lines: list[bytes], first: int, last: int) -> None:
    shown = excerpt(b"".join(line + b"\n" for line in lines), first=first, last=last)
    texts = [line.decode() for line in lines]
    if shown.left_out:
        assert [*shown.first, *shown.last] == texts[:first] + texts[len(texts) - last :]
        assert first + shown.left_out + last == len(lines)
    else:
        assert list(shown.first) == texts
