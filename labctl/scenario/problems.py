"""What is wrong with a file: values that print as `file:line:col: message`, the line, a caret, a hint."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

LONGEST_QUOTE = 60
WIDEST_LINE = 120
MOST_NAMES = 200
MOST_NAMES_SHOWN = 20


class Position(Struct, frozen=True):
    """A place in a file. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class Problem(Struct, frozen=True):
    """One thing that is wrong, where, and what to do about it.

    `line` is the source line at that place, None where there is none to show.
    """

    at: Position
    message: str
    hint: str | None = None
    line: str | None = None

    def __str__(self) -> str:
        shown = [f"{self.at}: {self.message}"]
        number = str(self.at.line)
        if self.line is not None:
            line, before = _window(self.line, self.at.column - 1)
            shown.append(f"  {number} | {printable(line)}".rstrip())
            shown.append(f"  {' ' * len(number)} | {_indent(before)}^")
        if self.hint is not None:
            shown.append(f"  {' ' * len(number)} = {self.hint}")
        return "\n".join(shown)


class ScenarioError(Exception):
    """A file cannot be used. Holds all that is wrong with it, in the order of the page."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = tuple(sorted(unique, key=lambda p: (p.at.file, p.at.line, p.at.column)))
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def printable(text: str) -> str:
    """The text with whatever could steer a terminal written as an escape; tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else _escape(c) for c in text)


def quoted(text: str, *, longest: int = LONGEST_QUOTE) -> str:
    """A value from a file as messages show it: in quotes, on one line, not too long."""
    shown = "".join(c if c.isprintable() else _escape(c) for c in text[: longest + 1])
    return f"'{shown}'" if len(shown) <= longest else f"'{shown[: longest - 1]}…'"


def did_you_mean(word: str, known: Iterable[str], *, kinds: str = "") -> str | None:
    """A hint for an unknown name: the nearest known one, and all of them under the title `kinds`."""
    from difflib import get_close_matches  # 2 ms of start-up that only a mistake has to pay

    names = sorted(set(known))[:MOST_NAMES]
    nearest = get_close_matches(word.lower(), [name.lower() for name in names], n=1, cutoff=0.6)
    shown = ", ".join(names[:MOST_NAMES_SHOWN]) + (", …" if len(names) > MOST_NAMES_SHOWN else "")
    listed = f"{kinds}: {shown}" if kinds and names else None
    if nearest:
        meant = next(name for name in names if name.lower() == nearest[0])
        return f"did you mean '{meant}'? {listed}" if listed else f"did you mean '{meant}'?"
    return f"choose one of the {listed}" if listed else None


def _window(line: str, column: int) -> tuple[str, str]:
    """The part of a line that is shown, and what of it stands before the column (from 0)."""
    if len(line) <= WIDEST_LINE:
        return line, line[:column]
    first = max(0, column - WIDEST_LINE // 2)
    cut = line[first : first + WIDEST_LINE]
    before = "… " if first else ""
    return f"{before}{cut}{' …' if first + len(cut) < len(line) else ''}", before + line[first:column]


def _escape(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    number = ord(character)
    return named.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _indent(before: str) -> str:
    """Blanks as wide as the text: tabs stay, wide characters take two places."""
    if before.isascii() and "\t" not in before and before.isprintable():
        return " " * len(before)
    from unicodedata import east_asian_width

    shown = printable(before)
    return "".join("\t" if c == "\t" else "  " if east_asian_width(c) in "WF" else " " for c in shown)
