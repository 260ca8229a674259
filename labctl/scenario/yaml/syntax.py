"""What libyaml says of a text that is no YAML -> a problem for somebody who writes a scenario."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labctl.scenario.problems import Position, Problem

if TYPE_CHECKING:
    from yaml import YAMLError

LONGEST_REWRITTEN = 100

# What libyaml says -> what it means, and what to do.
_MEANINGS: dict[str, tuple[str, str]] = {
    "did not find expected ',' or '}'": (
        "',' or '}' is expected here",
        "put quotes around a text that holds one of , [ ] { } or ': ' within braces",
    ),
    "did not find expected ',' or ']'": (
        "',' or ']' is expected here",
        "put quotes around a text that holds one of , [ ] { } or ': ' within brackets",
    ),
    "found character that cannot start any token": (
        "no text begins with this character",
        "put quotes around a text that begins with @ ` or %, and indent with blanks, not tabs",
    ),
    "found a tab character": ("a tab", "indent with blanks"),
    "did not find expected comment or line break": (
        "a line break is expected here",
        "put quotes around a text that begins with | or >",
    ),
    "block sequence entries are not allowed": (
        "a list cannot begin here",
        "put it on a line of its own, or quotes around a text that begins with '- '",
    ),
    "did not find expected <document start>": ("the file goes on after its end", "check the indentation"),
    "did not find expected key": (
        "a key is expected here",
        "check the indentation, and put quotes around all of a text that begins with one of [ { \" '",
    ),
    "did not find expected '-' indicator": ("'- ' is expected here", "check the indentation"),
    "could not find expected ':'": ("a key without its ':'", "write `key: value`, and check the indentation"),
    "found unexpected end of stream": ("these quotes are never closed", "close them"),
    "did not find expected alphabetic or numeric character": (
        "a name is expected after & or *",
        "put quotes around a text that begins with & or *; write `any` for any host",
    ),
    "found unknown escape character": (
        "this escape is unknown in double quotes",
        "write \\\\ for a backslash, or use single quotes",
    ),
    "did not find expected node content": ("a value is missing here", "write it, or remove the comma"),
    "found undefined tag handle": ("tags have no place here", "put quotes around a text that begins with !"),
    "found duplicate anchor": ("this anchor stands here a second time", "give it another name"),
    "found incompatible YAML document": ("another version of YAML", "remove the %YAML line"),
}
# Where these happen is noticed too late: the place is where the thing began.
_BEGUN = ("could not find expected ':'", "found unexpected end of stream")


def syntax_problem(error: YAMLError, file: str, lines: tuple[str, ...]) -> Problem:
    """The problem behind an error of the parser, at the place where somebody would look for it."""
    said = str(getattr(error, "problem", None) or error)
    end = _place(error, "problem_mark", lines)
    begin = _place(error, "context_mark", lines)
    line, column = end or begin or (1, 1)
    if any(each in said for each in _BEGUN) and begin is not None:
        line, column = begin
    if (line, column) == _end(lines) and begin is not None and _after(lines, *begin).startswith(("{", "[")):
        return _problem(file, lines, *begin, "this bracket is never closed", "close it")
    if "mapping values are not allowed" in said:
        return _problem(file, lines, line, column, *_second_colon(lines[line - 1], column))
    for beginning, (message, hint) in _MEANINGS.items():
        if beginning in said:
            return _problem(file, lines, line, column, message, hint)
    return _problem(file, lines, line, column, said, None)


def _after(lines: tuple[str, ...], line: int, column: int) -> str:
    return lines[line - 1][column - 1 :]


def _end(lines: tuple[str, ...]) -> tuple[int, int]:
    return len(lines), len(lines[-1]) + 1


def _place(error: YAMLError, name: str, lines: tuple[str, ...]) -> tuple[int, int] | None:
    """A mark's line and column from 1; libyaml adds a line break at the end of a file that has none."""
    mark = getattr(error, name, None)
    return None if mark is None else min((mark.line + 1, mark.column + 1), _end(lines))


def _problem(file: str, lines: tuple[str, ...], line: int, column: int, message: str, hint: str | None) -> Problem:
    return Problem(Position(file, line, column), f"this is no YAML: {message}", hint, lines[line - 1])


def _second_colon(line: str, column: int) -> tuple[str, str]:
    """Two `: ` in one line: a text that needs quotes; one: a key that stands too far to the right."""
    found = re.match(r"\s*(?:- )*([^\s:]+): (.*)$", line[: column - 1])
    if found is None:
        return "a key cannot stand here", "check the indentation"
    text = line[found.start(2) :].rstrip()
    if len(text) > LONGEST_REWRITTEN or '"' in text or "\\" in text or " #" in text:
        return "a second ': ' in one value", "put quotes around a text that holds ': '"
    return "a second ': ' in one value", f'write `{found[1]}: "{text}"`'
