"""What a program may use is limited, and a time limit really ends it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import Engine, EngineError
from labctl.engine.docker import up
from labctl.engine.docker.project import container_limits
from labctl.hosts.conversation import LabBroke
from labctl.plan.model import Limits, Plan
from tests.contract.hosts import StandingLab, crowding
from tests.contract.plans import plan_of

SMALL = Limits(processes=40, memory=384 * 1024 * 1024, files=64, file_size=1024 * 1024)
OVERSHOOT_S = 2.0


@pytest.fixture(scope="module")
def small_lab(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingLab]:
    """A lab whose programs may use little."""
    with StandingLab(engine, plan_of("left", limits=SMALL), tmp_path_factory.mktemp("small")) as lab:
        yield lab


def test_open_files_are_limited(small_lab: StandingLab) -> None:
    """A program can have as many files open as its plan says, and no more."""
    opened = small_lab.host("left").tell(
        """
        import errno, json, os
        count = 0
        try:
            while True:
                os.open("/dev/null", os.O_RDONLY)
                count += 1
        except OSError as error:
            assert error.errno == errno.EMFILE, error
        print(json.dumps(count))
        """
    )
    assert opened == SMALL.files - 3


def test_a_files_size_is_limited(small_lab: StandingLab) -> None:
    """A file grows up to the limit; then writing to it fails."""
    size = small_lab.host("left").tell(
        """
        import errno, json, os
        file = os.open("large", os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(file, bytes(65536))
        except OSError as error:
            assert error.errno == errno.EFBIG, error
        print(json.dumps(os.fstat(file).st_size))
        """
    )
    assert size == SMALL.file_size


def test_a_program_that_writes_too_large_a_file_is_told_by_a_signal(small_lab: StandingLab) -> None:
    """By default the kernel ends a program at the limit with XFSZ, and that is what is told (setrlimit(2))."""
    program = small_lab.host("left").run("dd", "if=/dev/zero", "of=larger", "bs=64k", "count=100")
    assert program.ending == "signal XFSZ"


def test_memory_is_limited(small_lab: StandingLab) -> None:
    """A program that asks for more memory than it may have is refused it; less it gets."""
    code = "import sys; block = bytearray(int(sys.argv[1])); print(len(block))"
    left = small_lab.host("left")
    assert left.run_python(code, SMALL.memory // 2).ending == "exit 0"
    refused = left.run_python(code, SMALL.memory)
    assert refused.ending == "exit 1"
    assert b"MemoryError" in refused.stderr


def test_processes_are_limited(small_lab: StandingLab) -> None:
    """A program can start its share of processes; then fork(2) says EAGAIN. After its end the host is as before."""
    left = small_lab.host("left")
    hog = left.begin_python(
        """
        import errno, os, signal
        count = 0
        try:
            while os.fork():
                count += 1
            signal.pause()
        except OSError as error:
            assert error.errno == errno.EAGAIN, error
            print("started", count)
            signal.pause()
        """
    ).printed(b"\n")
    started = int(hog.stdout.split()[1])
    assert SMALL.processes - 5 <= started <= 3 * SMALL.processes + 16
    hog.answer("kill")
    hog.gone()
    assert left.run("true").ending == "exit 0"


def test_what_is_in_force_is_read_back_and_told(small_lab: StandingLab) -> None:
    """The agent's hello says what a program finds itself held by, as the kernel has it."""
    facts = small_lab.host("left").hello["in_force"]
    assert facts["limits"]["files"] == SMALL.files
    assert facts["limits"]["file_size"] == SMALL.file_size
    assert facts["limits"]["memory"] == SMALL.memory
    assert (facts["no_new_privileges"], facts["seccomp"]) == (True, True)
    assert int(facts["capabilities"], 16) == 0


def test_a_limit_that_was_asked_for_and_can_not_be_had_keeps_programs_from_being_run(
    engine: Engine, tmp_path: Path
) -> None:
    """More files than the system gives anybody: it is said what was asked for and what is in force instead."""
    most = int(Path("/proc/sys/fs/nr_open").read_text())
    asked = Limits(files=most + 1, asked=("files",))
    with pytest.raises((LabBroke, EngineError), match=f"{most + 1}|rlimit|nofile"):
        StandingLab(engine, plan_of("left", limits=asked), tmp_path)


def test_a_limit_that_docker_keeps_for_the_container_is_read_back(engine: Engine, tmp_path: Path) -> None:
    """Of processes and memory together: what the container finds is what it was to have."""
    if engine.name != "docker":
        pytest.skip("there are containers on Docker only")
    asked = Limits(processes=40, memory=384 * 1024 * 1024, asked=("processes", "memory"))
    with StandingLab(engine, plan_of("left", limits=asked), tmp_path) as lab:
        whole = container_limits(asked)
        assert lab.host("left").hello["in_force"]["container"] == whole
    with pytest.raises(LabBroke, match="processes of the host: 137 asked for, 136 in force"):
        _agent_that_was_asked_for(engine, plan_of("left", limits=asked), tmp_path)


def _agent_that_was_asked_for(engine: Engine, plan: Plan, folder: Path) -> None:
    """The same lab, from which one process more is asked for than the daemon is told to give."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(up, "asked_of", lambda host: {"container": {"processes": 137}})
        StandingLab(engine, plan, folder)


def test_a_time_limit_ends_a_program(any_lab: StandingLab) -> None:
    """At its time limit a program is killed, and it is told that this was why and in which call it blocked."""
    within_s = 0.3 + OVERSHOOT_S * crowding()
    program = any_lab.host("left").begin("sleep", "60", seconds=0.3).ended().gone()
    assert (program.ending, program.program.limit) == ("signal KILL", "time")
    assert program.program.doing
    assert 0.3 <= program.took_s < within_s


def test_a_program_that_ends_in_time_has_hit_no_limit(any_lab: StandingLab) -> None:
    """A limit that was not reached leaves no trace."""
    program = any_lab.host("left").run("true", seconds=60)
    assert (program.ending, program.program.limit) == ("exit 0", "")


def test_a_time_limit_ends_all_that_a_program_started(any_lab: StandingLab) -> None:
    """Children, and a daemon that forked twice and left for a session of its own, end with the program."""
    left = any_lab.host("left")
    program = left.begin_python(
        """
        import os, signal, sys
        if os.fork() == 0:
            print("child", os.getpid())
            os.setsid()
            if os.fork() == 0:
                print("daemon", os.getpid())
                signal.pause()
            signal.pause()
        signal.pause()
        """,
        seconds=1.5,
    )
    program.printed(b"daemon ").gone()
    words = program.stdout.split()
    child, daemon = int(words[words.index(b"child") + 1]), int(words[words.index(b"daemon") + 1])
    assert program.program.limit == "time"
    assert [left.state_of(pid) for pid in (program.pid, child, daemon)] == ["", "", ""]


def test_a_program_that_ignores_signals_ends_at_its_limit(any_lab: StandingLab) -> None:
    """Whoever ignores what can be ignored, or is stopped, is ended all the same."""
    left = any_lab.host("left")
    deaf = left.begin("sh", "-c", "trap '' TERM INT HUP; while :; do sleep 1; done", seconds=0.5)
    stopped = left.begin("sh", "-c", "kill -STOP $$", seconds=0.5)
    for program in (deaf, stopped):
        program.gone()
        assert (program.ending, program.program.limit) == ("signal KILL", "time")


FORK_BOMBS = {
    "branching": """
        import os
        while True:
            try:
                os.fork()
            except OSError:
                pass
    """,
    "into ever new sessions": """
        import os
        while True:
            try:
                if os.fork() == 0:
                    os.setsid()
            except OSError:
                pass
    """,
    "each child outliving its parent": """
        import os, signal
        if os.fork():
            while True:
                signal.pause()
        while True:
            try:
                if os.fork():
                    os._exit(0)
                os.setsid()
            except OSError:
                pass
    """,
}


@pytest.mark.parametrize("bomb", FORK_BOMBS.values(), ids=FORK_BOMBS)
def test_a_fork_bomb_ends_at_its_time_limit(lab: StandingLab, bomb: str) -> None:
    """Within its limits a fork bomb can't outrun its end: two seconds after its time limit nothing of it is left."""
    left = lab.host("left")
    within_s = 1.0 + OVERSHOOT_S * crowding()
    program = left.begin_python(bomb, seconds=1.0)
    program.gone(timeout_s=within_s)
    assert (program.ending, program.program.limit) == ("signal KILL", "time")
    assert left.run("true").ending == "exit 0"


def test_the_end_of_a_fork_bomb_spares_others(lab: StandingLab) -> None:
    """Programs beside a fork bomb run on after its end; those that were stopped before stay stopped."""
    left = lab.host("left")
    reader = left.begin("cat", window=True)
    stopped = left.begin("sleep", "60")
    stopped.signal(signal.SIGSTOP)
    left.begin_python(FORK_BOMBS["branching"], seconds=0.5).gone()
    reader.feed(b"still here\n").printed(b"still here\n")
    assert left.state_of(stopped.pid) == "T"
    stopped.signal(signal.SIGCONT)
    assert left.state_of(stopped.pid) in "SR"


def test_files_can_not_fill_the_machine(lab: StandingLab) -> None:
    """What a host's programs may write, all files together, ends long before the machine's disk does."""
    reason = lab.host("left").tell(
        """
        import errno, json, os
        written = 0
        try:
            for number in range(1000):
                with open(f"/tmp/{number}", "wb", buffering=0) as file:
                    for _ in range(64):
                        written += file.write(bytes(262144))
                assert written < 1 << 30
        except OSError as error:
            print(json.dumps(errno.errorcode[error.errno]))
        """
    )
    assert reason == "ENOSPC"
