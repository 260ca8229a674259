"""What a program printed -> complaints about it, by the matching rules of the scenario language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from labctl.scenario.model import Match, Num
from labctl.scenario.problems import quoted

LONGEST_SHOWN = 200
MOST_LINES_COMPARED = 500


def complaints(match: Match, output: bytes, *, strict: bool) -> list[str]:
    """Each way in which the output is not as it must be; none where it is.

    Output is UTF-8, its other bytes appear as `\\xNN`. One newline at the end counts on neither side. An
    empty text says that nothing was printed. `strict` asks for the lab's own wording too. A regular
    expression is tried by Python's `re`, which has no time limit.
    """
    text = shown_text(output)
    found: list[str] = []
    if match.contains:
        found += _missing_parts(match.contains, text) if match.count is None else _miscounted_part(match, text)
    if match.equals is not None:
        found += _different(_trimmed(match.equals), text)
    if match.matches is not None:
        found += _unmatched(match.matches, match.count if not match.contains else None, text)
    found += [f"expected no {quoted(part)}, {_where(part, text)}" for part in match.absent if _holds(part, text)]
    if strict and match.strict is not None:
        found += _missing_parts((match.strict,), text)
    return found


def shown_text(output: bytes) -> str:
    """Output as text, without one newline at its end; a byte that is not UTF-8 is its `\\xNN`."""
    return _trimmed(output.decode("utf-8", "backslashreplace"))


def in_words(number: Num) -> str:
    """A number or range as people say it."""
    if number.min == number.max:
        return str(number.min)
    if number.max is None:
        return f"at least {number.min}"
    return f"at most {number.max}" if number.min is None else f"{number.min} to {number.max}"


def lies_in(value: int, number: Num) -> bool:
    """Whether a count lies within the bounds, both included."""
    return (number.min is None or value >= number.min) and (number.max is None or value <= number.max)


def _trimmed(text: str) -> str:
    return text.removesuffix("\n")


def _holds(part: str, text: str) -> bool:
    """Whether the text has this part; an empty part is an empty text."""
    part = _trimmed(part)
    return part in text if part else not text


def _missing_parts(parts: tuple[str, ...], text: str) -> list[str]:
    """The first of the parts that does not come after the ones before it, gaps allowed."""
    if len(parts) == 1 and not _trimmed(parts[0]):
        return [f"expected nothing, {_came(text)}"] if text else []
    place = 0
    for number, part in enumerate(map(_trimmed, parts)):
        found = text.find(part, place)
        if found < 0:
            if number == 0:
                return [f"expected {quoted(part, longest=LONGEST_SHOWN)}, {_came(text, part)}"]
            before = f"expected {quoted(part)} after {quoted(_trimmed(parts[number - 1]))}"
            if part in text[:place]:
                return [f"{before}, and it came only before"]
            return [f"{before}, {_came(text, part)}"]
        place = found + len(part)
    return []


def _miscounted_part(match: Match, text: str) -> list[str]:
    part = _trimmed(match.contains[0])
    count = text.count(part) if part else 0
    if match.count is None or lies_in(count, match.count):
        return []
    return [f"expected {quoted(part)} {times(match.count)}, it came {often(count)}"]


def _unmatched(regex: str, count: Num | None, text: str) -> list[str]:
    found = sum(1 for _ in re.finditer(regex, text, re.MULTILINE))
    if count is None:
        return [] if found else [f"expected a match of {quoted(regex)}, {_came(text)}"]
    if lies_in(found, count):
        return []
    return [f"expected a match of {quoted(regex)} {times(count)}, there {_often_matched(found)}"]


def _different(expected: str, text: str) -> list[str]:
    if text == expected:
        return []
    if not expected or not text:
        wanted = quoted(expected, longest=LONGEST_SHOWN) if expected else "nothing"
        return [f"expected {wanted}, {_came(text)}"]
    return [next(_differing_lines(expected.split("\n"), text.split("\n")))]


def _differing_lines(expected: list[str], came: list[str]) -> Iterator[str]:
    for number, (wanted, got) in enumerate(zip(expected, came, strict=False), start=1):
        if wanted != got:
            in_line = f" in line {number}" if len(expected) > 1 or len(came) > 1 else ""
            yield (
                f"expected exactly {quoted(wanted, longest=LONGEST_SHOWN)}{in_line}, "
                f"came {quoted(got, longest=LONGEST_SHOWN)}"
            )
    if len(came) > len(expected):
        extra = came[len(expected)]
        yield f"expected {_lines(len(expected))}, came {len(came)}; the first too many is {quoted(extra)}"
    missing = expected[len(came)] if len(expected) > len(came) else ""
    yield f"expected {_lines(len(expected))}, came {len(came)}; the first missing is {quoted(missing)}"


def _came(text: str, wanted: str | None = None) -> str:
    """What came instead: all of it where it is short, else the nearest line, else its end."""
    if not text:
        return "nothing was printed"
    if len(text) <= LONGEST_SHOWN:
        return f"came {quoted(text, longest=LONGEST_SHOWN)}"
    if wanted is not None and (nearest := _nearest_line(wanted, text)) is not None:
        return f"the nearest line is {quoted(nearest, longest=LONGEST_SHOWN)}"
    return f"the end of what came is {quoted(text[-LONGEST_SHOWN:], longest=LONGEST_SHOWN)}"


def _nearest_line(wanted: str, text: str) -> str | None:
    from difflib import get_close_matches

    # Comparing costs the square of a line's length: long lines and old ones are left out.
    lines = [line[:LONGEST_SHOWN] for line in text.split("\n")[-MOST_LINES_COMPARED:]]
    first = wanted.split("\n")[0][:LONGEST_SHOWN]
    return next(iter(get_close_matches(first, dict.fromkeys(lines), n=1, cutoff=0.5)), None)


def _where(part: str, text: str) -> str:
    part = _trimmed(part)
    if not part:
        return "and nothing was printed"
    place = text.index(part)
    line = text[text.rfind("\n", 0, place) + 1 :].split("\n")[0]
    return f"and line {text.count(chr(10), 0, place) + 1} is {quoted(line, longest=LONGEST_SHOWN)}"


def times(count: Num) -> str:
    """`once`, `3 times`, `at least once`: how often something must be."""
    words = in_words(count)
    return f"{words.removesuffix('1')}once" if words in ("1", "at least 1", "at most 1") else f"{words} times"


def often(count: int) -> str:
    """`never`, `once`, `3 times`: how often something was."""
    return "never" if count == 0 else "once" if count == 1 else f"{count} times"


def _often_matched(count: int) -> str:
    return "is none" if count == 0 else "is 1" if count == 1 else f"are {count}"


def _lines(count: int) -> str:
    return "1 line" if count == 1 else f"{count} lines"
