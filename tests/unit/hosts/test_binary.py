"""What a file is that no host would execute."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from labctl.hosts.binary import kind_of, library_trouble


def elf(machine: int, loader: bytes = b"", *, is_64: bool = True) -> bytes:
    """The head of an ELF program (elf(5)): one segment, its loader's path behind it."""
    size, header = (56, 64) if is_64 else (32, 52)
    at = header + size
    ident = b"\x7fELF" + bytes([2 if is_64 else 1, 1, 1]) + bytes(9)
    if is_64:
        head = struct.pack("<HHIQQQIHHHHHH", 2, machine, 1, 0, header, 0, 0, header, size, 1, 0, 0, 0)
        segment = struct.pack("<IIQQQQQQ", 3, 4, at, 0, 0, len(loader) + 1, 0, 1)
    else:
        head = struct.pack("<HHIIIIIHHHHHH", 2, machine, 1, 0, header, 0, 0, header, size, 1, 0, 0, 0)
        segment = struct.pack("<IIIIIIII", 3, at, 0, 0, len(loader) + 1, 0, 4, 1)
    return ident + head + segment + loader + b"\0"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            elf(183, b"/lib/ld-linux-aarch64.so.1"),
            "an ELF program for AArch64 that asks for '/lib/ld-linux-aarch64.so.1'",
        ),
        (elf(62, b"/lib/ld-musl-x86_64.so.1"), "an ELF program for x86-64 that asks for '/lib/ld-musl-x86_64.so.1'"),
        (elf(3, b"/lib/ld-linux.so.2", is_64=False), "an ELF program for i386 that asks for '/lib/ld-linux.so.2'"),
        (elf(62)[:20], "an ELF program that is cut off"),
        (b"#!/usr/bin/python3.99 -u\nprint()\n", "a script that asks for '/usr/bin/python3.99 -u'"),
        (b"#!/bin/sh\r\ntrue\r\n", "a script that asks for '/bin/sh', and its lines end as on Windows"),
        (b"print('hello')\n", "no program for Linux, and no script: its first line does not begin with '#!'"),
        (b"MZ\x90\0", "a program for Windows"),
        (b"\xcf\xfa\xed\xfe\x0c", "a program for macOS"),
        (b"", "empty"),
    ],
)
def test_its_kind_is_told(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "server"
    file.write_bytes(content)

    assert kind_of(file) == words


def test_this_interpreter_is_an_elf_program() -> None:
    """So that the tests' own heads are like real ones."""
    assert kind_of(Path("/usr/bin/env").resolve()).startswith("an ELF program for ")


def test_of_what_is_not_there_nothing_is_told(tmp_path: Path) -> None:
    assert kind_of(tmp_path / "nothing") == ""


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            b"./server: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.99' not found (required by ./server)\n",
            "newer C",
        ),
        (b"./server: error while loading shared libraries: libfoo.so.1: cannot open shared object file\n", "library"),
        (b"bind: Address already in use\n", None),
        (b"", None),
    ],
)
def test_what_a_loader_misses_is_told(stderr: bytes, words: str | None) -> None:
    said = library_trouble(stderr)

    assert said is None if words is None else said is not None and words in said
