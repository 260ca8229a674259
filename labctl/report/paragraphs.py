"""Texts -> lines of a given width: paragraphs filled, items and their notes beside each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from textwrap import TextWrapper

from labctl.scenario.problems import printable

WIDTH = 80


def filled(text: str, *, first: str = "", below: str | None = None, width: int = WIDTH) -> Iterator[str]:
    """The text's paragraphs as lines that begin with `first`, later ones with `below` (blanks, if none is given).

    A paragraph ends at an empty line; lines of the file within it don't matter, but for those that begin with a
    blank: each stays a line by itself. Characters that could steer a terminal are written out.
    """
    rest = " " * len(first) if below is None else below
    wrapper = TextWrapper(width=width, break_on_hyphens=False, expand_tabs=False)
    wrapper.initial_indent, wrapper.subsequent_indent = first, rest
    for number, paragraph in enumerate(_paragraphs(text)):
        if number:
            yield ""
        for block in _blocks(paragraph):
            yield from wrapper.wrap(printable(block.replace("\t", " "))) or [first.rstrip()]
            wrapper.initial_indent = rest


def noted(rows: Iterable[tuple[str, Iterable[str]]], *, indent: int, column: int) -> Iterator[str]:
    """Items with their notes: an item at `indent`, its notes from `column` on, each beginning a line."""
    for item, notes in rows:
        head = f"{' ' * indent}{item}".ljust(column)
        if len(head) > column:
            yield head
            head = " " * column
        for note in notes:
            yield from filled(note, first=head, below=" " * (column + 2))
            head = " " * column


def _paragraphs(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in [*text.split("\n"), ""]:
        if line.strip():
            lines.append(line.rstrip())
        elif lines:
            yield lines
            lines = []


def _blocks(lines: list[str]) -> Iterator[str]:
    """What is filled as one: lines that follow each other, or a single one that is indented."""
    block = ""
    for line in lines:
        if line[0] in " \t":
            if block:
                yield block
            yield line
            block = ""
        else:
            block = f"{block} {line}" if block else line
    if block:
        yield block
