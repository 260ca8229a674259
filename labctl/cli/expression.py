"""`-k` text -> a question to ask of a scenario's words, with pytest's rules.

    expression: and ("or" and)*        and: not ("and" not)*
    not:        "not" not | "(" expression ")" | word

A word holds where it is a part of one of the words asked about, whatever its capitals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection

Holds = Callable[[Collection[str]], bool]

_TOKEN = re.compile(r"\s*(?:([()])|([\w:+\-.\[\]\\/,@=]+))")
_OPERATORS = frozenset({"and", "or", "not", "(", ")"})
_DEEPEST = 50


class ExpressionError(ValueError):
    """The text is no expression. Says what is wrong and shows where."""


def parse(text: str) -> Holds:
    """The question that the text asks. Raises ExpressionError."""
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(_tokens(text))
        self._next = 0
        self._depth = 0

    def whole(self) -> Holds:
        if not self._tokens:
            raise ExpressionError("the expression is empty")
        holds = self._any()
        if self._next < len(self._tokens):
            raise self._wrong("`and` or `or` is expected")
        return holds

    def _any(self) -> Holds:
        parts = [self._all()]
        while self._took("or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else lambda words: any(part(words) for part in parts)

    def _all(self) -> Holds:
        parts = [self._one()]
        while self._took("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else lambda words: all(part(words) for part in parts)

    def _one(self) -> Holds:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ExpressionError(f"the expression is nested deeper than {_DEEPEST}")
        try:
            if self._took("not"):
                inner = self._one()
                return lambda words: not inner(words)
            if self._took("("):
                inner = self._any()
                if not self._took(")"):
                    raise self._wrong("`)` is expected")
                return inner
            return self._word()
        finally:
            self._depth -= 1

    def _word(self) -> Holds:
        if self._next >= len(self._tokens) or self._tokens[self._next][0] in _OPERATORS:
            raise self._wrong("a word, `not` or `(` is expected")
        wanted = self._tokens[self._next][0].lower()
        self._next += 1
        return lambda words: any(wanted in word.lower() for word in words)

    def _took(self, token: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next][0] == token:
            self._next += 1
            return True
        return False

    def _wrong(self, message: str) -> ExpressionError:
        if self._next < len(self._tokens):
            token, column = self._tokens[self._next]
            return _error(f"{message} in place of `{token}`", self._text, column)
        return _error(f"{message} at the end", self._text, len(self._text))


def _tokens(text: str) -> list[tuple[str, int]]:
    """The text's words and brackets, each with its column from 0."""
    found, column = [], 0
    text = text.rstrip()
    while column < len(text):
        token = _TOKEN.match(text, column)
        if token is None:
            column = len(text) - len(text[column:].lstrip())
            raise _error(f"{text[column]!r} has no place in an expression", text, column)
        found.append((token[1] or token[2], token.start(token.lastindex or 0)))
        column = token.end()
    return found


def _error(message: str, text: str, column: int) -> ExpressionError:
    if len(text) > 100 or not text.isprintable():
        return ExpressionError(message)
    return ExpressionError(f"{message}\n  {text}\n  {' ' * column}^")
