"""strace takes hold of a process that lets it, says so, and tells of it to the end."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.agent import tracer
from labctl.agent.tracer import Tracer, begin_tracer, find_strace, let_trace, why_not

NEEDS_STRACE = pytest.mark.skipif(not find_strace(), reason="strace isn't installed on this machine")


def unheard(status: int | None = None) -> Tracer:
    """One that has said nothing yet."""
    one = Tracer(5, 7, 8, 9)
    one.status = status
    return one


def test_hold_is_what_strace_says_it_is() -> None:
    """From the line on that says so; the lines about other processes are neither that nor complaints."""
    one = unheard()
    one.hear(b"strace: Process 6 att")
    assert not one.is_attached
    one.hear(b"ached\nstrace: Process 7 attached\nstrace: Process 7 detached\n")
    assert (one.is_attached, one.complaint) == (True, "")


def test_complaints_are_kept() -> None:
    """Without strace's own name before them, in one line."""
    one = unheard()
    one.hear(b"strace: attach: ptrace(PTRACE_SEIZE, 6): Operation not permitted\nstrace: really\n")
    assert (one.is_attached, one.complaint) == (
        False,
        "attach: ptrace(PTRACE_SEIZE, 6): Operation not permitted; really",
    )


@pytest.mark.parametrize(
    ("said", "status", "failure"),
    [
        (b"strace: Process 6 attached\n", 0, ""),
        (b"strace: Process 6 attached\n", signal.SIGKILL, "its tracer was killed by signal 9"),
        (b"strace: attach: no\n", 1 << 8, "attach: no"),
        (b"", 1 << 8, "its tracer ended with exit status 1"),
        (b"", 0, "its tracer ended with exit status 0"),
        (b"strace: Process 6 attached\nstrace: ptrace: bad\n", 1 << 8, "ptrace: bad"),
    ],
)
def test_a_record_is_whole_only_where_the_tracer_came_to_its_end(said: bytes, status: int, failure: str) -> None:
    """Having had hold of its process, and of its own accord."""
    one = unheard(status)
    one.hear(said)
    assert one.failure == failure


def test_news_is_told_once_and_when_it_is_there() -> None:
    """At once to whoever asks later."""
    one, told = unheard(), list[str]()
    one.when_known(lambda: told.append("known"))
    one.when_over(lambda: told.append("over"))
    one.tell()
    assert told == []
    one.hear(b"strace: Process 6 attached\n")
    one.tell()
    one.tell()
    assert told == ["known"]
    one.status, one.text, one.words = 0, -1, -1
    one.tell()
    assert told == ["known", "over"]
    one.when_over(lambda: told.append("again"))
    assert told == ["known", "over", "again"]


def test_one_that_will_never_have_hold_is_known_by_its_end() -> None:
    """Whoever waits for it need not wait any longer."""
    one, told = unheard(), list[str]()
    one.when_known(lambda: told.append("known"))
    one.words = -1
    one.tell()
    assert told == ["known"]
    assert not one.is_attached


REFUSED = "attach: ptrace(PTRACE_SEIZE, 6): Operation not permitted"


@pytest.mark.parametrize(
    ("said", "yama", "detail", "mend"),
    [
        ("", None, "there is no strace", "apt-get install strace"),
        (REFUSED, "3", "kernel.yama.ptrace_scope is 3", "start the machine anew"),
        (REFUSED, "1", REFUSED, "SYS_PTRACE"),
        (REFUSED, None, REFUSED, "SYS_PTRACE"),
        ("invalid option", None, "invalid option", ""),
    ],
)
def test_what_keeps_from_tracing_is_told_apart(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: str, yama: str | None, detail: str, mend: str
) -> None:
    """A missing command, a machine that lets nobody, a container that doesn't: each with its own mend."""
    scope = tmp_path / "ptrace_scope"
    if yama is not None:
        scope.write_text(f"{yama}\n")
    monkeypatch.setattr(tracer, "_YAMA", str(scope))
    told = why_not(said)
    assert detail in told["detail"]
    assert mend in told["mend"]
    assert bool(told["mend"]) is bool(mend)


@pytest.fixture
def child() -> Iterator[tuple[Tracer, int, int]]:
    """A tracer, a process that lets it trace it, and where a byte has that process execute something and end."""
    beside = begin_tracer(find_strace(), None)
    told, tells = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            let_trace(beside.pid, beside.lets_in)
            os.read(told, 1)
            os.execve("/bin/true", ["true", "enough"], {})
        finally:
            os._exit(1)
    for descriptor in (beside.lets_in, told):
        os.close(descriptor)
    yield beside, pid, tells
    os.close(tells)
    os.kill(pid, signal.SIGKILL)  # it has ended, unless the test failed
    os.waitpid(pid, 0)


@NEEDS_STRACE
def test_a_process_is_traced_from_when_strace_has_hold_to_its_end(child: tuple[Tracer, int, int]) -> None:
    """Attached by its own words, then the text, then the end of both, and exit status 0."""
    beside, pid, tells = child
    assert f"Process {pid} attached" in all_of(beside.words, until=b"\n")
    os.write(tells, b"!")
    text = all_of(beside.text)
    assert 'execve("/bin/true", ["true", "enough"]' in text
    assert text.endswith("+++ exited with 0 +++\n")
    assert os.waitpid(beside.pid, 0)[1] == 0
    for descriptor in (beside.text, beside.words):
        os.close(descriptor)


@NEEDS_STRACE
def test_a_tracer_that_nobody_needs_ends() -> None:
    """When whoever was to be traced is gone before it said who it is."""
    beside = begin_tracer(find_strace(), None)
    os.close(beside.lets_in)
    assert os.waitpid(beside.pid, 0)[1] == 0
    assert (all_of(beside.text), all_of(beside.words)) == ("", "")
    for descriptor in (beside.text, beside.words):
        os.close(descriptor)


@pytest.mark.usefixtures("only_two_pipes")
def test_a_tracer_that_can_not_have_its_pipes_leaves_none_open() -> None:
    """An agent that runs out of descriptors has them back."""
    with pytest.raises(OSError, match="too many"):
        begin_tracer("/bin/strace", None)


def test_what_can_not_be_executed_is_said() -> None:
    """As strace would say it."""
    beside = begin_tracer("/nowhere/strace", None)
    os.write(beside.lets_in, b"1")
    assert all_of(beside.words) == "/nowhere/strace: No such file or directory\n"
    assert os.waitstatus_to_exitcode(os.waitpid(beside.pid, 0)[1]) == 1
    for descriptor in (beside.text, beside.words, beside.lets_in):
        os.close(descriptor)


def all_of(descriptor: int, *, until: bytes = b"") -> str:
    """What comes, to its end or to these bytes."""
    data = b""
    while not until or until not in data:
        assert select.select([descriptor], [], [], 20)[0], data
        piece = os.read(descriptor, 65536)
        if not piece:
            break
        data += piece
    return data.decode()
