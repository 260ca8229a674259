"""{n}, {host} and {HOST.ip} in texts: finding them, and filling them in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from msgspec.structs import replace

from labctl.scenario.model import End, Input, Match, Syscall

_PLACEHOLDER = r"\{(?:(n)|(host)|([A-Za-z][A-Za-z0-9_-]*)\.ip)\}"


def hosts_asked_for(text: str) -> Iterator[str]:
    """Each HOST of a {HOST.ip} in the text."""
    for found in re.finditer(_PLACEHOLDER, text):
        if found[3]:
            yield found[3]


def fill(text: str, *, n: int, host: str, addresses: Mapping[str, str]) -> str:
    """The text with {n}, {host} and each {HOST.ip} replaced; other braces stay text.

    `addresses` maps the name of every host to its address. Raises KeyError for a host that is not in it.
    """
    return _filled(text, n=n, host=host, addresses=addresses, spell=str)


def fill_input(given: Input, *, n: int, host: str, addresses: Mapping[str, str]) -> Input:
    """An input with its placeholders replaced."""
    return replace(given, text=fill(given.text, n=n, host=host, addresses=addresses))


def fill_match(match: Match, *, n: int, host: str, addresses: Mapping[str, str]) -> Match:
    """A match with its placeholders replaced; within a regular expression they stand for themselves only."""

    def text(given: str) -> str:
        return fill(given, n=n, host=host, addresses=addresses)

    regex = match.matches
    return replace(
        match,
        contains=tuple(text(part) for part in match.contains),
        equals=None if match.equals is None else text(match.equals),
        matches=None if regex is None else _filled(regex, n=n, host=host, addresses=addresses, spell=re.escape),
        absent=tuple(text(part) for part in match.absent),
        strict=None if match.strict is None else text(match.strict),
    )


def fill_end(end: End, *, n: int, host: str, addresses: Mapping[str, str]) -> End:
    """What must be so at a program's end, with the placeholders of its texts replaced."""

    def match(given: Match | None) -> Match | None:
        return None if given is None else fill_match(given, n=n, host=host, addresses=addresses)

    def call(given: Syscall) -> Syscall:
        args = None if given.args is None else fill(given.args, n=n, host=host, addresses=addresses)
        return replace(given, args=args)

    return replace(end, stdout=match(end.stdout), stderr=match(end.stderr), syscalls=tuple(map(call, end.syscalls)))


def input_bytes(given: Input) -> bytes:
    """What is sent: typed text in UTF-8 with its Enter, or `{bytes: …}`, one byte for each character."""
    if given.verbatim:
        return given.text.encode("latin-1")
    text = given.text if given.text.endswith("\n") else given.text + "\n"
    return text.encode()


def _filled(text: str, *, n: int, host: str, addresses: Mapping[str, str], spell: Callable[[str], str]) -> str:
    def value(found: re.Match[str]) -> str:
        return spell(str(n) if found[1] else host if found[2] else addresses[found[3]])

    return re.sub(_PLACEHOLDER, value, text)
