"""Traced programs do as they do untraced, and the record of each is whole, or says that it isn't.

The fake engine keeps this too: its programs are traced by whoever runs labctl. Two things differ for a program that is
traced. Stopped by a signal it is in state t, not T; and it can't ask to be traced by its own parent (ptrace(2)).
"""

from __future__ import annotations

import re
import signal

import pytest

from labctl.agent import kernel
from labctl.hosts.launch import NotStarted, launch, started
from labctl.hosts.program import Program
from tests.contract.conftest import Shared
from tests.contract.hosts import Running, StandingLab, begin_all, python
from tests.contract.traces import ends_in, told_of, trace_of
from tests.contract.waiting import until

BUSY = """
    import os, sys
    out = os.open("/dev/null", os.O_WRONLY)
    print("ready")
    while True:
        os.write(out, b"x")
"""


def test_nothing_is_traced_unasked(any_shared: Shared) -> None:
    """A lab where nobody asked for it has no tracer and tells of no system call."""
    standing = any_shared.take()
    assert standing.heard_of(standing.host("left").run("echo", "done")) == ["output", "ended", "gone"]
    any_shared.give_back()


def test_a_trace_begins_with_execve_and_ends_with_the_end(any_traced_lab: StandingLab) -> None:
    """From the program's own execve(2) on, with its words, to its exit; nothing of who prepared it."""
    for _ in range(5):
        program = any_traced_lab.host("left").run("sh", "-c", "exit 3")
        first, *_, last = trace_of(any_traced_lab, program).splitlines()
        pid = rf"{program.pid} +\d+\.\d{{9}}"
        assert re.match(rf'{pid} execve\("\S*/sh", \["sh", "-c", "exit 3"\], .*\) = 0 <\d+\.\d{{9}}>$', first), first
        assert re.match(rf"{pid} \+\+\+ exited with 3 \+\+\+$", last), last


def test_the_trace_comes_before_the_programs_last_word(any_traced_lab: StandingLab) -> None:
    """When all of it is gone, all of its trace was told."""
    kinds = any_traced_lab.heard_of(any_traced_lab.host("left").run("echo", "done"))
    assert kinds[-1] == "gone"
    assert sorted({*kinds}) == ["ended", "gone", "output", "traced"]


def test_sockets_are_told_with_their_addresses(any_traced_lab: StandingLab) -> None:
    """A call on a connected socket says where it leads from and to."""
    program = any_traced_lab.host("left").run_python(
        """
        import socket
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with socket.create_connection(listener.getsockname()) as caller, listener.accept()[0] as stream:
                caller.sendall(b"hello")
                assert stream.recv(5) == b"hello"
        """
    )
    assert program.ending == "exit 0", program
    trace = trace_of(any_traced_lab, program)
    connection = r"\d+<TCP:\[127\.0\.0\.1:\d+->127\.0\.0\.1:\d+\]>"
    assert re.search(rf'sendto\({connection}, "hello", 5, ', trace)
    assert re.search(rf'recvfrom\({connection}, "hello", 5, ', trace)
    assert re.search(r"accept4\(\d+<TCP:\[127\.0\.0\.1:\d+\]>, ", trace)


def test_children_and_daemons_are_followed(any_traced_lab: StandingLab) -> None:
    """Whoever descends from a program is in its trace up to its end, however it left."""
    program = any_traced_lab.host("left").run_python(
        """
        import os, time
        main = os.getpid()
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                while os.path.exists(f"/proc/{main}"): time.sleep(0.001)
                print("daemon", os.getpid())
                os._exit(7)
            os._exit(6)
        os.wait()
        """
    )
    ends = ends_in(trace_of(any_traced_lab, program))
    assert ends[program.pid] == "exited with 0"
    assert ends[int(program.stdout.split()[1])] == "exited with 7"
    assert sorted(ends.values()) == ["exited with 0", "exited with 6", "exited with 7"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGKILL], ids=lambda one: one.name)
def test_a_signal_that_ends_a_program_is_told_and_traced(any_traced_lab: StandingLab, number: signal.Signals) -> None:
    """Its end is the same as untraced, has come when the signal is answered, and the trace is whole."""
    left = any_traced_lab.host("left")
    program = left.begin("sleep", "60")
    assert program.signal(number).get("ok")
    assert left.state_of(program.pid) in ("", "Z")
    assert program.ended().gone().program.signal == number
    assert ends_in(trace_of(any_traced_lab, program)) == {program.pid: f"killed by {number.name}"}
    assert told_of(any_traced_lab, program, "broken") == []


def test_the_trace_of_killed_families_is_whole(any_traced_lab: StandingLab) -> None:
    """The request to kill ends every process, whatever each was doing, and the trace has the end of each."""
    for _ in range(20):
        program = any_traced_lab.host("left").begin("sh", "-c", "sleep 60 & sleep 60 & sleep 60 & echo ready; wait")
        program.printed(b"ready\n").answer("kill")
        assert program.gone().ending == "signal KILL"
        assert [*ends_in(trace_of(any_traced_lab, program)).values()] == ["killed by SIGKILL"] * 4
        assert told_of(any_traced_lab, program, "broken") == []


def test_stop_has_stopped_a_traced_program(any_traced_lab: StandingLab) -> None:
    """One that makes a call after another makes none after STOP is answered, and goes on after CONT."""
    left = any_traced_lab.host("left")
    program = left.begin_python(BUSY).printed(b"ready\n")
    for _ in range(5):
        assert program.signal(signal.SIGSTOP).get("ok")
        assert left.state_of(program.pid) == "t"
        stopped = switches(program)
        left.run("true")
        assert switches(program) == stopped
        assert program.signal(signal.SIGSTOP).get("ok")  # once more is no more
        assert program.signal(signal.SIGCONT).get("ok")
        assert switches(program) > stopped


def switches(program: Running) -> int:
    """How often it has let go of its processor by now: what runs under a tracer does so at each call."""
    text = program.host.run("cat", f"/proc/{program.pid}/status").stdout.decode()
    rows = dict(line.split(":", 1) for line in text.splitlines())
    return int(rows["voluntary_ctxt_switches"])


def test_signals_that_are_caught_or_ignored_are_taken(any_traced_lab: StandingLab) -> None:
    """A traced program's handlers run, what it ignores is taken at once, what it blocks is not."""
    program = any_traced_lab.host("left").begin_python(
        """
        import signal
        signal.signal(signal.SIGUSR1, lambda *_: print("caught"))
        signal.signal(signal.SIGUSR2, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
        print("ready")
        while True:
            signal.pause()
        """
    )
    program.printed(b"ready\n")
    assert program.signal(signal.SIGUSR1).get("ok")
    program.printed(b"caught\n")
    assert program.signal(signal.SIGUSR2).get("ok")
    assert not program.answer("signal", signal=int(signal.SIGHUP), seconds=0).get("ok")
    program.signal(signal.SIGSTOP)
    assert not program.answer("signal", signal=int(signal.SIGUSR1), seconds=0).get("ok")


def test_states_are_those_of_the_program(any_traced_lab: StandingLab) -> None:
    """Its children, its zombies and the call it blocks in: its tracer is none of them."""
    program = any_traced_lab.host("left").begin_python(
        """
        import os, signal
        if os.fork() == 0:
            os._exit(0)
        if os.fork() == 0:
            signal.pause()
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        print("ready")
        os.read(0, 1)
        """,
        window=True,
    )
    program.printed(b"ready\n")
    answer = program.state({"children": [1, 1], "zombies": [1, 1], "blocked": "read"})
    assert answer.held, answer
    assert not answer.seen["stopped"]


def test_an_interrupt_at_the_terminal_is_the_programs(any_traced_lab: StandingLab) -> None:
    """Ctrl-C ends the program in the window and not its tracer."""
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('ready'); signal.pause()"
    program = any_traced_lab.host("left").begin_python(code, window=True).printed(b"ready\n")
    program.feed(b"\x03")
    assert program.ended().gone().ending == "signal INT"
    assert ends_in(trace_of(any_traced_lab, program))[program.pid] == "killed by SIGINT"
    assert told_of(any_traced_lab, program, "broken") == []


def test_fifty_programs_are_traced_at_once(any_traced_lab: StandingLab) -> None:
    """Each has a trace of its own, whole from its execve(2) to its end."""
    commands = [python("import sys; sys.exit(int(sys.stdin.readline()))", number) for number in range(50)]
    programs = begin_all([any_traced_lab.host("left")], *commands, window=True)
    for number, program in enumerate(programs):
        program.feed(b"%d\n" % number)
    for number, program in enumerate(programs):
        assert program.ended().gone().program.status == number
        trace = trace_of(any_traced_lab, program)
        assert re.match(rf'{program.pid} +[\d.]+ execve\("\S*/python3", \[.*, "{number}"\], ', trace), trace[:300]
        assert ends_in(trace) == {program.pid: f"exited with {number}"}


def test_tracing_ends_when_it_is_asked_to(any_traced_lab: StandingLab) -> None:
    """A program that was begun before is traced to its end, one that is begun afterwards isn't."""
    left = any_traced_lab.host("left")
    before = left.begin("cat", window=True)
    conversation = any_traced_lab.conversation
    assert conversation.answer(conversation.ask("left", "trace", off=True)).get("ok")
    assert any_traced_lab.heard_of(left.run("true")) == ["ended", "gone"]
    before.feed(b"\x04").gone()
    assert ends_in(trace_of(any_traced_lab, before)) == {before.pid: "exited with 0"}
    any_traced_lab.trace()
    assert trace_of(any_traced_lab, left.run("true"))


def test_programs_aside_are_not_traced(any_traced_lab: StandingLab) -> None:
    """Though those beside them are."""
    left = any_traced_lab.host("left")
    program = Program(name="aside", host="left", number=left.number(), command=("true",), key="aside")
    ticket = launch(left.conversation, program, environment={}, window=False, aside=True)
    started(left.conversation, program, ticket)
    aside = Running(left, program, program.pid).gone()
    assert any_traced_lab.heard_of(aside) == ["ended", "gone"]
    assert "traced" in any_traced_lab.heard_of(left.run("true"))


@pytest.mark.parametrize("how", ["time", "kill"])
def test_a_program_that_is_killed_before_it_began_is_not_begun(any_traced_lab: StandingLab, how: str) -> None:
    """While its order waits for its tracer: it ends, and does nothing."""
    left = any_traced_lab.host("left")
    number = left.number()
    program = Program(name="sh", host="left", number=number, command=("sh", "-c", "echo begun; sleep 60"), key="early")
    seconds = 0.0 if how == "time" else None
    left.conversation.answer(left.conversation.ask("left", "trace"))  # one waits by now
    tickets = [launch(left.conversation, program, environment={}, window=False, seconds=seconds)]
    if how == "kill":
        tickets.append(left.conversation.ask("left", "kill", program="early"))
    assert all(left.conversation.answer(ticket).get("ok") for ticket in tickets)
    early = Running(left, program, 0).ended().gone()
    assert early.ending == "signal KILL"


def test_time_limits_of_many_at_once_spare_others(traced_lab: StandingLab) -> None:
    """Whoever runs beside them goes on, whoever was stopped before stays so."""
    left = traced_lab.host("left")
    reader = left.begin("cat", window=True)
    busy = [left.begin_python(BUSY).printed(b"ready\n") for _ in range(3)]
    stopped = left.begin("sleep", "60")
    stopped.signal(signal.SIGSTOP)
    many = begin_all([left], *[["sleep", "60"]] * 8, seconds=1.0)
    assert [one.gone().ending for one in many] == ["signal KILL"] * 8
    reader.feed(b"still here\n").printed(b"still here\n")
    for one in busy:
        before = switches(one)
        assert until(lambda one=one, before=before: switches(one) > before, within_s=10)  # type: ignore[misc]  # mypy can't type it
    assert left.state_of(stopped.pid) == "t"
    stopped.signal(signal.SIGCONT)
    stopped.signal(signal.SIGTERM)
    assert stopped.ended().ending == "signal TERM"


def test_a_tracer_has_one_right(traced_lab: StandingLab) -> None:
    """To trace, and no other that the agent has."""
    rows = traced_lab.host("left").tell(
        """
        import json, os
        rows = dict(line.split(":", 1) for line in open("/proc/self/status"))
        tracer = dict(line.split(":", 1) for line in open(f"/proc/{int(rows['TracerPid'])}/status"))
        print(json.dumps([int(tracer[name], 16) for name in ("CapPrm", "CapEff")]))
        """
    )
    assert rows == [1 << kernel.CAP_SYS_PTRACE] * 2


def test_a_large_trace_is_cut_and_said_to_be(any_traced_lab: StandingLab) -> None:
    """What is more than is kept is thrown away, said once, and the program doesn't notice."""
    any_traced_lab.trace(most=20_000)
    program = any_traced_lab.host("left").run_python("import os\nfor _ in range(2000): os.write(1, b'x')")
    any_traced_lab.trace()
    assert (program.ending, program.stdout) == ("exit 0", b"x" * 2000)
    assert len(trace_of(any_traced_lab, program)) == 20_000
    assert told_of(any_traced_lab, program, "cut") == [True]
    assert any_traced_lab.heard_of(program)[-1] == "gone"


def test_a_program_that_can_not_start_is_told_as_untraced(any_traced_lab: StandingLab) -> None:
    """Its host goes on, and the next program is traced from its beginning."""
    left = any_traced_lab.host("left")
    left.run("sh", "-c", "echo '#!/nowhere' > odd; chmod 755 odd")
    with pytest.raises(NotStarted, match=r"program can't be executed on left: \./odd \(.*\)"):
        left.begin("./odd")
    program = left.run("true")
    assert re.match(rf"{program.pid} +[\d.]+ execve\(", trace_of(any_traced_lab, program))
