"""What strace has written, as calls, signals, ends and problems."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from labctl.observe.trace.groups import group_of
from labctl.observe.trace.sockets import followed
from labctl.observe.trace.strace import read
from tests.unit.observe.trace.traced import REAL, TCP, call, trace, written

SAME_EVERYWHERE = settings(deadline=None, derandomize=True, database=None)


def test_a_call_in_a_line_of_its_own() -> None:
    """Name, arguments, result, and what its descriptor leads to."""
    found = call(f'sendto(4<{TCP}>, "hello", 5, 0, NULL, 0) = 5 <0.000029013>')
    assert (found.pid, found.name, found.returned, found.error) == (7, "sendto", 5, "")
    assert found.arguments == f'4<{TCP}>, "hello", 5, 0, NULL, 0'
    assert (found.descriptor, found.leads_to) == (4, TCP)
    assert (found.begins_ns, found.ends_ns, found.took_ns) == (1_000_000_000, 1_000_029_013, 29_013)
    assert (found.first_line, found.last_line) == (1, 1)


@pytest.mark.parametrize(
    ("text", "returned", "error", "error_text"),
    [
        ("bind(3) = -1 EADDRINUSE (Address already in use) <0.000001000>", -1, "EADDRINUSE", "Address already in use"),
        ("close(4000)  = -1 EBADF (Bad file descriptor) <0.000001000>", -1, "EBADF", "Bad file descriptor"),
        ("statx(1) = -1 (errno 524) <0.000001000>", -1, "errno 524", ""),
        ("mmap(NULL, 8192) = 0x7f2d6276a000 <0.000001000>", 0x7F2D6276A000, "", ""),
        ("poll([], 0, 10) = 0 (Timeout) <0.000001000>", 0, "", ""),
        ("poll([{fd=3, events=POLLIN}], 1, 1) = 1 ([{fd=3, revents=POLLIN}]) <0.000001000>", 1, "", ""),
        ("dup(3) = 4</tmp/a) = 9> <0.000001000>", 4, "", ""),
        ("fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK) <0.000001000>", 0x802, "", ""),
        ("exit_group(0) = ?", None, "", ""),
        (
            "pause()      = ? ERESTARTNOHAND (To be restarted if no handler) <0.000001000>",
            None,
            "ERESTARTNOHAND",
            "To be restarted if no handler",
        ),
    ],
)
def test_results(text: str, returned: int | None, error: str, error_text: str) -> None:
    """Decimal and hexadecimal numbers, errors with their names, and what strace adds in words."""
    found = call(text)
    assert (found.returned, found.error, found.error_text) == (returned, error, error_text)
    assert found.result == text.rpartition("= ")[2].partition(" <")[0] or "<" in found.result


def test_one_that_never_returned_has_no_end() -> None:
    """exit_group, or a process killed in a call; not one that a signal interrupted."""
    assert call("exit_group(0) = ?").ends_ns is None
    killed = trace("7 wait4(-1,  <unfinished ...>", "7 <... wait4 resumed> <unfinished ...>) = ?").calls[0]
    assert (killed.arguments, killed.ends_ns, killed.last_line) == ("-1, ", None, 2)
    interrupted = call("pause() = ? ERESTARTNOHAND (To be restarted if no handler) <0.010000000>")
    assert interrupted.is_restarted
    assert interrupted.ends_ns == 1_010_000_000
    assert not call("close(3) = 0 <0.000001000>").is_restarted


def test_an_interrupted_call_is_put_together() -> None:
    """Its end is when strace wrote the second line; other processes' lines lie between."""
    found = trace(
        "7 accept4(3<TCP:[0.0.0.0:5]>,  <unfinished ...>",
        "8 close(4) = 0 <0.000001000>",
        "7 <... accept4 resumed>{sa_family=AF_INET}, [16], SOCK_CLOEXEC) = 5<TCP:[1.1.1.1:5->1.1.1.1:6]> <0.001900000>",
    )
    accept, close = found.calls
    assert accept.arguments == "3<TCP:[0.0.0.0:5]>, {sa_family=AF_INET}, [16], SOCK_CLOEXEC"
    assert accept.result == "5<TCP:[1.1.1.1:5->1.1.1.1:6]>"
    assert (accept.begins_ns, accept.ends_ns, accept.ends_by_ns) == (1_000_000_000, 1_002_000_000, 1_002_000_000)
    assert (accept.first_line, accept.last_line, close.pid) == (1, 3, 8)


def test_a_call_ends_before_the_next_line() -> None:
    """strace looks at arguments first: what lies between its time and the next line's is when it may have returned."""
    first, last = trace("7 close(3) = 0 <0.000001000>", "7 close(4) = 0 <0.000001000>").calls
    assert (first.ends_ns, first.ends_by_ns) == (1_000_001_000, 1_001_000_000)
    assert last.ends_by_ns == last.ends_ns


def test_one_that_was_never_resumed() -> None:
    """The record ended while it blocked: it has begun, which is no problem."""
    found = trace(f"7 read(3<{TCP}>,  <unfinished ...>")
    assert (found.calls[0].name, found.calls[0].ends_ns, found.calls[0].leads_to) == ("read", None, TCP)


def test_resumed_without_a_beginning() -> None:
    """What is there is shown: the call began as long ago as it took."""
    found = read(written("7 close(3) = 0 <0.000001000>", '7 <... read resumed>"x", 1) = 1 <0.000500000>'))
    assert (found.calls[1].name, found.calls[1].begins_ns, found.calls[1].returned) == ("read", 1_000_500_000, 1)
    assert [str(problem) for problem in found.problems] == ["line 2: the call 'read' is resumed, and was not begun"]


def test_a_resumed_call_that_is_cut_off() -> None:
    """It stays one that has begun, and the line is said."""
    found = read(written("7 read(3,  <unfinished ...>", '7 <... read resumed>"x') + b"7 1.000000 <... read resu")
    assert [(call.ends_ns, call.last_line) for call in found.calls] == [(None, 1)]
    assert [problem.line for problem in found.problems] == [2, 3]


def test_a_call_that_goes_on_nowhere() -> None:
    """A process makes one call at a time, so another one says that the rest of the first is lost."""
    for next_line in ("7 close(3) = 0 <0.000001000>", "7 <... write resumed>) = 1 <0.000001000>"):
        found = read(written("7 read(3,  <unfinished ...>", next_line))
        assert str(found.problems[0]) == "line 1: the call 'read' goes on nowhere"
        assert len(found.calls) == 2


@pytest.mark.parametrize(
    "data",
    [r"\") = 3 <0.1>", " <unfinished ...>", " = 5", "a, b(", "<{[", r"\\", "--- SIGINT ---", "<... read resumed>"],
)
def test_what_a_program_writes_is_not_taken_for_strace(data: str) -> None:
    """Quotes, brackets and strace's own words in a string are a string."""
    found = call(f'write(1</dev/pts/0<char 136:0>>, "{data}", 12) = 12 <0.000001000>')
    assert found.arguments == f'1</dev/pts/0<char 136:0>>, "{data}", 12'
    assert (found.returned, found.leads_to) == (12, "/dev/pts/0<char 136:0>")
    cut = call(f'write(1, "{data}"..., 300) = 300 <0.000001000>')
    assert cut.returned == 300


@pytest.mark.parametrize(
    "leads_to",
    [
        "TCPv6:[[fd00::1]:1234->[fd00::2]:5]",
        "NETLINK:[ROUTE:4242]",
        "socket:[123]",
        r'UNIX-STREAM:[972615,"a]>\"<b>) = 3\\ -"]',
        'UNIX:[5,@"dg"]',
        "anon_inode:[eventpoll]",
        r"/lab/d\74-\76\"]) = 3/z-",
        "/dev/ptmx<char 5:2>",
    ],
)
def test_what_descriptors_lead_to(leads_to: str) -> None:
    """Sockets with and without addresses, devices, and names that try to be something else."""
    found = call(f"read(3<{leads_to}>, 0x7ff, 4) = 0 <0.000001000>")
    assert (found.descriptor, found.leads_to, found.returned) == (3, leads_to, 0)
    assert call(f"read(3<{leads_to}>(deleted), 0x7ff, 4) = 0 <0.000001000>").leads_to == leads_to


def test_numbers_that_are_no_descriptors() -> None:
    """A process, a status: nothing that leads anywhere. An address is no number."""
    for text in ("kill(14, SIGTERM)", "exit(0)", "wait4(14, NULL, 0, NULL)", "brk(0x55)", "mmap(NULL, 5)"):
        assert call(f"{text} = 0 <0.000001000>").descriptor is None
    assert call("close(3) = 0 <0.000001000>").descriptor == 3


def test_signals() -> None:
    """One that came, with strace's words, and a stop."""
    came, stopped = trace(
        "7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8} ---", "7 --- stopped by SIGSTOP ---"
    ).signals
    assert (came.pid, came.name, came.is_stop, came.line) == (7, "CHLD", False, 1)
    assert came.detail == "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8}"
    assert (stopped.name, stopped.detail, stopped.is_stop) == ("STOP", "stopped by SIGSTOP", True)


def test_ends() -> None:
    """A status, a signal, a core dump."""
    ends = trace(
        "7 +++ exited with 3 +++", "8 +++ killed by SIGKILL +++", "9 +++ killed by SIGSEGV (core dumped) +++"
    ).ends
    assert [end.ending for end in ends] == ["exit 3", "signal KILL", "signal SEGV"]
    assert [end.dumped_core for end in ends] == [False, False, True]
    assert [end.at_ns for end in ends] == [1_000_000_000, 1_001_000_000, 1_002_000_000]


def test_a_thread_that_executes_a_program_goes_on_as_its_process() -> None:
    """Its call begins under one number and returns under another."""
    found = trace(
        "7 pause( <unfinished ...>",
        '8 execve("/bin/true", ["true"], 0x7 /* 3 vars */ <unfinished ...>',
        "7 <... pause resumed>) = ?",
        "7 +++ superseded by execve in pid 8 +++",
        "7 <... execve resumed>) = 0 <0.003000000>",
    )
    execve = found.calls[1]
    assert (execve.pid, execve.returned, execve.last_line) == (8, 0, 5)
    assert (found.ends[0].superseded_by, found.ends[0].ending) == (8, "superseded by 8")


def test_a_process_that_ended_resumes_nothing() -> None:
    """Another one may get its number."""
    found = trace("7 read(3,  <unfinished ...>", "7 +++ killed by SIGKILL +++", "7 close(3) = 0 <0.000001000>")
    assert [call.ends_ns is None for call in found.calls] == [True, False]


def test_straces_own_notices_are_no_lines_of_a_program() -> None:
    """They are left out, and are no problem."""
    text = (
        b"strace: Process 9 attached\n1     1.000000 close(3) = 0 <0.000001>\n[ Process PID=9 runs in 32 bit mode. ]\n"
    )
    found = read(text)
    assert (found.problems, len(found.calls)) == ((), 1)
    assert (found.calls[0].pid, found.calls[0].begins_ns, found.calls[0].took_ns) == (1, 1_000_000_000, 1000)


@pytest.mark.parametrize(
    "line", ["garbage", "7 hello(", "7 1.5 close(3) = 0", "\x00\xff", "7 1.000000000 ", "x" * 5000]
)
def test_a_line_that_means_nothing_is_said(line: str) -> None:
    """By its number; the others are read."""
    found = read(written("7 close(3) = 0 <0.000001000>") + line.encode("latin-1") + b"\n" + written("7 close(4) = 0"))
    assert [problem.line for problem in found.problems] == [2]
    assert [call.last_line for call in found.calls] == [1, 3]


def test_the_end_of_a_record_that_was_cut() -> None:
    """However much of its last line is there: a result's last digits may be missing, so none is believed."""
    line = written('7 write(1</tmp/a>, "x = 3", 35) = 35 <0.000001000>').rstrip()
    for length in range(len(line)):
        found = read(line[:length])
        assert all(call.returned is None and call.ends_ns is None for call in found.calls)
        assert len(found.problems) == (1 if length else 0)
    assert read(line).calls[0].returned == 35


@pytest.mark.parametrize("name", REAL)
def test_what_real_programs_left_is_read_whole(name: str) -> None:
    """Every line is a call, half of one, a signal or an end."""
    found = read(REAL[name])
    assert found.problems == ()
    lines = REAL[name].decode().splitlines()
    assert len(found.calls) == sum(re.match(r"\d+ +[\d.]+ \w+\(", line) is not None for line in lines)
    assert len(found.signals) == sum(" --- " in line for line in lines)
    assert len(found.ends) == sum(" +++ " in line for line in lines)
    resumed = [line for line in lines if " resumed>" in line]
    assert sum(call.last_line > call.first_line for call in found.calls) == len(resumed)


@SAME_EVERYWHERE
@given(some.data())
def test_no_text_is_too_broken(data: some.DataObject) -> None:
    """Cut, with pieces lost, doubled and changed: never an exception, and no line is lost without a word."""
    text = bytearray(REAL[data.draw(some.sampled_from(sorted(REAL)))])
    for _ in range(data.draw(some.integers(0, 8))):
        at, length = data.draw(some.integers(0, len(text))), data.draw(some.integers(0, 200))
        piece = data.draw(some.one_of(some.binary(max_size=8), some.just(bytes(text[at : at + length]))))
        text[at : at + data.draw(some.integers(0, 60))] = piece
    found = read(bytes(text))
    result = followed(found)
    assert len(result.uses) == len(found.calls)
    assert {group_of(call) for call in found.calls} <= {"socket", "process", "signal", "file"}
    said = {line for call in found.calls for line in (call.first_line, call.last_line)}
    said |= {signal.line for signal in found.signals} | {end.line for end in found.ends}
    said |= {problem.line for problem in found.problems}
    lines = enumerate(bytes(text).decode("utf-8", "backslashreplace").split("\n"), 1)
    unsaid = [line for number, line in lines if line and number not in said]
    assert all(line.startswith("strace: ") for line in unsaid)


@SAME_EVERYWHERE
@given(some.text(alphabet='7 1.0()<>[]{}"\\=,?+-EAx\n:/_', max_size=300))
def test_no_text_of_straces_letters_is_too_broken(text: str) -> None:
    """Whatever the brackets and quotes are."""
    found = read(b"7 1.000000 f(" + text.encode())
    assert len(followed(found).uses) == len(found.calls)


def test_ten_thousand_calls_take_a_part_of_a_second() -> None:
    """And twice as many twice as long: nothing is looked at again and again, in hostile lines either."""
    calls = REAL["threads"] * 130
    assert _seconds(calls) < 0.5
    for hostile in (b"f(" + b"<a:[" * 50_000, b'f(1<a:["' * 40_000, b"f(" * 100_000, b"f(1) = " + b" <" * 100_000):
        assert _seconds(b"7 1.000000 " + hostile + b"\n") < 0.5


def _seconds(text: bytes) -> float:
    """Of this process's own time: the machine may be busy."""
    before = time.process_time()
    read(text)
    return time.process_time() - before
