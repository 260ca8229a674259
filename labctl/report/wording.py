"""Numbers, times, texts and places of a scenario -> pieces of a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from shlex import quote

from labctl.report.measures import seconds_in_words
from labctl.scenario.model import Input, Num, Port, Span
from labctl.scenario.problems import quoted

LONGEST_TEXT = 240
_CTRL_D = "\x04"


def some(number: Num, one: str, several: str | None = None) -> str:
    """`no connection waits`, `1 connection waits`, `at least 2 connections wait`; `several` defaults to one + s."""
    many = several or f"{one}s"
    low, high = number.min or 0, number.max
    if high is None:
        return f"at least {low} {one if low == 1 else many}"
    if low == high:
        return f"no {one}" if high == 0 else f"{high} {one if high == 1 else many}"
    return f"at most {high} {one if high == 1 else many}" if low == 0 else f"{low} to {high} {many}"


def counts(*rows: tuple[Num | None, str, str]) -> Iterator[str]:
    """A clause for each number that something is said of, with its words for one and for several."""
    return (some(number, one, several) for number, one, several in rows if number is not None)


def how_long(span: Span) -> str:
    """`at least 0.20 s`, `at most 2.00 s`, `0.20 s to 2.00 s`."""
    low = None if span.min_s is None else seconds_in_words(span.min_s)
    high = None if span.max_s is None else seconds_in_words(span.max_s)
    if low is None:
        return f"at most {high}"
    return f"at least {low}" if high is None else f"{low} to {high}"


def shown(text: str) -> str:
    """A text that is looked for: as it is where it reads well, else in quotes and with its escapes written out.

    Blanks at the end of a prompt are left out: they can't be seen.
    """
    plain = text.rstrip(" \n")
    if plain.isprintable() and plain == plain.lstrip() and 0 < len(plain) <= LONGEST_TEXT:
        return plain
    return in_quotes(text.removesuffix("\n"))


def in_quotes(text: str) -> str:
    """A text in double quotes, escapes written out, cut where it is very long."""
    return f'"{quoted(text, longest=LONGEST_TEXT)[1:-1]}"'


def typed(given: Input) -> str:
    """What goes into a program: `"hello"`, `Ctrl-D`, `these 5 bytes: "a\\x00…"`."""
    if not given.verbatim:
        return in_quotes(given.text.removesuffix("\n"))
    if given.text == _CTRL_D:
        return "Ctrl-D, the end of the input"
    return f"{some(Num(len(given.text), len(given.text)), 'byte')} as they are, {in_quotes(given.text)}"


def command(words: tuple[str, ...]) -> str:
    """A command as one would type it, on one line, in backquotes. Words of several lines are left out: see script()."""
    line = " ".join("…" if "\n" in word.strip() else _as_typed(word.strip("\n")) for word in words)
    return f"`{line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + '…'}`"


def script(words: tuple[str, ...]) -> str:
    """The words of a command that have several lines: a program's text."""
    return "\n".join(word.strip("\n") for word in words if "\n" in word.strip())


def _as_typed(word: str) -> str:
    is_plain = word and not any(character.isspace() or character in "'\"" for character in word)
    return word if is_plain else quote(word)


def place(port: Port) -> str:
    """`tcp 51717`, `tcp 51717 of localhost`, `unix /tmp/x`, `any tcp port`."""
    if port.protocol == "unix":
        return f"unix {port.path}"
    if port.number is None:
        return f"any {port.protocol} port"
    return f"{port.protocol} {port.number}" + (f" of {port.address}" if port.address is not None else "")


def listed(names: tuple[str, ...] | list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def together(names: tuple[str, ...]) -> str:
    """Copies of one name: `client-1`, `client-1 and client-2`, `client-1 to client-50`."""
    return listed(names) if len(names) < 3 else f"{names[0]} to {names[-1]}"
