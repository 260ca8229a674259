"""The text between a call's parentheses."""

from __future__ import annotations

import pytest

from labctl.observe.trace.arguments import descriptor, descriptors, split, unquoted


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("0", ["0"]),
        ("AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP", ["AF_INET", "SOCK_STREAM|SOCK_CLOEXEC", "IPPROTO_IP"]),
        ('3<UNIX:[5,"/a,b"]>, "x, \\"y", 7', ['3<UNIX:[5,"/a,b"]>', '"x, \\"y"', "7"]),
        ("3, {sa_family=AF_INET, sin_port=htons(9)}, 16", ["3", "{sa_family=AF_INET, sin_port=htons(9)}", "16"]),
        ('[{iov_base="a]", iov_len=2}], 1', ['[{iov_base="a]", iov_len=2}]', "1"]),
        ("6</lab/a,b>, ", ["6</lab/a,b>", ""]),
        ('1, "never closed, and, on', ["1", '"never closed, and, on']),
    ],
)
def test_arguments_are_split_at_their_own_commas(text: str, pieces: list[str]) -> None:
    """Not at those of strings, structures, lists and names."""
    assert split(text) == pieces


def test_a_descriptor_and_what_it_leads_to() -> None:
    """Also where the latter isn't said; an address in memory is none."""
    assert descriptor("3<TCP:[1.2.3.4:5->6.7.8.9:10]>, 5") == (3, "TCP:[1.2.3.4:5->6.7.8.9:10]")
    assert descriptor("0</dev/pts/0<char 136:0>>") == (0, "/dev/pts/0<char 136:0>")
    assert descriptor("12, 5") == (12, "")
    assert descriptor("0x7ff, 5") is None
    assert descriptor("NULL") is None
    assert descriptor("") is None


def test_every_descriptor_of_a_list() -> None:
    """As poll has them, and not one that a name pretends to have."""
    text = '[{fd=3<TCP:[7]>, events=POLLIN}, {fd=4<UNIX:[9,"5<TCP:[1]>"]>, events=POLLIN}, {fd=5, events=0}], 3'
    assert descriptors(text) == [(3, "TCP:[7]"), (4, 'UNIX:[9,"5<TCP:[1]>"]')]


def test_a_string_stands_for_its_bytes() -> None:
    """Escapes of C; bytes that are no UTF-8 are shown."""
    assert unquoted("/tmp/lab.sock") == "/tmp/lab.sock"
    assert unquoted(r"a\"b\\c\n\t\76\x41") == 'a"b\\c\n\t>A'
    assert unquoted(r"\303\244\377") == "ä\\xff"
