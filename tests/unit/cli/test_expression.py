"""`-k`: words, and, or, not, brackets."""

from __future__ import annotations

import pytest

from labctl.cli.expression import ExpressionError, parse

WORDS = ("scenarios/port-in-use[ipv6]", "Port in use", "tcp", "errors")


@pytest.mark.parametrize(
    "text",
    [
        "tcp",
        "TCP",
        "port-in",
        "[ipv6]",
        "scenarios/port",
        "tcp and errors",
        "udp or tcp",
        "not udp",
        "not (udp or slow)",
        "not not tcp",
        "tcp or udp and nix",
        "(tcp or udp) and errors",
        "  tcp  and\terrors ",
    ],
)
def test_what_holds(text: str) -> None:
    assert parse(text)(WORDS)


@pytest.mark.parametrize(
    "text", ["udp", "not tcp", "tcp and udp", "not tcp or udp", "(tcp or udp) and nix", "not (tcp and errors)"]
)
def test_what_does_not_hold(text: str) -> None:
    assert not parse(text)(WORDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the expression is empty"),
        ("  ", "the expression is empty"),
        ("and", "a word, `not` or `(` is expected in place of `and`\n  and\n  ^"),
        ("tcp and", "a word, `not` or `(` is expected at the end\n  tcp and\n         ^"),
        ("tcp udp", "`and` or `or` is expected in place of `udp`\n  tcp udp\n      ^"),
        ("(tcp", "`)` is expected at the end\n  (tcp\n      ^"),
        ("tcp)", "`and` or `or` is expected in place of `)`\n  tcp)\n     ^"),
        ("not", "a word, `not` or `(` is expected at the end\n  not\n     ^"),
        ("tcp & udp", "'&' has no place in an expression\n  tcp & udp\n      ^"),
        ("\x1b[2J", "'\\x1b' has no place in an expression"),
    ],
)
def test_a_wrong_expression_says_what_and_where(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(text)

    assert str(raised.value) == message


@pytest.mark.parametrize("text", ["(" * 1000 + "tcp" + ")" * 1000, "not " * 1000 + "tcp"])
def test_an_expression_without_end_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="nested deeper"):
        parse(text)
