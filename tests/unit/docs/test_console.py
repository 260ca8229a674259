"""Console blocks -> commands with what they print; what came is compared in a normal form."""

from __future__ import annotations

import pytest

from tests.live.docs.blocks import BadPage
from tests.live.docs.console import Command, commands_of, difference


def test_commands_and_what_they_print() -> None:
    block = "$ a b\none\n\ntwo\n$ c \\\n> d \\\n  e\nthree\n"

    assert commands_of(block, 4, "x.md") == [
        Command("a b", ("one", "", "two"), 5),
        Command("c \\\nd \\\n  e", ("three",), 9),
    ]


def test_a_console_block_begins_with_a_command() -> None:
    with pytest.raises(BadPage, match=r"^x\.md:2: a console block begins with a command"):
        commands_of("a\n$ b\n", 1, "x.md")


@pytest.mark.parametrize(
    ("page", "came"),
    [
        (["a"], "a\n"),
        (["PASS  basic  4 steps  0.25 s"], "PASS  basic  4 steps  1.2 s\n"),
        (["1 passed on netns in 0.26 s"], "1 passed on docker in 12 s\n"),
        (["10.51.0.2:80 x"], "10.7.1.34:80 x\n"),
        (["a", "…", "d"], "a\nb\nc\nd\n"),
        (["a", "…", "d"], "a\nd\n"),
        (["…", "a", "b"], "a\nx\na\nb\n"),
        (["a … d"], "a b c d\n"),
        (["a"], "labctl: starting 2 hosts\na\n"),
        ([" 84.178  ╎◀─── SYN ───┤"], "284.990  ╎◀── SYN ─┤\n"),
    ],
)
def test_alike(page: list[str], came: str) -> None:
    assert difference(page, came) is None


@pytest.mark.parametrize(
    ("page", "came"),
    [
        (["a"], "b\n"),
        (["a"], "a\nb\n"),
        (["labctl: a", "b"], "labctl: c\nb\n"),
        (["a", "b"], "a\n"),
        (["a", "…", "d"], "a\nb\n"),
        (["a … d"], "a b\nd\n"),
        (["4 steps  0.25 s"], "5 steps  0.25 s\n"),
        (["10.51.0.2:80"], "10.51.0.2:81\n"),
        (["1 passed on netns"], "1 failed on netns\n"),
        (["a.c"], "abc\n"),
    ],
)
def test_not_alike(page: list[str], came: str) -> None:
    assert difference(page, came) is not None


def test_where_they_part_is_said() -> None:
    words = difference(["a", "…", "c"], "a\nb\n")

    assert words is not None
    assert words.startswith("the page shows 'c', and there came ''")
    assert (difference(["a"], "a\nb\n") or "").startswith("the page shows no more, and there came 'b'")
