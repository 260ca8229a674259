"""System calls are judged as the language says: in order, gaps allowed, and those with a count wherever they stand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from labctl.check.calls import LONGEST_ARGUMENTS, MOST_SHOWN, fits, judged_calls
from labctl.observe.story import CallSeen
from labctl.scenario.model import Num, Span, Syscall
from tests.unit.check.calls_made import IN_USE, SERVER, call, calls

SECOND_SERVER = calls("socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[11]>", f"bind(3<TCP:[11]>, …) = {IN_USE}")


def judged(*wanted: Syscall, of: tuple[CallSeen, ...] = SERVER) -> list[str]:
    return judged_calls(wanted, of)


def in_order(*names: str, of: tuple[CallSeen, ...] = SERVER) -> list[str]:
    return judged(*map(Syscall, names), of=of)


def test_calls_come_in_their_order_with_gaps_between() -> None:
    assert in_order("socket", "bind", "listen", "accept4", "close", "close", "exit_group") == []
    assert in_order("socket", "exit_group") == []
    assert in_order() == []


@pytest.mark.parametrize(
    ("family", "member"),
    [("read", "recvfrom"), ("recv", "recvfrom"), ("write", "sendto"), ("send", "sendto"), ("accept", "accept4")],
)
def test_a_word_stands_for_its_family(family: str, member: str) -> None:
    assert in_order(family) == in_order(member) == []


def test_a_member_stands_for_itself_alone() -> None:
    assert in_order("recvmsg") != []


def test_what_comes_only_before_is_said_with_its_call() -> None:
    assert in_order("listen", "bind") == [
        "expected bind after listen, and it came only before:\n"
        '  bind(3<TCP:[11]>, {sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
    ]


def test_each_call_is_taken_once() -> None:
    assert in_order("close", "close") == []
    assert in_order("close", "close", "close")[0].startswith("expected close after close, and it came only before:")


def test_calls_that_began_first_come_first_however_they_are_listed() -> None:
    assert in_order("socket", "bind", of=SERVER[::-1]) == []


def test_calls_on_files_are_not_looked_at() -> None:
    """The interpreter reads its own modules, and what it prints is written too."""
    printed = call('write(1</dev/pts/0>, "hello", 5) = 5', at_ms=1, group="file")

    assert judged(Syscall("write"), of=(printed,)) == ["expected write, and no call came at all"]
    assert judged(Syscall("write", count=Num(0, 0)), of=(printed,)) == []


def test_what_came_instead_is_shown_from_there_on() -> None:
    assert in_order("close", "poll") == [
        "expected poll after close, and it never came; what came then:\n"
        "  close(3<TCP:[0.0.0.0:51717]>) = 0\n"
        "  exit_group(0) did not return"
    ]
    assert in_order("exit_group", "poll") == ["expected poll after exit_group, and no call came then"]


def test_others_of_its_name_are_the_nearest_thing() -> None:
    assert judged(Syscall("socket"), Syscall("bind", error="EADDRINUSE")) == [
        "expected bind that fails with EADDRINUSE after socket, and no bind was so:\n"
        '  bind(3<TCP:[11]>, {sa_family=AF_INET, sin_port=htons(51717), sin_addr=inet_addr("0.0.0.0")}, 16) = 0'
    ]


def test_many_calls_are_not_all_shown() -> None:
    (complaint,) = judged(Syscall("poll"), of=calls(*(f"close({number}) = 0" for number in range(30))))

    assert complaint.count("\n") == MOST_SHOWN + 1
    assert complaint.endswith(f"\n  … and {30 - MOST_SHOWN} more")


def test_long_arguments_are_cut_and_the_result_stays() -> None:
    (complaint,) = judged(Syscall("poll"), of=calls(f'sendto(3, "{"x" * 500}", 500) = 500'))
    line = complaint.split("\n")[1]

    assert line.endswith("…) = 500")
    assert len(line) < LONGEST_ARGUMENTS + 30


def test_what_a_program_wrote_can_not_steer_a_terminal() -> None:
    (complaint,) = judged(Syscall("poll"), of=calls('sendto(3, "\x1b[31m", 5) = 5'))

    assert "\x1b" not in complaint


def test_arguments_are_a_part_of_straces_text() -> None:
    assert judged(Syscall("bind", args="htons(51717)")) == []
    (complaint,) = judged(Syscall("bind", args="htons(51718)"))
    assert complaint.startswith("expected bind with 'htons(51718)', and no bind was so:\n  bind(3<TCP:[11]>, ")


@pytest.mark.parametrize(
    ("wanted", "so"),
    [
        (Syscall("bind", error="EADDRINUSE"), True),
        (Syscall("bind", error="EACCES"), False),
        (Syscall("bind", returns=Num(0, 0)), False),
        (Syscall("bind", returns=Num(None, 5)), False),
        (Syscall("bind"), True),
        (Syscall("socket", returns=Num(3, 3)), True),
        (Syscall("socket", returns=Num(1, None)), True),
        (Syscall("socket", error="EACCES"), False),
    ],
)
def test_a_call_fails_with_an_error_or_returns_a_number(wanted: Syscall, so: bool) -> None:
    """What failed has returned nothing, -1 neither."""
    assert (judged(wanted, of=SECOND_SERVER) == []) == so


@pytest.mark.parametrize(("took_ms", "so"), [(199.0, False), (200.0, True), (500.0, True), (500.1, False)])
def test_the_bounds_of_took_are_included(took_ms: float, so: bool) -> None:
    waited = call("accept4(3, …) = 4", at_ms=1, took_ms=took_ms)

    assert fits(Syscall("accept", took=Span(0.2, 0.5)), waited) == so


def test_a_slow_machine_stretches_max_and_not_min() -> None:
    made = (call("connect(3, …) = 0", at_ms=1, took_ms=90.0),)

    assert judged_calls([Syscall("connect", took=Span(None, 0.05))], made, time_scale=2.0) == []
    assert judged_calls([Syscall("connect", took=Span(0.1, 0.3))], made, time_scale=2.0) == [
        "expected connect that takes at least 0.1 s and at most 0.6 s, and no connect was so:\n"
        "  connect(3, …) = 0, in 0.090 s"
    ]


@pytest.mark.parametrize(
    ("wanted", "so"),
    [
        (Syscall("recvfrom"), True),
        (Syscall("recvfrom", args="255"), True),
        (Syscall("recvfrom", count=Num(1, 1)), True),
        (Syscall("recvfrom", error="EAGAIN"), False),
        (Syscall("recvfrom", returns=Num(0, None)), False),
        (Syscall("recvfrom", took=Span(0.0, None)), False),
    ],
)
def test_a_call_that_never_returned_has_no_outcome_and_no_end(wanted: Syscall, so: bool) -> None:
    """Such as one in which a program was killed."""
    assert (judged(wanted, of=(call("recvfrom(4, 255)", at_ms=1),)) == []) == so


def test_a_call_with_a_count_is_counted_wherever_it_stands() -> None:
    assert judged(Syscall("close", count=Num(2, 2)), Syscall("socket"), Syscall("close")) == []
    assert judged(Syscall("close", args="51717", count=Num(1, None)), Syscall("exit_group")) == []


def test_a_call_that_must_never_come_is_shown_where_it_came() -> None:
    assert judged(Syscall("listen", count=Num(0, 0))) == [
        "expected listen: never, it came once:\n  listen(3<TCP:[0.0.0.0:51717]>, 5) = 0"
    ]
    assert judged(Syscall("connect", args="htons(51717)", count=Num(0, 0))) == []


def test_too_few_are_said_with_those_that_were_not_so() -> None:
    assert judged(Syscall("sendto", returns=Num(20, None), count=Num(5, 5))) == [
        "expected sendto that returns at least 20: 5 times, it came never; no other sendto was so:\n"
        '  sendto(4<TCP:[10.0.0.2:51717->10.0.0.3:40112]>, "I got your message", 18, 0, NULL, 0) = 18'
    ]
    assert judged(Syscall("poll", count=Num(1, None))) == ["expected poll: at least once, it came never"]


def test_too_many_are_shown() -> None:
    (complaint,) = judged(Syscall("close", count=Num(None, 1)))

    assert complaint.startswith("expected close: at most once, it came 2 times:\n  close(4")
    assert complaint.count("\n") == 2


def test_the_first_that_is_missing_is_said_and_every_count() -> None:
    complaints = judged(
        Syscall("poll"), Syscall("select"), Syscall("bind", count=Num(0, 0)), Syscall("fork", count=Num(1, 1))
    )

    assert [complaint.split(",")[0] for complaint in complaints] == [
        "expected poll",
        "expected bind: never",
        "expected fork: once",
    ]


NAMES = st.lists(st.sampled_from(["socket", "bind", "close"]), max_size=8)


@settings(deadline=None)
@given(wanted=NAMES, came=NAMES)
def test_calls_are_as_expected_when_the_rest_can_be_struck_out(wanted: list[str], came: list[str]) -> None:
    left = iter(came)
    is_subsequence = all(name in left for name in wanted)

    assert (in_order(*wanted, of=calls(*(f"{name}(3) = 0" for name in came))) == []) == is_subsequence
