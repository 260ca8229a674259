"""strace's text of a call -> its arguments one by one, and short words for what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

LONGEST = 32
"""Of a text that is quoted, in characters."""

_DESCRIPTOR = re.compile(r"^(-?\d+)<.*>$", re.DOTALL)
_STRING = re.compile(r'^(@?)"((?:[^"\\]|\\.)*)"(\.\.\.)?$', re.DOTALL)
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|x([0-9a-f]{2})|(.))", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v", b"f": b"\f", b"a": b"\a", b"b": b"\b", b"e": b"\x1b"}
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_ADDRESS = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_PATH = re.compile(r'sun_path=(@?)"((?:[^"\\]|\\.)*)"')
_PAIRS = {"(": ")", "[": "]", "{": "}"}
_COMMENT = re.compile(r" ?/\* [^*]*\*/")


def arguments_of(text: str) -> list[str]:
    """The arguments between a call's brackets: commas within quotes, brackets and descriptors' names don't count."""
    parts, begins, place, depth = [], 0, 0, 0
    while place < len(text):
        character = text[place]
        if character == '"':
            place = _end_of_string(text, place)
        elif character == "<" and place and text[place - 1].isdigit():
            place = _end_of_name(text, place)
        elif character in _PAIRS:
            depth += 1
        elif character in _PAIRS.values():
            depth -= 1
        elif character == "," and depth == 0:
            parts.append(text[begins:place].strip())
            begins = place + 1
        place += 1
    return [*parts, text[begins:].strip()] if text.strip() else []


def short(argument: str) -> str:
    """An argument in short: `3` of `3<TCP:[…]>`, `10.0.0.1:51717` of an address's structure, texts cut."""
    descriptor = _DESCRIPTOR.match(argument)
    if descriptor is not None:
        return descriptor[1]
    if argument.startswith("{sa_family="):
        return address(argument)
    if _STRING.match(argument):
        return said(argument)
    argument = _COMMENT.sub("", argument)
    return argument if len(argument) <= LONGEST else f"{argument[: LONGEST - 1]}…"


def address(argument: str) -> str:
    """`10.0.0.1:51717`, `[::1]:51717`, `/tmp/socket`, `@abstract`; empty where there is none."""
    path = _PATH.search(argument)
    if path is not None:
        return path[1] + text_of(path[2])
    port, host = _PORT.search(argument), _ADDRESS.search(argument)
    if port is None or host is None:
        return "AF_UNSPEC" if "AF_UNSPEC" in argument else ""
    return f"[{host[1]}]:{port[1]}" if ":" in host[1] else f"{host[1]}:{port[1]}"


def said(argument: str) -> str:
    """A text of strace's in quotes: UTF-8 as people read it, cut where it is long. As it is, where it is no text."""
    found = _STRING.match(argument)
    return argument if found is None else in_quotes(text_of(found[2]), is_cut=found[3] is not None)


def in_quotes(text: str, *, is_cut: bool = False, longest: int = LONGEST) -> str:
    """`"hello\\n"`: what can't be printed written out, a mark where a long text was cut."""
    is_cut = is_cut or len(text) > longest
    shown = text[:longest].replace('"', '\\"')
    visible = "".join(character if character.isprintable() else _escaped(character) for character in shown)
    return f'"{visible}{"…" if is_cut else ""}"'


def text_of(escaped: str) -> str:
    """A text of strace's with its escapes undone; bytes that are no UTF-8 as `\\xNN`."""
    data = _ESCAPE.sub(_byte, escaped.encode("utf-8", "surrogateescape"))
    return data.decode("utf-8", "backslashreplace")


def strings_in(argument: str) -> Iterator[str]:
    """Every text of an `iovec`, each in quotes as strace has it."""
    return (match[0] for match in re.finditer(r'(?<=iov_base=)"(?:[^"\\]|\\.)*"(?:\.\.\.)?', argument))


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    number = ord(character)
    return named.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")


def _byte(escape: re.Match[bytes]) -> bytes:
    if escape[1] is not None:
        return bytes([int(escape[1], 8) & 0xFF])
    if escape[2] is not None:
        return bytes([int(escape[2], 16)])
    return _NAMED.get(escape[3], escape[3])


def _end_of_string(text: str, begins: int) -> int:
    """The place of the quote that ends it, or of the text's last character."""
    place = begins + 1
    while place < len(text) and text[place] != '"':
        place += 2 if text[place] == "\\" else 1
    return min(place, len(text) - 1)


def _end_of_name(text: str, begins: int) -> int:
    """The place of the bracket that ends a descriptor's name: a socket's has arrows in it."""
    end = re.compile(r">(?=,|\)|\]|\}|$)").search(text, begins)
    return begins if end is None else end.start()
