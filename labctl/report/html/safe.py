"""Texts of others -> pieces of a page: nothing in them is markup any more, and nothing steers what shows them."""

from __future__ import annotations

import unicodedata
import zlib
from base64 import b64encode
from html import escape

import msgspec

from labctl.report.paragraphs import filled
from labctl.scenario.problems import printable

_ENDLESS = 1_000_000
_SPECIAL = "\u0300"
"""The first character that takes no place, or two."""


def marked_up(text: str) -> str:
    """The text for a quoted attribute; what can't be seen is written as an escape."""
    return escape(printable(text), quote=True)


def inside(text: str) -> str:
    """The text for the inside of an element, where quotes are nothing special."""
    return escape(printable(text), quote=False)


def lines_of(text: str) -> list[str]:
    """Its lines, escapes written out; a newline at the end begins no line. Not yet marked up."""
    return [printable(line.removesuffix("\r")) for line in text.removesuffix("\n").split("\n")]


def flowing(text: str) -> str:
    """A text that people wrote, its paragraphs a line each: where a file broke its lines means nothing on a page."""
    return "\n".join(filled(text, width=_ENDLESS))


def shortened(text: str, most: int) -> str:
    """The text, its middle left out where it has more than so many characters; how many is said in its place."""
    left_out = len(text) - most
    return text if left_out <= 0 else f"{text[: most // 2]}\n… {left_out} characters …\n{text[-(most // 2) :]}"


def packed(value: object) -> str:
    """JSON, deflated (RFC 1951), in base 64: short, and letters that mean nothing wherever they stand in a page.

    Texts in it are as they were: control characters are the reader's to write out.
    """
    deflating = zlib.compressobj(level=9, wbits=-15)
    return b64encode(deflating.compress(msgspec.json.encode(value)) + deflating.flush()).decode()


def width(text: str) -> int:
    """How many places of a fixed-width font it takes."""
    return len(text) + sum(_places(character) - 1 for character in text if character >= _SPECIAL)


def clipped(text: str, most: int) -> str:
    """The text in no more than so many places, with a mark where it was cut."""
    if width(text) <= most:
        return text
    places = 0
    for at, character in enumerate(text):
        places += _places(character)
        if places >= most:
            return f"{text[:at]}…"
    return text


def wrapped(text: str, most: int, *, lines: int) -> list[str]:
    """The text, escapes written out, in no more than so many lines of so many places each, broken at blanks.

    A mark for what goes on stays with the word before it, an arrow with what it leads to."""
    found: list[str] = []
    rest = printable(text)
    while width(rest) > most and len(found) < lines - 1:
        head = clipped(rest, most + 1)[:-1]
        at = head.rfind(" ")
        while at > 0 and (rest[at:].strip() == "…" or head[:at].endswith("→")):
            at = head.rfind(" ", 0, at)
        cut = at if at > most // 3 else len(head)
        found.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*found, clipped(rest, most)]


def _places(character: str) -> int:
    if character < _SPECIAL:
        return 1
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
