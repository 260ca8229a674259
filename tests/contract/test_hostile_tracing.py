"""A traced program that turns against its tracer, or the whole host, gets no further than an untraced one."""

from __future__ import annotations

import signal

import pytest

from tests.contract.hosts import StandingLab, crowding
from tests.contract.test_limits import FORK_BOMBS, OVERSHOOT_S
from tests.contract.traces import ends_in, told_of, trace_of

TRACERS = """
    def tracers():
        import os
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                if open(f"/proc/{pid}/comm").read() == "strace\\n":
                    found.append(int(pid))
            except OSError:
                continue
        return found

    def own_tracer():
        rows = dict(line.split(":", 1) for line in open("/proc/self/status"))
        return int(rows["TracerPid"])
"""


def test_a_time_limit_ends_all_of_a_traced_program(any_traced_lab: StandingLab) -> None:
    """Who is stopped and who left for a session of its own, too."""
    left = any_traced_lab.host("left")
    program = left.begin("sh", "-c", "setsid sleep 60 & kill -STOP $$", seconds=0.5).gone()
    assert (program.ending, program.program.limit) == ("signal KILL", "time")
    assert [*ends_in(trace_of(any_traced_lab, program)).values()] == ["killed by SIGKILL"] * 2


def test_a_traced_fork_bomb_ends_at_its_time_limit(traced_lab: StandingLab) -> None:
    """As an untraced one does, and it spares the programs beside it: who was stopped stays so, others go on."""
    left = traced_lab.host("left")
    reader = left.begin("cat", window=True)
    stopped = left.begin("sleep", "60")
    stopped.signal(signal.SIGSTOP)
    within_s = 0.5 + OVERSHOOT_S * crowding()
    bomb = left.begin_python(FORK_BOMBS["branching"], seconds=0.5).gone(timeout_s=within_s)
    assert (bomb.ending, bomb.program.limit) == ("signal KILL", "time")
    reader.feed(b"still here\n").printed(b"still here\n")
    assert left.state_of(stopped.pid) == "t"
    stopped.signal(signal.SIGCONT)
    stopped.signal(signal.SIGTERM)
    assert stopped.ended().ending == "signal TERM"


def test_the_end_of_a_tracer_is_told(any_traced_lab: StandingLab) -> None:
    """A program that kills its tracer goes on, and its record is known not to be whole."""
    program = any_traced_lab.host("left").run_python(
        TRACERS
        + """
    import os, signal
    os.kill(own_tracer(), signal.SIGKILL)
    while own_tracer():
        pass
    print("still here")
    os._exit(3)
    """
    )
    assert (program.stdout, program.ending) == (b"still here\n", "exit 3"), program
    assert told_of(any_traced_lab, program, "broken") == ["its tracer was killed by signal 9"]
    assert any_traced_lab.heard_of(program)[-1] == "gone"
    assert any_traced_lab.host("left").run("true").ending == "exit 0"


@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGTERM, signal.SIGINT], ids=lambda one: one.name)
def test_lesser_signals_do_not_harm_a_tracer(any_traced_lab: StandingLab, number: int) -> None:
    """A tracer that a program stops goes on, and one that it asks to end doesn't."""
    program = any_traced_lab.host("left").run_python(
        TRACERS
        + """
    import os, sys
    os.kill(own_tracer(), int(sys.argv[1]))
    print("still here")
    """,
        number,
    )
    assert (program.stdout, program.ending) == (b"still here\n", "exit 0"), program
    assert ends_in(trace_of(any_traced_lab, program)) == {program.pid: "exited with 0"}
    assert told_of(any_traced_lab, program, "broken") == []


def test_a_program_whose_keeper_was_killed_is_traced_to_its_end(any_traced_lab: StandingLab) -> None:
    """It and what it leaves: the trace has the end of each, and comes before it is gone."""
    program = any_traced_lab.host("left").run_python(
        """
        import os, signal, time
        main = os.getpid()
        if os.fork() == 0:
            while os.getppid() == main:
                time.sleep(0.001)
            os._exit(5)
        try:
            os.kill(os.getppid(), signal.SIGKILL)
        except PermissionError:
            pass
        os._exit(4)
        """
    )
    assert program.ending == "exit 4"
    assert sorted(ends_in(trace_of(any_traced_lab, program)).values()) == ["exited with 4", "exited with 5"]
    assert any_traced_lab.heard_of(program)[-1] == "gone"


def test_programs_see_no_more_than_untraced(traced_lab: StandingLab) -> None:
    """Neither memory nor files of a tracer can be opened, and nobody can be traced."""
    seen = traced_lab.host("left").tell(
        TRACERS
        + """
    import ctypes, errno, json, os
    libc = ctypes.CDLL(None, use_errno=True)
    found, opened = tracers(), []
    for pid in (1, os.getppid(), *found):
        for name in ("mem", "environ", "maps", "fd/0", "fd/3", "root", "cwd", "exe", "ns/net"):
            try:
                os.close(os.open(f"/proc/{pid}/{name}", os.O_RDONLY))
            except (PermissionError, FileNotFoundError):
                continue
            opened.append([pid, name])
    refused = []
    for request in (16, 0x4206):
        libc.ptrace(request, found[0], 0, 0)
        refused.append(errno.errorcode[ctypes.get_errno()])
    print(json.dumps([len(found) > 0, own_tracer() in found, opened, refused]))
    """
    )
    assert seen == [True, True, [], ["EPERM", "EPERM"]]
