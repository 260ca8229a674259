"""{n}, {host} and {HOST.ip} are filled in; other braces stay text."""

from __future__ import annotations

import pytest

from labctl.check.match import complaints
from labctl.scenario.model import End, Input, Match, Syscall
from labctl.scenario.placeholders import fill, fill_end, fill_input, fill_match, hosts_asked_for, input_bytes

ADDRESSES = {"cheerios": "10.0.0.2", "client-1": "10.0.0.3"}


def filled(text: str) -> str:
    return fill(text, n=3, host="client-1", addresses=ADDRESSES)


def test_number_host_and_addresses_are_filled_in() -> None:
    assert filled("{n} on {host} asks {cheerios.ip} from {client-1.ip}") == "3 on client-1 asks 10.0.0.2 from 10.0.0.3"


@pytest.mark.parametrize("text", ["{}", "{N}", "{ n }", "{{}}", "a{2}b", "{cheerios}", "{.ip}", "${HOME}"])
def test_other_braces_stay_text(text: str) -> None:
    assert filled(text) == text


def test_what_was_filled_in_is_not_filled_in_again() -> None:
    assert fill("{host}", n=1, host="{n}", addresses={}) == "{n}"


def test_the_hosts_that_a_text_asks_for_are_found() -> None:
    assert list(hosts_asked_for("{a.ip} {n} {b-1.ip} {b.mac}")) == ["a", "b-1"]


def test_an_input_keeps_its_kind() -> None:
    assert fill_input(Input("{n}", verbatim=True), n=2, host="x", addresses={}) == Input("2", verbatim=True)


def test_an_address_in_a_regular_expression_stands_for_itself_only() -> None:
    match = fill_match(Match(matches="^{cheerios.ip} [0-9]{1,3}$"), n=1, host="x", addresses=ADDRESSES)

    assert complaints(match, b"10.0.0.2 17\n", strict=False) == []
    assert complaints(match, b"10a0b0c2 17\n", strict=False) != []


def test_every_text_of_a_match_is_filled_in() -> None:
    match = Match(contains=("{n}",), equals="{n}", absent=("{n}",), strict="{n}")

    assert fill_match(match, n=7, host="x", addresses={}) == Match(("7",), "7", None, ("7",), None, "7")


def test_both_streams_of_an_end_are_filled_in() -> None:
    end = End(exit=1, stdout=Match(("{n}",)), stderr=Match(("{host}",)))

    assert fill_end(end, n=7, host="x", addresses={}) == End(1, Match(("7",)), Match(("x",)))


def test_the_arguments_of_expected_calls_are_filled_in() -> None:
    end = End(syscalls=(Syscall("connect", args="{cheerios.ip}"), Syscall("close")))
    filled_in = fill_end(end, n=1, host="x", addresses=ADDRESSES)

    assert filled_in.syscalls == (Syscall("connect", args="10.0.0.2"), Syscall("close"))


def test_typed_text_gets_its_enter_once() -> None:
    assert input_bytes(Input("grüße")) == "grüße\n".encode()
    assert input_bytes(Input("two\nlines\n")) == b"two\nlines\n"


def test_an_empty_line_is_an_enter() -> None:
    assert input_bytes(Input("")) == b"\n"


def test_bytes_are_sent_as_they_are_one_for_each_character() -> None:
    assert input_bytes(Input("\x04\xffA", verbatim=True)) == b"\x04\xffA"
