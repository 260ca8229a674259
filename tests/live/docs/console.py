"""A console block -> its commands and what they print; what was printed -> whether it is what the page says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.live.docs.blocks import BadPage

PROMPT = "$ "
ANYTHING = "…"

_NORMAL = (
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
    (re.compile(r"\b\d+(\.\d+)? (s|ms|µs|min)\b"), r"# \2"),
    (re.compile(r"^ *\d+\.\d{3}  "), "TIME "),  # of a ladder, and of logs
    (re.compile(r"\bfrom 10\.[\d.]+:\d+"), "from CLIENT"),
    (re.compile(r"\b\d{8}-\d{6}-"), "DATE-"),
    (re.compile(r"\b10\.\d+\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r"\bfd[0-9a-f]{2}:[0-9a-f:]+::\w+"), "ADDRESS"),
    (re.compile(r"\bon (netns|docker)\b"), "on ENGINE"),
    (re.compile(r"  (netns|docker)  "), "  ENGINE  "),
    (re.compile("─+"), "─"),
    (re.compile(r"[ \t]+"), " "),
)
"""What is another in every run, or on another engine, and what stands for it; lines of every length are alike."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a page; `printed` are the lines that the page shows after it, none where it shows none."""

    text: str
    printed: tuple[str, ...]
    line: int


def commands_of(text: str, first: int, page: str) -> list[Command]:
    """The commands of a console block whose text begins after line `first`. BadPage where none begins it."""
    commands: list[Command] = []
    goes_on = False
    for number, line in enumerate(text.splitlines(), first + 1):
        if goes_on:
            last = commands.pop()
            line = line.removeprefix("> ")
            commands.append(Command(f"{last.text}\n{line}", (), last.line))
        elif line.startswith(PROMPT):
            commands.append(Command(line.removeprefix(PROMPT), (), number))
        elif not commands:
            raise BadPage(f"{page}:{number}: a console block begins with a command, `$ COMMAND`")
        else:
            last = commands.pop()
            commands.append(Command(last.text, (*last.printed, line), last.line))
        goes_on = not commands[-1].printed and commands[-1].text.endswith("\\")
    return commands


def difference(expected: Sequence[str], printed: str) -> str | None:
    """None where it is what a page shows; else where they part, in words.

    A line that is only `…` stands for any lines, one within a line for any text. Lines of
    progress (`labctl: …`) are others on each engine, and count only where the page shows one.
    """
    shows_progress = any(map(_is_progress, expected))
    wanted = _trimmed([_normal(line) for line in expected])
    came = _trimmed([_normal(line) for line in printed.splitlines() if shows_progress or not _is_progress(line)])
    pattern = "".join(_pattern(line) for line in wanted)
    text = "".join(f"{line}\n" for line in came)
    return None if re.fullmatch(pattern, text) else _first_difference(wanted, came)


def _pattern(line: str) -> str:
    if line.strip() == ANYTHING:
        return r"(?:.*\n)*"
    return ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n"


def _first_difference(wanted: Sequence[str], came: Sequence[str]) -> str:
    """How far the page's lines fit, from its first on."""
    text = "".join(f"{line}\n" for line in came)
    for count in range(len(wanted), -1, -1):
        found = re.match("".join(map(_pattern, wanted[:count])), text)
        if found is not None:
            rest = text[found.end() :].partition("\n")[0]
            shown = repr(wanted[count]) if count < len(wanted) else "no more"
            return f"the page shows {shown}, and there came {rest!r}, in:\n{text}"
    return f"nothing fits in:\n{text}"


def _is_progress(line: str) -> bool:
    return line.startswith("labctl: ")


def _normal(line: str) -> str:
    for pattern, instead in _NORMAL:
        line = pattern.sub(instead, line)
    return line.rstrip()


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
