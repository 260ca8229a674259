"""What a program printed -> complaints about it, by the matching rules of the scenario language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

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
    out = _searchable(match, output)
    found: list[str] = []
    if match.contains:
        found += _missing_parts(match.contains, out) if match.count is None else _miscounted_part(match, out)
    if match.equals is not None:
        found += _different(_bytes(match.equals), out)
    if match.matches is not None:
        found += _unmatched(match.matches, match.count if not match.contains else None, shown_text(output))
    found += [f"expected no {quoted(part)}, {_where(part, out)}" for part in match.absent if _holds(part, out)]
    if strict and match.strict is not None:
        found += _missing_parts((match.strict,), out)
    return found


def needs_all(match: Match) -> bool:
    """Whether what fits so far may no longer fit when more is printed."""
    bounded = match.count is not None and match.count.max is not None
    is_empty = "" in match.contains
    return bool(match.absent) or match.equals is not None or match.matches is not None or bounded or is_empty


def shown_text(output: bytes) -> str:
    """Output as text, without one newline at its end; a byte that is not UTF-8 is its `\\xNN`."""
    return _text(output.removesuffix(b"\n"))


def _searchable(match: Match, output: bytes) -> bytes:
    """Output in which texts can be looked for byte by byte, for as text it could be sixteen times as large.

    It is as it came, unless a text that is looked for may mean bytes that are no UTF-8, by their `\\xNN`.
    """
    texts = (*match.contains, *match.absent, match.equals or "", match.strict or "")
    if any("\\x" in text for text in texts):
        return shown_text(output).encode()
    return output.removesuffix(b"\n")


def _text(output: bytes) -> str:
    return output.decode("utf-8", "backslashreplace")


def _bytes(text: str) -> bytes:
    return text.removesuffix("\n").encode("utf-8", "backslashreplace")


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


def _holds(part: str, out: bytes) -> bool:
    """Whether the output has this part; an empty part is an empty output."""
    wanted = _bytes(part)
    return wanted in out if wanted else not out


def _missing_parts(parts: tuple[str, ...], out: bytes) -> list[str]:
    """The first of the parts that does not come after the ones before it, gaps allowed."""
    if len(parts) == 1 and not _bytes(parts[0]):
        return [f"expected nothing, {_came(out)}"] if out else []
    place = 0
    for number, part in enumerate(map(_bytes, parts)):
        found = out.find(part, place)
        if found < 0:
            if number == 0:
                return [f"expected {quoted(_text(part), longest=LONGEST_SHOWN)}, {_came(out, part)}"]
            before = f"expected {quoted(_text(part))} after {quoted(_text(_bytes(parts[number - 1])))}"
            if out.find(part, 0, place) >= 0:
                return [f"{before}, and it came only before"]
            return [f"{before}, {_came(out, part)}"]
        place = found + len(part)
    return []


def _miscounted_part(match: Match, out: bytes) -> list[str]:
    part = _bytes(match.contains[0])
    count = out.count(part) if part else 0
    if match.count is None or lies_in(count, match.count):
        return []
    return [f"expected {quoted(_text(part))} {times(match.count)}, it came {often(count)}"]


def _unmatched(regex: str, count: Num | None, text: str) -> list[str]:
    found = sum(1 for _ in re.finditer(regex, text, re.MULTILINE))
    if count is None:
        return [] if found else [f"expected a match of {quoted(regex)}, {_came(text.encode())}"]
    if lies_in(found, count):
        return []
    return [f"expected a match of {quoted(regex)} {times(count)}, there {_often_matched(found)}"]


def _different(expected: bytes, out: bytes) -> list[str]:
    if out == expected:
        return []
    if not expected or not out:
        wanted = quoted(_text(expected), longest=LONGEST_SHOWN) if expected else "nothing"
        return [f"expected {wanted}, {_came(out)}"]
    return [next(_differing_lines(expected, out))]


def _differing_lines(expected: bytes, out: bytes) -> Iterator[str]:
    lines, came = expected.count(b"\n") + 1, out.count(b"\n") + 1
    for number, (wanted, got) in enumerate(zip(_lines_of(expected), _lines_of(out), strict=False), start=1):
        if wanted != got:
            in_line = f" in line {number}" if lines > 1 or came > 1 else ""
            yield f"expected exactly {_line(wanted)}{in_line}, came {_line(got)}"
    if came > lines:
        extra = next(islice(_lines_of(out), lines, None))
        yield f"expected {_lines(lines)}, came {came}; the first too many is {quoted(_start_of(extra))}"
    missing = next(islice(_lines_of(expected), came, None), b"")
    yield f"expected {_lines(lines)}, came {came}; the first missing is {quoted(_start_of(missing))}"


def _lines_of(out: bytes) -> Iterator[bytes]:
    """One after another: millions of them need not be there at the same time."""
    start = 0
    while (end := out.find(b"\n", start)) >= 0:
        yield out[start:end]
        start = end + 1
    yield out[start:]


def _line(line: bytes) -> str:
    return quoted(_start_of(line), longest=LONGEST_SHOWN)


def _start_of(line: bytes) -> str:
    """As much of a line as anybody is shown, and a little more."""
    return _text(line[: LONGEST_SHOWN * 8])


def _came(out: bytes, wanted: bytes | None = None) -> str:
    """What came instead: all of it where it is short, else the nearest line, else its end."""
    if not out:
        return "nothing was printed"
    end = _text(out[-LONGEST_SHOWN * 8 :])
    if len(out) <= LONGEST_SHOWN * 8 and len(end) <= LONGEST_SHOWN:
        return f"came {quoted(end, longest=LONGEST_SHOWN)}"
    if wanted is not None and (nearest := _nearest_line(_text(wanted), out)) is not None:
        return f"the nearest line is {quoted(nearest, longest=LONGEST_SHOWN)}"
    return f"the end of what came is {quoted(end[-LONGEST_SHOWN:], longest=LONGEST_SHOWN)}"


def _nearest_line(wanted: str, out: bytes) -> str | None:
    from difflib import get_close_matches

    # Comparing costs the square of a line's length: long lines and old ones are left out.
    lines = [_start_of(line)[:LONGEST_SHOWN] for line in _last_lines(out, MOST_LINES_COMPARED)]
    first = wanted.split("\n")[0][:LONGEST_SHOWN]
    return next(iter(get_close_matches(first, dict.fromkeys(lines), n=1, cutoff=0.5)), None)


def _last_lines(out: bytes, most: int) -> list[bytes]:
    start = len(out)
    for _ in range(most):
        start = out.rfind(b"\n", 0, start)
        if start < 0:
            break
    return out[start + 1 :].split(b"\n")


def _where(part: str, out: bytes) -> str:
    wanted = _bytes(part)
    if not wanted:
        return "and nothing was printed"
    place = out.index(wanted)
    start = out.rfind(b"\n", 0, place) + 1
    line = _start_of(out[start : start + LONGEST_SHOWN * 8].split(b"\n")[0])
    return f"and line {out.count(10, 0, place) + 1} is {quoted(line)}"


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
