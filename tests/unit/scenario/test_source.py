"""Only regular files of UTF-8 text are read; everything else is a problem, and nothing blocks."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from labctl.scenario.problems import ScenarioError
from labctl.scenario.source import LARGEST_FILE, decode, lines_of, read_text


def only_problem(content: bytes) -> str:
    with pytest.raises(ScenarioError) as raised:
        decode(content, "x.yaml")
    (problem,) = raised.value.problems
    return f"{problem.at}: {problem.message}"


def refused(path: Path) -> str:
    with pytest.raises(ScenarioError) as raised:
        read_text(path)
    (problem,) = raised.value.problems
    assert (problem.at.file, problem.at.line, problem.at.column) == (str(path), 1, 1)
    return problem.message


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    assert decode(b"\xef\xbb\xbfname: x\n", "x.yaml") == "name: x\n"


def test_a_byte_order_mark_in_the_middle_is_a_problem() -> None:
    assert only_problem(b"name: \xef\xbb\xbfx\n") == "x.yaml:1:7: the character U+FEFF cannot stand in a file"


@pytest.mark.parametrize("content", [b"\xff\xfen\0", b"\xfe\xff\0n"])
def test_utf_16_is_called_by_its_name(content: bytes) -> None:
    assert only_problem(content) == "x.yaml:1:1: the file is UTF-16"


def test_a_byte_that_is_not_utf_8_has_its_place() -> None:
    assert only_problem("a: ü\r\nb: é".encode() + b"\xff") == "x.yaml:2:5: the file is not UTF-8: byte 0xff"


@pytest.mark.parametrize(
    ("character", "name"),
    [("\0", "U+0000"), ("\x1b", "U+001B"), ("\x7f", "U+007F"), ("\x85", "U+0085"), ("\u2028", "U+2028")],
)
def test_an_invisible_character_has_its_place(character: str, name: str) -> None:
    problem = only_problem(f"a: b\nc: é{character}".encode())

    assert problem == f"x.yaml:2:5: the character {name} cannot stand in a file"


def test_printable_characters_of_all_planes_are_text() -> None:
    text = "\t é € 漢 😀 \xa0 \ufffd \u2027 \u202a\r\n"

    assert decode(text.encode(), "x.yaml") == text


def test_a_file_of_64_kib_is_read_and_one_byte_more_is_refused() -> None:
    assert len(decode(b"#" * LARGEST_FILE, "x.yaml")) == LARGEST_FILE
    assert only_problem(b"#" * (LARGEST_FILE + 1)) == "x.yaml:1:1: the file is larger than 64 KiB"


def test_only_lf_crlf_and_cr_end_a_line() -> None:
    assert lines_of("a\nb\r\nc\rd\x0be") == ("a", "b", "c", "d\x0be")


def test_a_missing_file_is_a_problem(tmp_path: Path) -> None:
    assert refused(tmp_path / "nothing.yaml") == "the file cannot be read: no such file or directory"


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    assert refused(tmp_path) == "a file is expected, and this is a folder"


def test_a_pipe_without_a_writer_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.yaml"
    os.mkfifo(pipe)

    assert refused(pipe) == "a file is expected, and this is a pipe"


def test_a_socket_is_not_a_file(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))

        assert refused(path) == "a file is expected, and this is a socket"


def test_a_device_is_not_a_file() -> None:
    assert refused(Path("/dev/zero")) == "a file is expected, and this is a device"


def test_a_path_through_a_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert refused(tmp_path / "file" / "x.yaml") == "the file cannot be read: not a directory"


def test_a_nul_in_a_path_is_a_problem() -> None:
    with pytest.raises(ScenarioError, match="the file cannot be read"):
        read_text("a\0b")
