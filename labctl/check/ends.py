"""How programs ended -> complaints about it, and which program is which of a list of expected ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from labctl.check.match import complaints
from labctl.scenario.model import End, Span

if TYPE_CHECKING:
    from labctl.observe.story import CallSeen

AFTER_RUN: tuple[int | str, ...] = (0,)
AFTER_STOP: tuple[int | str, ...] = (0, "TERM")


class Ended(Struct, frozen=True):
    """How a program ended: with a status, or by a signal (name without SIG), never both.

    `calls`: its system calls and those of its children; None as long as there is no record of them to judge.
    """

    status: int | None = None
    signal: str | None = None
    stdout: bytes = b""
    stderr: bytes = b""
    took_s: float = 0.0
    name: str = ""
    calls: tuple[CallSeen, ...] | None = None


def judge(
    end: End, ended: Ended, *, default_exits: Sequence[int | str], strict: bool, time_scale: float = 1.0
) -> list[str]:
    """Each way in which a program did not end as it must; none where it did.

    `default_exits` are the exits that are right where the end names none. `time_scale` stretches every `max`
    of a `took`, for slow machines. System calls are judged where there is a record of them.
    """
    exits = default_exits if end.exit is None else (end.exit,)
    found = [] if any(_is_exit(exit, ended) for exit in exits) else [_wrong_exit(exits, ended)]
    if end.stdout is not None:
        found += [f"stdout: {each}" for each in complaints(end.stdout, ended.stdout, strict=strict)]
    if end.stderr is not None:
        found += [f"stderr: {each}" for each in complaints(end.stderr, ended.stderr, strict=strict)]
    if end.took is not None:
        found += _wrong_time(end.took, ended.took_s, time_scale)
    if end.syscalls and ended.calls is not None:
        from labctl.check.calls import judged_calls  # who expects nothing of calls doesn't wait for it

        found += [f"syscalls: {each}" for each in judged_calls(end.syscalls, ended.calls, time_scale=time_scale)]
    return found


def judge_all(
    ends: Sequence[End],
    endeds: Sequence[Ended],
    *,
    default_exits: Sequence[int | str],
    strict: bool,
    time_scale: float = 1.0,
    own: Callable[[End, int], End] = lambda end, index: end,
) -> list[str]:
    """The complaints about all programs of a step.

    A single end holds for each of them; of a list with counts, each program must be like one of its own.
    `own` fills in what is each program's own ({n}, {host}), by the program's index.
    """

    def about(end: End, index: int) -> list[str]:
        return judge(own(end, index), endeds[index], default_exits=default_exits, strict=strict, time_scale=time_scale)

    if len(ends) == 1 and ends[0].count is None:
        return [_named(each, endeds, index) for index in range(len(endeds)) for each in about(ends[0], index)]
    wrong = [[about(end, index) for end in ends] for index in range(len(endeds))]
    counts = [1 if end.count is None else end.count for end in ends]
    chosen = assign(counts, [[not each for each in row] for row in wrong])
    return _unaccounted(counts, chosen, wrong, endeds)


def assign(counts: Sequence[int], fits: Sequence[Sequence[bool]]) -> tuple[int | None, ...]:
    """Which of the expected ends each program is, None for one that is left over.

    `fits[program][end]` says whether it could be; end e is given to at most `counts[e]` programs. As many
    programs as possible get one (augmenting paths in a bipartite graph, so the order does not matter).
    """
    holders: list[list[int]] = [[] for _ in counts]

    def place(program: int, tried: set[int]) -> bool:
        for end, fit in enumerate(fits[program]):
            if not fit or end in tried:
                continue
            tried.add(end)
            if len(holders[end]) < counts[end]:
                holders[end].append(program)
                return True
            for slot, holder in enumerate(holders[end]):
                if place(holder, tried):
                    holders[end][slot] = program
                    return True
        return False

    for program in range(len(fits)):
        place(program, set())
    chosen = {program: end for end, programs in enumerate(holders) for program in programs}
    return tuple(chosen.get(program) for program in range(len(fits)))


def _unaccounted(
    counts: Sequence[int],
    chosen: Sequence[int | None],
    wrong: Sequence[Sequence[list[str]]],
    endeds: Sequence[Ended],
) -> list[str]:
    """Say which programs are like none of the ends that still have room, and why not."""
    room = [end for end, count in enumerate(counts) if sum(1 for each in chosen if each == end) < count]
    found = []
    for program, end in enumerate(chosen):
        if end is not None:
            continue
        if not room:
            found.append(_named("one program more than the counts make", endeds, program))
            continue
        nearest = min(room, key=lambda each: len(wrong[program][each]))
        reasons = "; ".join(wrong[program][nearest])
        found.append(
            _named(
                f"like none of the ends that are left, nearest to the {_th(nearest)}: {reasons}",
                endeds,
                program,
            )
        )
    missing = sum(counts) - len(endeds)
    if missing > 0:
        found.append(f"the counts make {sum(counts)}, and there are {len(endeds)} programs")
    return found


def _is_exit(expected: int | str, ended: Ended) -> bool:
    if expected == "any":
        return True
    if expected == "nonzero":
        return ended.status is not None and ended.status != 0
    return ended.status == expected if isinstance(expected, int) else ended.signal == expected


def _wrong_exit(exits: Sequence[int | str], ended: Ended) -> str:
    wanted = " or ".join(str(exit) for exit in exits)
    came = f"ended by {ended.signal}" if ended.signal is not None else f"came {ended.status}"
    return f"exit: expected {wanted}, {came}"


def _wrong_time(took: Span, took_s: float, time_scale: float) -> list[str]:
    if took.min_s is not None and took_s < took.min_s:
        return [f"took: expected at least {took.min_s:g} s, came {took_s:.3f} s"]
    if took.max_s is not None and took_s > took.max_s * time_scale:
        return [f"took: expected at most {took.max_s * time_scale:g} s, came {took_s:.3f} s"]
    return []


def _named(complaint: str, endeds: Sequence[Ended], index: int) -> str:
    if len(endeds) == 1:
        return complaint
    return f"{endeds[index].name or f'program {index + 1}'}: {complaint}"


def _th(index: int) -> str:
    return {0: "1st", 1: "2nd", 2: "3rd"}.get(index, f"{index + 1}th")
