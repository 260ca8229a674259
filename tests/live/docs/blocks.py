"""A page of Markdown -> its blocks of code, each with the marks before it, or what is wrong with the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from textwrap import dedent

MARKS = ("file", "in", "within", "typed", "exit", "window", "only on docker", "only on netns", "not run")
"""What may stand before a block, as `<!-- MARK: VALUE -->`; README.md beside this file says what each means."""
INDENTED = "indented"

_FENCE = re.compile(r"( *)(`{3,}|~{3,})[ \t]*([\w+-]*)[ \t]*")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_LIST_ITEM = re.compile(r" {0,3}([-*+]|\d+[.)]) ")


class BadPage(Exception):
    """A page that can't be run, in words: `PAGE:LINE: what is wrong`."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its language, its text without the page's indentation, the line on which it begins."""

    kind: str
    text: str
    line: int
    marks: dict[str, str] = field(default_factory=dict)


def blocks_of(page: str, name: str) -> list[Block]:
    """The blocks of a page in order. Code that is only indented is one of the kind `indented`. BadPage."""
    return list(_Reader(page, name).blocks())


class _Reader:
    def __init__(self, page: str, name: str) -> None:
        self._lines = page.split("\n")
        self._name = name
        self._at = 0
        self._marks: dict[str, str] = {}
        self._last = ""  # the last line of prose

    def blocks(self) -> Iterator[Block]:
        while self._at < len(self._lines):
            line = self._lines[self._at]
            fence = _FENCE.fullmatch(line)
            if fence is not None:
                yield self._fenced(fence)
            elif line.startswith("<!--"):
                self._comment()
            elif self._is_code(line):
                yield self._indented()
            else:
                if line.strip():
                    self._no_marks_left(self._at + 1)
                    self._last = line
                self._at += 1
        self._no_marks_left(self._at)

    def _is_code(self, line: str) -> bool:
        after_a_gap = self._at == 0 or not self._lines[self._at - 1].strip()
        in_a_list = _LIST_ITEM.match(self._last) or self._last.startswith("  ")
        return line.startswith("    ") and bool(line.strip()) and after_a_gap and not in_a_list

    def _fenced(self, fence: re.Match[str]) -> Block:
        first = self._at + 1
        end = re.compile(rf" *{re.escape(fence[2])}[`~]*[ \t]*")
        last = next((n for n in range(first, len(self._lines)) if end.fullmatch(self._lines[n])), None)
        if last is None:
            raise BadPage(f"{self._name}:{first}: a block begins here and doesn't end")
        self._at = last + 1
        return self._made(fence[3], dedent("\n".join(self._lines[first:last])), first)

    def _indented(self) -> Block:
        first = self._at
        while self._at < len(self._lines) and (self._lines[self._at].startswith("    ") or not self._lines[self._at]):
            self._at += 1
        return self._made(INDENTED, dedent("\n".join(self._lines[first : self._at])).strip("\n"), first + 1)

    def _made(self, kind: str, text: str, line: int) -> Block:
        marks, self._marks = self._marks, {}
        return Block(kind, f"{text}\n" if text else "", line, marks)

    def _comment(self) -> None:
        first = self._at
        found = _COMMENT.match("\n".join(self._lines[first:]))
        if found is None:
            raise BadPage(f"{self._name}:{first + 1}: a comment begins here and doesn't end")
        self._at += found[0].count("\n") + 1
        mark, colon, value = found[1].partition(":")
        if not colon or mark.strip() not in MARKS:
            raise BadPage(f"{self._name}:{first + 1}: '{mark.strip()}' is no mark; known: {', '.join(MARKS)}")
        if not value.strip():
            raise BadPage(f"{self._name}:{first + 1}: '{mark.strip()}' needs a value, or a reason")
        kept = dedent(value.strip("\n")) if "\n" in value.strip() else value.strip()
        self._marks[mark.strip()] = kept

    def _no_marks_left(self, line: int) -> None:
        if self._marks:
            raise BadPage(f"{self._name}:{line}: '{', '.join(self._marks)}' stands before no block")
