"""The system calls of a program -> complaints where they are not as the scenario's `syscalls` has them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from labctl.agent.syscalls import members
from labctl.check.match import in_words, lies_in, often, times
from labctl.observe.story import CallSeen
from labctl.scenario.model import Span, Syscall
from labctl.scenario.problems import printable, quoted

MOST_SHOWN = 8
LONGEST_ARGUMENTS = 100


def judged_calls(wanted: Sequence[Syscall], calls: Sequence[CallSeen], *, time_scale: float = 1.0) -> list[str]:
    """Each way in which a program's record is not as it must be, some lines each; none where it is.

    `calls` are those of the program and all its children. Calls on files are left out; the others count by when they
    began. `time_scale` stretches every `max` of a `took`, for slow machines.
    """
    seen = sorted((call for call in calls if call.group != "file"), key=lambda call: call.begins_ns)
    found = _missing([each for each in wanted if each.count is None], seen, time_scale)
    return found + [
        complaint for each in wanted if each.count is not None for complaint in _miscounted(each, seen, time_scale)
    ]


def fits(wanted: Syscall, call: CallSeen, *, time_scale: float = 1.0) -> bool:
    """Whether a call is such as is expected. One that never returned has no outcome and no end."""
    if call.name not in members(wanted.call) or (wanted.args is not None and wanted.args not in call.arguments):
        return False
    if wanted.error is not None and call.error != wanted.error:
        return False
    if wanted.returns is not None and (
        call.error or call.returned is None or not lies_in(call.returned, wanted.returns)
    ):
        return False
    return wanted.took is None or _took_so(wanted.took, call, time_scale)


def _took_so(took: Span, call: CallSeen, time_scale: float) -> bool:
    if call.ends_ns is None:
        return False
    took_s = (call.ends_ns - call.begins_ns) / 1e9
    return (took.min_s is None or took_s >= took.min_s) and (took.max_s is None or took_s <= took.max_s * time_scale)


def _missing(wanted: Sequence[Syscall], calls: Sequence[CallSeen], time_scale: float) -> list[str]:
    """The first of the calls that does not come after the ones before it, gaps allowed."""
    place = 0
    for number, each in enumerate(wanted):
        found = next((at for at in range(place, len(calls)) if fits(each, calls[at], time_scale=time_scale)), None)
        if found is None:
            after = f" after {_spelled(wanted[number - 1], time_scale)}" if number else ""
            expected = f"expected {_spelled(each, time_scale)}{after}"
            return [f"{expected}, {_instead(each, calls[:place], calls[place:], time_scale)}"]
        place = found + 1
    return []


def _instead(wanted: Syscall, before: Sequence[CallSeen], after: Sequence[CallSeen], time_scale: float) -> str:
    """What came in place of a call: others of its name, itself too early, or whatever came."""
    if alike := [call for call in after if call.name in members(wanted.call)]:
        return f"and no {wanted.call} was so:{_listed(alike, wanted)}"
    if early := [call for call in before if fits(wanted, call, time_scale=time_scale)]:
        return f"and it came only before:{_listed(early, wanted)}"
    if after:
        return f"and it never came; what came {'then' if before else 'is'}:{_listed(after, wanted)}"
    return "and no call came then" if before else "and no call came at all"


def _miscounted(wanted: Syscall, calls: Sequence[CallSeen], time_scale: float) -> list[str]:
    assert wanted.count is not None
    fitting = [call for call in calls if fits(wanted, call, time_scale=time_scale)]
    if lies_in(len(fitting), wanted.count):
        return []
    expected = f"expected {_spelled(wanted, time_scale)}: {_how_often(wanted)}, it came {often(len(fitting))}"
    others = [call for call in calls if call.name in members(wanted.call) and call not in fitting]
    is_too_few = wanted.count.min is not None and len(fitting) < wanted.count.min
    if is_too_few and others:
        return [f"{expected}; no other {wanted.call} was so:{_listed(others, wanted)}"]
    return [expected + (f":{_listed(fitting, wanted)}" if fitting else "")]


def _how_often(wanted: Syscall) -> str:
    assert wanted.count is not None
    return "never" if wanted.count.max == 0 else times(wanted.count)


def _spelled(wanted: Syscall, time_scale: float) -> str:
    """`bind with 'htons(51717)' that fails with EADDRINUSE`, `read that returns 0`."""
    given = "" if wanted.args is None else f" with {quoted(wanted.args)}"
    outcomes = []
    if wanted.error is not None:
        outcomes.append(f"fails with {wanted.error}")
    if wanted.returns is not None:
        outcomes.append(f"returns {in_words(wanted.returns)}")
    if wanted.took is not None:
        outcomes.append(f"takes {_how_long(wanted.took, time_scale)}")
    return f"{wanted.call}{given}{' that ' + ' and '.join(outcomes) if outcomes else ''}"


def _how_long(took: Span, time_scale: float) -> str:
    low = None if took.min_s is None else f"at least {took.min_s:g} s"
    high = None if took.max_s is None else f"at most {took.max_s * time_scale:g} s"
    return " and ".join(bound for bound in (low, high) if bound is not None)


def _listed(calls: Sequence[CallSeen], wanted: Syscall) -> str:
    """The calls, a line each, as strace has them; not all, where they are many."""
    lines = [f"\n  {_line(call, shows_time=wanted.took is not None)}" for call in calls[:MOST_SHOWN]]
    if len(calls) > MOST_SHOWN:
        lines.append(f"\n  … and {len(calls) - MOST_SHOWN} more")
    return "".join(lines)


def _line(call: CallSeen, *, shows_time: bool) -> str:
    arguments = call.arguments
    if len(arguments) > LONGEST_ARGUMENTS:
        arguments = f"{arguments[: LONGEST_ARGUMENTS - 1]}…"
    if call.ends_ns is None:
        return printable(f"{call.name}({arguments}) did not return")
    took = f", in {(call.ends_ns - call.begins_ns) / 1e9:.3f} s" if shows_time else ""
    return printable(f"{call.name}({arguments}) = {call.result}{took}")
