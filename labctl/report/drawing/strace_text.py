"""An argument of a call as strace writes it -> short words for what stands in it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labctl.observe.trace.arguments import STRING, descriptor, unquoted

LONGEST = 32
"""Of a text that is quoted, in characters."""

_STRING = re.compile(rf"(@?)({STRING})(\.\.\.)?", re.DOTALL)
_FAMILY = re.compile(r"\{sa_family=(\w+)")
_PORT = re.compile(r"sin6?_port=htons\((\d+)\)")
_ADDRESS = re.compile(r'(?:inet_addr\(|inet_pton\(AF_INET6, )"([^"]+)"')
_PATH = re.compile(rf"sun_path=(@?)({STRING})")
_IN_VECTOR = re.compile(rf"(?<=iov_base=){STRING}(?:\.\.\.)?")
_COMMENT = re.compile(r" ?/\* [^*]*\*/")


def short(argument: str) -> str:
    """An argument in short: `3` of `3<TCP:[…]>`, `10.0.0.1:51717` of an address's structure, texts cut.

    Of an address of another kind its family: `AF_NETLINK`.
    """
    led = descriptor(argument)
    if led is not None and led[1]:
        return str(led[0])
    family = _FAMILY.match(argument)
    if family is not None:
        return address(argument) or family[1]
    if _STRING.fullmatch(argument):
        return said(argument)
    argument = _COMMENT.sub("", argument)
    return argument if len(argument) <= LONGEST else f"{argument[: LONGEST - 1]}…"


def address(argument: str) -> str:
    """`10.0.0.1:51717`, `[::1]:51717`, `/tmp/socket`, `@abstract`; empty where there is none."""
    path = _PATH.search(argument)
    if path is not None:
        return path[1] + unquoted(path[2][1:-1])
    port, host = _PORT.search(argument), _ADDRESS.search(argument)
    if port is None or host is None:
        return "AF_UNSPEC" if "AF_UNSPEC" in argument else ""
    return f"[{host[1]}]:{port[1]}" if ":" in host[1] else f"{host[1]}:{port[1]}"


def said(argument: str) -> str:
    """A text of strace's in quotes: UTF-8 as people read it, cut where it is long. As it is, where it is no text."""
    found = _STRING.fullmatch(argument)
    return argument if found is None else in_quotes(unquoted(found[2][1:-1]), is_cut=found[3] is not None)


def in_quotes(text: str, *, is_cut: bool = False, longest: int = LONGEST) -> str:
    """`"hello\\n"`: what can't be printed written out, a mark where a long text was cut."""
    is_cut = is_cut or len(text) > longest
    shown = text[:longest].replace('"', '\\"')
    visible = "".join(character if character.isprintable() else _escaped(character) for character in shown)
    return f'"{visible}{"…" if is_cut else ""}"'


def strings_in(argument: str) -> Iterator[str]:
    """Every text of an `iovec`, each in quotes as strace has it."""
    return (match[0] for match in _IN_VECTOR.finditer(argument))


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}
    number = ord(character)
    return named.get(character) or (f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}")
