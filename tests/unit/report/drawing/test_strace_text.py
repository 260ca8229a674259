"""strace's text taken apart: arguments, and short words for them."""

from __future__ import annotations

import pytest

from labctl.report.drawing.strace_text import LONGEST, address, arguments_of, in_quotes, said, short, text_of


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("", []),
        (
            '3<TCP:[10.0.0.2:40000->10.0.0.1:51717]>, "a, b)", 6',
            ["3<TCP:[10.0.0.2:40000->10.0.0.1:51717]>", '"a, b)"', "6"],
        ),
        ('4<pipe:[7]>, "say \\"no, no\\"", 9', ["4<pipe:[7]>", '"say \\"no, no\\""', "9"]),
        ('"/bin/x", ["x", "1"], 0x7ff /* 3 vars */', ['"/bin/x"', '["x", "1"]', "0x7ff /* 3 vars */"]),
        ("{a=1, b={c=2, d=[3, 4]}}, 5", ["{a=1, b={c=2, d=[3, 4]}}", "5"]),
    ],
)
def test_commas_within_quotes_brackets_and_names_do_not_part(text: str, arguments: list[str]) -> None:
    """Only those between arguments do."""
    assert arguments_of(text) == arguments


@pytest.mark.parametrize("text", ["3<TCP:[1", '"no end', "{a=1, b", ")))", '"\\', "\\", "3<"])
def test_a_line_that_was_cut_off_is_taken_as_it_is(text: str) -> None:
    """Nothing of it gets lost, and nothing is raised."""
    assert ", ".join(arguments_of(text)) == text


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("3<TCP:[10.0.0.2:40000->10.0.0.1:51717]>", "3"),
        ("-1", "-1"),
        ("SOCK_CLOEXEC", "SOCK_CLOEXEC"),
        ("0x7ffd /* 38 vars */", "0x7ffd"),
        ('{sa_family=AF_INET, sin_port=htons(53), sin_addr=inet_addr("10.0.0.1")}', "10.0.0.1:53"),
        (
            "{sa_family=AF_INET6, sin6_port=htons(53), sin6_flowinfo=htonl(0), "
            'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=0}',
            "[::1]:53",
        ),
        ('{sa_family=AF_UNIX, sun_path="/tmp/x"}', "/tmp/x"),
        ('{sa_family=AF_UNIX, sun_path=@"quiet"}', "@quiet"),
        ('{sa_family=AF_UNSPEC, sa_data=""}', "AF_UNSPEC"),
        ("x" * 100, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_an_argument_in_short(argument: str, words: str) -> None:
    """Descriptors lose their names, addresses their structure, long ones their end."""
    assert short(argument) == words


def test_bytes_are_read_as_people_read_them() -> None:
    """UTF-8 is text again; what is none stays an escape."""
    assert text_of("gr\\303\\274\\303\\237e\\n") == "grüße\n"
    assert text_of("\\377\\x41\\e\\0") == "\\xffA\x1b\0"


def test_nothing_in_quotes_steers_a_terminal_or_ends_the_quotes() -> None:
    """Escapes are written out, and a quote has a backslash."""
    assert in_quotes('a"\x1b[31m\u202e\n') == '"a\\"\\x1b[31m\\u202e\\n"'


def test_a_long_text_is_cut_with_a_mark() -> None:
    """Whether strace has cut it, or it is too long for here."""
    assert said('"abc"...') == '"abc…"'
    assert said(f'"{"a" * 50}"') == f'"{"a" * LONGEST}…"'
    assert said("NULL") == "NULL"


def test_an_address_that_is_not_there_is_empty() -> None:
    """recvfrom on a connection returns none."""
    assert address("NULL, NULL") == ""
