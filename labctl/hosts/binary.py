"""A program's file that a host would not execute -> what it is, and what it asks for."""

from __future__ import annotations

import struct
from pathlib import Path

from labctl.scenario.problems import quoted

_MACHINES = {3: "i386", 8: "MIPS", 20: "PowerPC", 21: "ppc64", 22: "s390", 40: "ARM", 62: "x86-64", 183: "AArch64"}
_MACHINES |= {243: "RISC-V", 258: "LoongArch"}
"""e_machine of ELF headers: elf(5), and the registry of the System V ABI."""
_INTERPRETER = 3  # PT_INTERP
_OTHERS = {b"MZ": "a program for Windows", b"\xcf\xfa\xed\xfe": "a program for macOS"}
_OTHERS |= {b"\xca\xfe\xba\xbe": "a Java class, or a program for macOS", b"!<ar": "a library"}
_READ = 64 * 1024


def kind_of(file: Path) -> str:
    """`an ELF program for AArch64 that asks for '/lib/ld-linux-aarch64.so.1'`, and the like; empty if unreadable."""
    try:
        with file.open("rb") as opened:
            head = opened.read(_READ)
    except OSError:
        return ""
    if head.startswith(b"\x7fELF"):
        return _elf(head)
    if head.startswith(b"#!"):
        asked = head[2:].split(b"\n")[0].strip().decode("utf-8", "backslashreplace")
        ending = ", and its lines end as on Windows" if head.split(b"\n")[0].endswith(b"\r") else ""
        return f"a script that asks for {quoted(asked)}{ending}"
    for magic, words in _OTHERS.items():
        if head.startswith(magic):
            return words
    return "no program for Linux, and no script: its first line does not begin with '#!'" if head else "empty"


def library_trouble(stderr: bytes) -> str | None:
    """What a loader says of a program that asks for other libraries than a host has, in words; None of anything else.

    The loader's own words: ld.so(8).
    """
    if b"version `GLIBC_" in stderr and b"not found" in stderr:
        return (
            "it was built for a newer C library than this host has: leave its source there instead, or link it static"
        )
    if b"error while loading shared libraries" in stderr:
        return "it needs a shared library that this host has not: link it static, or put it into the host's image"
    return None


def _elf(head: bytes) -> str:
    order = "<" if head[5:6] == b"\x01" else ">"
    is_64 = head[4:5] == b"\x02"
    try:
        (machine,) = struct.unpack_from(f"{order}H", head, 18)
        asked = _loader(head, order, is_64)
    except struct.error:
        return "an ELF program that is cut off"
    name = _MACHINES.get(machine, f"machine {machine}")
    return f"an ELF program for {name}" + (f" that asks for {quoted(asked)}" if asked else "")


def _loader(head: bytes, order: str, is_64: bool) -> str:
    """The path in its PT_INTERP segment; empty if it has none, or that lies farther behind."""
    (start,) = struct.unpack_from(f"{order}{'Q' if is_64 else 'I'}", head, 32 if is_64 else 28)
    size, count = struct.unpack_from(f"{order}HH", head, 54 if is_64 else 42)
    for number in range(min(count, 128)):
        place = start + number * size
        if place + size > len(head):
            break
        (kind,) = struct.unpack_from(f"{order}I", head, place)
        if kind == _INTERPRETER:
            (at,) = struct.unpack_from(f"{order}{'Q' if is_64 else 'I'}", head, place + (8 if is_64 else 4))
            return head[at : head.find(b"\0", at)].decode("utf-8", "backslashreplace")
    return ""
