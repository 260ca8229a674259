"""Texts for pages: nothing is markup, everything can be seen, and it fits."""

from __future__ import annotations

import zlib
from base64 import b64decode
from html import unescape

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from labctl.report.html.safe import clipped, inside, lines_of, marked_up, packed, width, wrapped
from labctl.scenario.problems import printable


@given(some.text())
def test_a_text_comes_back_as_it_is_seen(text: str) -> None:
    """What a browser reads is the text, with escapes for what can't be seen."""
    assert unescape(inside(text)) == printable(text)
    assert unescape(marked_up(text)) == printable(text)
    assert not {"<", ">"} & set(inside(text))
    assert not {"<", ">", '"', "'"} & set(marked_up(text))


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", [""]), ("a\n", ["a"]), ("a\r\nb", ["a", "b"]), ("\n\n", ["", ""]), ("a\x1bb\u2028c", ["a\\x1bb\\u2028c"])],
)
def test_lines_of_a_text(text: str, lines: list[str]) -> None:
    """Line ends of either kind; a last one begins no line."""
    assert lines_of(text) == lines


@given(some.text(some.characters(exclude_categories=["Cs"]), max_size=200), some.integers(2, 50))
def test_a_clipped_text_has_its_width_at_most(text: str, most: int) -> None:
    """Wide characters count twice, combining ones not at all; what fits stays as it is."""
    assert width(clipped(text, most)) <= most
    assert clipped(text, most) == text or clipped(text, most).endswith("…")


@given(some.text(max_size=300), some.integers(4, 50), some.integers(1, 4))
def test_a_wrapped_text_has_so_many_lines_at_most(text: str, most: int, lines: int) -> None:
    """Each no wider than there is room."""
    found = wrapped(text, most, lines=lines)

    assert 1 <= len(found) <= lines
    assert all(width(line) <= most for line in found)


def test_a_text_is_wrapped_at_a_blank() -> None:
    """But a mark that something goes on is never alone on a line, nor what a call returned without its arrow."""
    assert wrapped("accept → 4 after 31.9 ms", 18, lines=2) == ["accept → 4 after", "31.9 ms"]
    assert wrapped("connect(3, 10.51.0.2:51717) …", 28, lines=2) == ["connect(3,", "10.51.0.2:51717) …"]
    assert wrapped('sendto(3, "1", [fd51::2]:51717) → 1', 33, lines=2) == ['sendto(3, "1", [fd51::2]:51717)', "→ 1"]


@given(some.recursive(some.none() | some.text(some.characters(exclude_categories=["Cs"])), some.lists, max_leaves=9))
def test_packed_values_can_be_unpacked_and_mean_nothing_to_a_page(value: object) -> None:
    """Letters, digits and three signs."""
    text = packed(value)

    assert not set(text) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    assert msgspec.json.decode(zlib.decompress(b64decode(text), wbits=-15)) == value
