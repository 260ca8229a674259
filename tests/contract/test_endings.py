"""How a program begins and ends is told as it was."""

from __future__ import annotations

import signal

import pytest

from labctl.hosts.launch import NotStarted
from tests.contract.hosts import StandingLab, begin_all

_HARMLESS = {
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGSTOP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
    signal.SIGURG,
    signal.SIGWINCH,
}
_OF_THE_C_LIBRARY = {32, 33}
DEADLY = sorted(set(range(1, signal.SIGRTMAX + 1)) - _HARMLESS - _OF_THE_C_LIBRARY)


def test_every_exit_status_is_told(any_lab: StandingLab) -> None:
    """An exit status from 0 to 255 comes as that number, and as no signal."""
    commands = [["sh", "-c", f"exit {status}"] for status in range(256)]
    for first in range(0, 256, 32):
        programs = begin_all([any_lab.host("left")], *commands[first : first + 32])
        ends = [(one.ended().program.status, one.program.signal) for one in programs]
        assert ends == [(status, None) for status in range(first, first + 32)]


def test_every_deadly_signal_is_told_by_number(any_lab: StandingLab) -> None:
    """A program that a signal ends comes with that signal's number, and with no exit status."""
    commands = [["sh", "-c", f"kill -{number} $$"] for number in DEADLY]
    programs = begin_all([any_lab.host("left")], *commands)
    ends = [(one.ended().program.status, one.program.signal) for one in programs]
    assert ends == [(None, number) for number in DEADLY]


def test_the_end_comes_once_and_then_the_last_descendants(any_lab: StandingLab) -> None:
    """A program's output, its end and the end of all that it left are told in that order, each end once."""
    program = any_lab.host("left").run("echo", "done")
    assert any_lab.heard_of(program) == ["output", "ended", "gone"]


def test_times_are_the_hosts_own(any_lab: StandingLab) -> None:
    """A program takes as long as it takes: start and end are measured on the host, by one clock."""
    program = any_lab.host("left").run("sleep", "0.2")
    assert 0.2 <= program.took_s < 2


def test_a_missing_program_is_told_with_near_names(any_lab: StandingLab) -> None:
    """A name that is nowhere on PATH is told, with names that are there and look like it."""
    with pytest.raises(NotStarted, match=r"program not found on left: pyhton3; near it: .*python3"):
        any_lab.host("left").begin("pyhton3")


def test_a_missing_file_is_told(any_lab: StandingLab) -> None:
    """A path that leads nowhere, or to a folder, is a program that isn't found."""
    for path in ("/nowhere/at/all", "/tmp"):
        with pytest.raises(NotStarted, match=f"program not found on left: {path}"):
            any_lab.host("left").begin(path)


def test_a_file_without_the_right_to_execute_is_told(any_lab: StandingLab) -> None:
    """A file that may not be executed is told apart from one that isn't there."""
    with pytest.raises(NotStarted, match="program can't be executed on left: /etc/passwd"):
        any_lab.host("left").begin("/etc/passwd")


@pytest.mark.parametrize("text", ["no script and no binary", "#!/nowhere/interpreter"])
def test_a_file_that_the_kernel_cannot_execute_is_told(any_lab: StandingLab, text: str) -> None:
    """What execve(2) refuses never counts as started: not a format it knows, an interpreter that isn't there."""
    left = any_lab.host("left")
    left.run_python(
        """
        import os, sys
        with open("odd", "w") as file:
            file.write(sys.argv[1])
        os.chmod("odd", 0o755)
        """,
        text,
    )
    with pytest.raises(NotStarted, match=r"program can't be executed on left: \./odd \(.*\)"):
        left.begin("./odd")


def test_a_program_that_could_not_start_leaves_nothing_to_wait_for(any_lab: StandingLab) -> None:
    """After a failed start the host goes on as if it had not been tried."""
    left = any_lab.host("left")
    with pytest.raises(NotStarted):
        left.begin("/nowhere/at/all")
    assert left.run("true").ending == "exit 0"


def test_a_program_starts_with_clean_surroundings(any_lab: StandingLab) -> None:
    """Three descriptors, no signal blocked or ignored, umask 022, a session of its own, its home to write to."""
    seen = any_lab.host("left").tell(
        """
        import json, os, signal
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        open("mine", "w").close()
        print(json.dumps({
            "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd"))[:3],
            "more": len(os.listdir("/proc/self/fd")) - 4,
            "blocked": int(status["SigBlk"], 16),
            "umask": int(status["Umask"], 8),
            "leads": os.getsid(0) == os.getpid(),
            "home": os.getcwd() == os.environ["HOME"],
        }))
        """
    )
    assert seen == {"descriptors": [0, 1, 2], "more": 0, "blocked": 0, "umask": 0o022, "leads": True, "home": True}


def test_a_program_ignores_no_signal_from_the_start(any_lab: StandingLab) -> None:
    """Signals do what they do by default: none is ignored on the way from labctl to the program.

    But for 32 and 33, which glibc's posix_spawn(3) always leaves ignored, for its threads' own use.
    """
    ignored = any_lab.host("left").run("grep", "SigIgn", "/proc/self/status")
    assert int(ignored.stdout.split()[1], 16) & ~(1 << 31 | 1 << 32) == 0


def test_a_steps_environment_reaches_its_program(any_lab: StandingLab) -> None:
    """A program sees its own environment on top of its host's, and nothing of labctl's."""
    program = any_lab.host("left").begin("env", environment={"GREETING": "hello there"}).ended()
    lines = program.stdout.decode().splitlines()
    assert "GREETING=hello there" in lines
    assert "HOSTNAME=left" in lines
    assert not [line for line in lines if "LABCTL" in line or "PYTEST" in line]
