"""The text between a call's parentheses, as strace writes it -> its arguments, and what a quoted text means.

Strings have C's escapes and are never left open; a descriptor may be followed by what it leads to, in angle brackets.
What a pattern has taken it never gives back: a text of n characters is read in a time that grows with n, however
broken it is. Python before 3.11.5 repeats groups possessively (`*+`) in a wrong way; atomic groups it has right.
"""

from __future__ import annotations

import re

STRING = r'"(?>(?:[^"\\]++|\\.)*)"'
LEADS_TO = (
    rf'<(?:[\w-]+:\[(?>(?:[^"\[\]]++|{STRING}|\[[^\[\]"]*+\])*)\]'  # a socket or pipe: Unix sockets' names are strings
    r"|(?=[/a-z(.])[^<>]*+(?>(?:<[^<>]*+>)?))>"  # a path, with < and > as octal; a device adds <char 136:0>
)
_MOST_NESTED = 6
_PLAIN = rf'[^"<()]++|{STRING}|(?<=[\dD(]){LEADS_TO}|<'


def balanced() -> str:
    """The pattern of a text whose parentheses are balanced, those in strings and descriptors aside."""
    nested = _PLAIN
    for _ in range(_MOST_NESTED):
        nested = rf"{_PLAIN}|\((?>(?:{nested})*)\)"
    return rf"(?>(?:{nested})*)"


_DESCRIPTOR = re.compile(rf"(\d{{1,9}})({LEADS_TO})", re.ASCII)
_STRING_OR_DESCRIPTOR = re.compile(rf"{STRING}|(\d{{1,9}})({LEADS_TO})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}(?![\w.])", re.ASCII)
_PIECE = re.compile(rf'"(?>(?:[^"\\]++|\\.)*)(?:"|$)|(?<=[\dD(]){LEADS_TO}|[(\[{{]|[)\]}}]|,', re.ASCII)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "v": "\v", "f": "\f"}


def split(text: str) -> list[str]:
    """The arguments, or a list's items, or a structure's fields: the commas of nested ones and of strings aside."""
    found, depth, start = [], 0, 0
    for piece in _PIECE.finditer(text):
        match piece[0]:
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]" | "}":
                depth -= 1
            case "," if depth == 0:
                found.append(text[start : piece.start()].strip())
                start = piece.end()
    last = text[start:].strip()
    return [*found, last] if found or last else []


def descriptor(text: str) -> tuple[int, str] | None:
    """The descriptor that a text begins with, and what it leads to, empty where that isn't said."""
    if led := _DESCRIPTOR.match(text):
        return int(led[1]), led[2][1:-1]
    number = _NUMBER.match(text)
    return (int(number[0]), "") if number else None


def descriptors(text: str) -> list[tuple[int, str]]:
    """Every descriptor in a text that says what it leads to. Strings are what a program wrote, and name none."""
    found = _STRING_OR_DESCRIPTOR.findall(text)
    return [(int(number), leads_to[1:-1]) for number, leads_to in found if number]


def unquoted(text: str) -> str:
    """What a string stands for, given without its quotes. Bytes that are no UTF-8 come as `\\xNN`."""
    return text if "\\" not in text else unquoted_bytes(text).decode("utf-8", "backslashreplace")


def unquoted_bytes(text: str) -> bytes:
    """The bytes that a string stands for, given without its quotes."""

    def meant(escape: re.Match[str]) -> str:
        octal, hexadecimal, letter = escape.groups()
        if letter:
            return _LETTERS.get(letter, letter)
        return chr((int(octal, 8) if octal else int(hexadecimal, 16)) & 255)

    return _ESCAPE.sub(meant, text.encode().decode("latin-1")).encode("latin-1", "replace")
