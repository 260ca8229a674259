"""Path -> text: opens only regular files, decodes strictly, says what is wrong and where."""

from __future__ import annotations

import os
import re
import stat

from labctl.scenario.problems import Position, Problem, ScenarioError

LARGEST_FILE = 64 * 1024

# What YAML calls not printable, and the line breaks that YAML 1.2 no longer has but libyaml still obeys; as
# bytes of UTF-8, because a set of characters this wide costs 10 ms to compile.
_FORBIDDEN = rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbb\xbf|\xef\xbf[\xbe\xbf]"
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def read_text(path: str | os.PathLike[str]) -> str:
    """The text of a UTF-8 file of at most 64 KiB, without a byte order mark.

    Raises ScenarioError for whatever can't be read. Never blocks: only a regular file is opened.
    """
    file = os.fspath(path)
    try:
        content = _content(file)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "look at the path" if isinstance(error, FileNotFoundError | NotADirectoryError) else None
        raise _failure(file, f"the file cannot be read: {reason}", hint) from error
    except ValueError as error:  # a NUL in the path
        raise _failure(file, f"the file cannot be read: {error}") from error
    return decode(content, file)


def decode(content: bytes, file: str) -> str:
    """The text of a file's bytes; `file` is its name in messages. Raises ScenarioError."""
    if len(content) > LARGEST_FILE:
        raise _failure(file, f"the file is larger than {LARGEST_FILE // 1024} KiB", "split it into several files")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _failure(file, "the file is UTF-16", "save it as UTF-8")
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8", "replace")
        message = f"the file is not UTF-8: byte 0x{content[error.start]:02x}"
        raise _failure(file, message, "save it as UTF-8", before=before) from error
    if found := re.search(_FORBIDDEN, content):
        number = ord(found[0].decode())
        escape = f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"
        hint = f'write it as "{escape}" in double quotes, if it is meant'
        before = content[: found.start()].decode()
        raise _failure(file, f"the character U+{number:04X} cannot stand in a file", hint, before=before, text=text)
    return text


def lines_of(text: str) -> tuple[str, ...]:
    """The lines of a text as an editor counts them: LF, CRLF and CR end a line, nothing else does."""
    return tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))


def _content(file: str) -> bytes:
    _demand_regular(file, os.stat(file).st_mode)
    # It may have changed in between: a pipe opened without O_NONBLOCK would wait for a writer.
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with open(descriptor, "rb") as opened:
        _demand_regular(file, os.fstat(descriptor).st_mode)
        return opened.read(LARGEST_FILE + 1)


def _demand_regular(file: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "no regular file")
        raise _failure(file, f"a file is expected, and this is {kind}")


def _failure(
    file: str, message: str, hint: str | None = None, *, before: str = "", text: str | None = None
) -> ScenarioError:
    lines = lines_of(before)
    at = Position(file, len(lines), len(lines[-1]) + 1)
    line = lines_of(text)[at.line - 1] if text is not None else None
    return ScenarioError([Problem(at, message, hint, line)])
