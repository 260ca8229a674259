"""Words -> words as a terminal or a file shows them: with colours or without, with marks beyond ASCII or not."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from labctl.runner.outcome import Verdict

Style = Literal["bold", "dim", "red", "green", "yellow", "cyan"]

_CODES: dict[Style, str] = {  # ECMA-48, SGR
    **{"bold": "1", "dim": "2"},
    **{"red": "31", "green": "32", "yellow": "33", "cyan": "36"},
}
_STYLES: dict[Verdict, Style] = {
    Verdict.PASS: "green",
    Verdict.FAIL: "red",
    Verdict.UNKNOWN: "yellow",
    Verdict.SKIPPED: "yellow",
    Verdict.NOT_RUN: "dim",
}
_MARKS = {"done": "✓", "failed": "✗", "now": "▸", "cut": "…", "then": "→"}
_ASCII_MARKS = {"done": "+", "failed": "x", "now": ">", "cut": "...", "then": "->"}


class Look(Struct, frozen=True):
    """What the reader's device can show. The default is what any file can hold."""

    colour: bool = False
    beyond_ascii: bool = True

    def paint(self, text: str, *styles: Style) -> str:
        """The text in these styles where there are colours, else the text."""
        if not self.colour or not text:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def verdict(self, verdict: Verdict, *, width: int = 0) -> str:
        """The verdict's word in capitals and in its colour, filled up with blanks to `width`."""
        return self.paint(verdict.value.upper().ljust(width), "bold", _STYLES[verdict])

    def mark(self, name: Literal["done", "failed", "now", "cut", "then"]) -> str:
        """A mark of one character, or what stands for it in ASCII."""
        return (_MARKS if self.beyond_ascii else _ASCII_MARKS)[name]


PLAIN = Look()
