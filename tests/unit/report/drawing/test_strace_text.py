"""Arguments as strace writes them, and short words for them."""

from __future__ import annotations

import pytest

from labctl.report.drawing.strace_text import LONGEST, address, in_quotes, said, short


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
        ("{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}", "AF_NETLINK"),
        ("{sa_family=AF_UNIX}", "AF_UNIX"),
        ("[28 => 16]", "[28 => 16]"),
        ("x" * 100, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_an_argument_in_short(argument: str, words: str) -> None:
    """Descriptors lose their names, addresses their structure, long ones their end."""
    assert short(argument) == words


def test_bytes_are_read_as_people_read_them() -> None:
    """UTF-8 is text again; what is none stays an escape."""
    assert said('"gr\\303\\274\\303\\237e\\n"') == '"grüße\\n"'
    assert said('"\\377\\x41\\33\\0"') == '"\\xffA\\x1b\\0"'


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
