"""How programs ended is judged as the language says; in a list of ends every program is accounted for."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.check.ends import AFTER_RUN, AFTER_STOP, Ended, assign, judge, judge_all
from labctl.scenario.model import End, Match, Span, Syscall
from tests.unit.check.calls_made import IN_USE, calls


def complaints(end: End, ended: Ended, *, default_exits: tuple[int | str, ...] = AFTER_RUN) -> list[str]:
    return judge(end, ended, default_exits=default_exits, strict=False)


@pytest.mark.parametrize(
    ("exit", "right", "wrong"),
    [
        (0, [Ended(0)], [Ended(1), Ended(signal="KILL")]),
        (9, [Ended(9)], [Ended(signal="KILL")]),
        ("KILL", [Ended(signal="KILL")], [Ended(9), Ended(137), Ended(signal="TERM")]),
        ("nonzero", [Ended(1), Ended(255)], [Ended(0), Ended(signal="SEGV")]),
        ("any", [Ended(0), Ended(3), Ended(signal="SEGV")], []),
    ],
)
def test_an_exit_is_judged(exit: int | str, right: list[Ended], wrong: list[Ended]) -> None:
    assert [complaints(End(exit=exit), ended) for ended in right] == [[] for _ in right]
    assert all(complaints(End(exit=exit), ended) for ended in wrong)


def test_after_a_run_0_is_right_by_default() -> None:
    assert complaints(End(), Ended(0)) == []
    assert complaints(End(), Ended(1)) == ["exit: expected 0, came 1"]
    assert complaints(End(), Ended(signal="TERM")) == ["exit: expected 0, ended by TERM"]


def test_after_a_stop_term_is_right_too() -> None:
    assert complaints(End(), Ended(0), default_exits=AFTER_STOP) == []
    assert complaints(End(), Ended(signal="TERM"), default_exits=AFTER_STOP) == []
    assert complaints(End(), Ended(signal="KILL"), default_exits=AFTER_STOP) == [
        "exit: expected 0 or TERM, ended by KILL"
    ]


def test_a_given_exit_replaces_the_default() -> None:
    assert complaints(End(exit=0), Ended(signal="TERM"), default_exits=AFTER_STOP)


def test_both_streams_are_judged_by_name() -> None:
    end = End(stdout=Match(contains=("a",)), stderr=Match(contains=("",)))

    assert complaints(end, Ended(0, stdout=b"a")) == []
    assert complaints(end, Ended(0, stderr=b"b")) == [
        "stdout: expected 'a', nothing was printed",
        "stderr: expected nothing, came 'b'",
    ]


def test_strictness_is_passed_on() -> None:
    end = End(stdout=Match(strict="a"))

    assert judge(end, Ended(0), default_exits=AFTER_RUN, strict=True)
    assert not judge(end, Ended(0), default_exits=AFTER_RUN, strict=False)


@pytest.mark.parametrize(("took_s", "holds"), [(0.99, False), (1.0, True), (2.0, True), (2.01, False)])
def test_the_bounds_of_took_are_included(took_s: float, holds: bool) -> None:
    assert (complaints(End(took=Span(1.0, 2.0)), Ended(0, took_s=took_s)) == []) == holds


def test_a_slow_machine_stretches_max_and_not_min() -> None:
    end = End(took=Span(1.0, 2.0))

    assert judge(end, Ended(0, took_s=5.9), default_exits=AFTER_RUN, strict=False, time_scale=3) == []
    assert judge(end, Ended(0, took_s=0.9), default_exits=AFTER_RUN, strict=False, time_scale=3) == [
        "took: expected at least 1 s, came 0.900 s"
    ]


# Several programs


def all_complaints(ends: tuple[End, ...], endeds: list[Ended]) -> list[str]:
    return judge_all(ends, endeds, default_exits=AFTER_RUN, strict=False)


def test_a_single_end_holds_for_each_program() -> None:
    assert all_complaints((End(),), [Ended(0, name="crowd-1"), Ended(1, name="crowd-2")]) == [
        "crowd-2: exit: expected 0, came 1"
    ]


def test_the_complaint_about_an_only_program_has_no_name() -> None:
    assert all_complaints((End(),), [Ended(1, name="server")]) == ["exit: expected 0, came 1"]


def test_each_program_may_have_texts_of_its_own() -> None:
    endeds = [Ended(0, stdout=b"1"), Ended(0, stdout=b"2")]

    def own(end: End, index: int) -> End:
        return End(stdout=Match(contains=(str(index + 1),)))

    assert judge_all((End(),), endeds, default_exits=AFTER_RUN, strict=False, own=own) == []


def test_each_program_is_given_to_one_of_the_ends() -> None:
    ends = (
        End(count=1, stdout=Match(contains=("got",))),
        End(count=2, exit="any", stdout=Match(absent=("got",))),
    )

    assert all_complaints(ends, [Ended(1), Ended(0, stdout=b"got"), Ended(signal="PIPE")]) == []


def test_a_program_that_fits_the_first_end_leaves_it_to_one_that_fits_no_other() -> None:
    """Program 1 fits both ends, program 2 only the first: taking the first that fits would leave 2 over."""
    ends = (End(count=1, exit="any"), End(count=1, exit=0))

    assert all_complaints(ends, [Ended(0), Ended(1)]) == []
    assert assign([1, 1], [[True, True], [True, False]]) == (1, 0)


def test_a_chain_of_programs_moves_over_to_make_room() -> None:
    fits = [[True, True, False], [False, True, True], [True, False, False]]

    assert assign([1, 1, 1], fits) == (1, 2, 0)


def test_a_program_like_none_of_the_ends_is_named_with_the_nearest() -> None:
    ends = (End(count=1), End(count=1, exit=1, stderr=Match(contains=("refused",))))

    (said,) = all_complaints(ends, [Ended(0, name="crowd-1"), Ended(2, name="crowd-2", stderr=b"refused")])

    assert said == ("crowd-2: like none of the ends that are left, nearest to the 2nd: exit: expected 1, came 2")


def test_programs_that_the_counts_leave_out_are_named() -> None:
    assert all_complaints((End(count=1),), [Ended(0, name="a"), Ended(0, name="b")]) == [
        "b: one program more than the counts make"
    ]


def test_counts_that_no_program_fills_are_told() -> None:
    assert all_complaints((End(count=3),), [Ended(0)]) == ["the counts make 3, and there are 1 programs"]


def best_by_trying(counts: list[int], fits: list[list[bool]]) -> int:
    """How many programs can get an end, by trying every way."""
    if not fits:
        return 0
    best = best_by_trying(counts, fits[1:])
    for end, fit in enumerate(fits[0]):
        if fit and counts[end]:
            rest = [count - (each == end) for each, count in enumerate(counts)]
            best = max(best, 1 + best_by_trying(rest, fits[1:]))
    return best


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[int], list[list[bool]]]:
    ends = draw(st.integers(1, 3))
    counts = draw(st.lists(st.integers(0, 3), min_size=ends, max_size=ends))
    row = st.lists(st.booleans(), min_size=ends, max_size=ends)
    return counts, draw(st.lists(row, max_size=6))


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(cases())
def test_as_many_programs_as_possible_get_an_end(case: tuple[list[int], list[list[bool]]]) -> None:
    counts, fits = case

    chosen = assign(counts, fits)

    assert all(end is None or fits[program][end] for program, end in enumerate(chosen))
    assert all(chosen.count(end) <= count for end, count in enumerate(counts))
    assert sum(end is not None for end in chosen) == best_by_trying(counts, fits)


def test_a_thousand_programs_are_assigned_in_no_time() -> None:
    fits = [[True, program % 2 == 0, program % 3 == 0] for program in range(1000)]

    assert None not in assign([400, 400, 200], fits)


def test_system_calls_are_judged_where_there_is_a_record_of_them() -> None:
    """The record is whole later than all else; until then nothing is said of it."""
    end = End(syscalls=(Syscall("bind", error="EADDRINUSE"),))

    assert complaints(end, Ended(0)) == []
    assert complaints(end, Ended(0, calls=calls(f"bind(3) = {IN_USE}"))) == []
    assert complaints(end, Ended(0, calls=())) == [
        "syscalls: expected bind that fails with EADDRINUSE, and no call came at all"
    ]


def test_of_several_programs_the_calls_of_each_are_judged() -> None:
    endeds = [Ended(0, name="a-1", calls=calls("listen(3) = 0")), Ended(0, name="a-2", calls=calls("bind(3) = 0"))]

    assert judge_all([End(syscalls=(Syscall("listen"),))], endeds, default_exits=AFTER_RUN, strict=False) == [
        "a-2: syscalls: expected listen, and it never came; what came is:\n  bind(3) = 0"
    ]


def test_programs_of_a_list_are_told_apart_by_their_calls() -> None:
    """Whichever of two servers was refused the port."""
    ends = [End(count=1, syscalls=(Syscall("listen"),)), End(count=1, syscalls=(Syscall("bind", error="EADDRINUSE"),))]
    served, refused = Ended(0, calls=calls("listen(3) = 0")), Ended(0, calls=calls(f"bind(3) = {IN_USE}"))

    for endeds in ([served, refused], [refused, served]):
        assert judge_all(ends, endeds, default_exits=AFTER_RUN, strict=False) == []
    assert judge_all(ends, [served, served], default_exits=AFTER_RUN, strict=False) != []
