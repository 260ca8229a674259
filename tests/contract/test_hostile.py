"""A program that turns against its host ends neither the host nor what is known of the other programs there."""

from __future__ import annotations

import signal

import pytest

from tests.contract.hosts import Running, StandingLab

ATTACK_AND_GO_ON = """
    import os, sys
    try:
        os.kill({whom}, int(sys.argv[1]))
    except PermissionError:
        pass
    print("still here")
    os._exit(3)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP], ids=lambda one: one.name)
def test_a_signal_to_everybody_spares_host_and_agent(lab: StandingLab, number: int) -> None:
    """After kill(-1) by a program the host goes on, and the attacker's own output and end are told as they were."""
    left = lab.host("left")
    attacker = left.run_python(ATTACK_AND_GO_ON.format(whom=-1), number)
    assert (attacker.stdout, attacker.ending) == (b"still here\n", "exit 3")
    assert left.run("echo", "fine").stdout == b"fine\n"


def test_the_victims_of_a_signal_to_everybody_are_told(lab: StandingLab) -> None:
    """Whoever was killed by another program's kill(-1) is told to have ended by that signal, with all its output."""
    left = lab.host("left")
    victims = [left.begin("sh", "-c", "echo before; sleep 60", window=at_a_window) for at_a_window in (False, True)]
    for victim in victims:
        victim.printed(b"before\n")
    left.run_python(ATTACK_AND_GO_ON.format(whom=-1), signal.SIGKILL)
    for victim in victims:
        assert (victim.ended().ending, victim.stdout) == ("signal KILL", b"before\n")
        victim.gone()


def test_other_hosts_do_not_notice(lab: StandingLab) -> None:
    """A signal to everybody reaches the programs of its own host only."""
    neighbour = lab.host("right").begin("cat", window=True)
    lab.host("left").run_python(ATTACK_AND_GO_ON.format(whom=-1), signal.SIGKILL)
    neighbour.feed(b"hello\n").printed(b"hello\n")


def test_no_signal_ends_the_hosts_first_process(lab: StandingLab) -> None:
    """Every signal there is, sent to the host's first process by a program, leaves the host as it was."""
    left = lab.host("left")
    attacker = left.run_python(
        """
        import os
        for number in range(1, 65):
            try:
                os.kill(1, number)
            except OSError:
                pass
        """
    )
    assert attacker.ending == "exit 0"
    assert left.run("echo", "fine").stdout == b"fine\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=lambda one: one.name)
def test_a_program_that_attacks_its_parent_is_told_all_the_same(lab: StandingLab, number: int) -> None:
    """Output and end of a program come even if it kills or stops the process that looks after it."""
    attacker = lab.host("left").run_python(ATTACK_AND_GO_ON.format(whom="os.getppid()"), number)
    assert (attacker.stdout, attacker.ending) == (b"still here\n", "exit 3")


def test_a_program_that_killed_its_parent_ends_at_its_time_limit(lab: StandingLab) -> None:
    """A time limit ends it and its daemons though nobody looks after them any more."""
    left = lab.host("left")
    attacker = left.begin_python(
        """
        import os, signal
        try:
            os.kill(os.getppid(), signal.SIGKILL)
        except PermissionError:
            pass
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                print("daemon", os.getpid())
            signal.pause()
        signal.pause()
        """,
        seconds=1.5,
    )
    attacker.printed(b"daemon ").gone()
    daemon = int(attacker.stdout.split()[1])
    assert (attacker.ending, attacker.program.limit) == ("signal KILL", "time")
    assert left.state_of(daemon) == ""


def test_what_a_program_that_killed_its_parent_leaves_is_waited_for(lab: StandingLab) -> None:
    """A child that outlives such a program still prints, and only then all of it is gone."""
    attacker = lab.host("left").run_python(
        """
        import os, signal, time
        main = os.getpid()
        if os.fork() == 0:
            while os.getppid() == main:
                time.sleep(0.001)
            time.sleep(0.1)
            print("late")
            os._exit(0)
        try:
            os.kill(os.getppid(), signal.SIGKILL)
        except PermissionError:
            pass
        os._exit(4)
        """
    )
    assert (attacker.ending, attacker.stdout) == ("exit 4", b"late\n")
    assert lab.heard_of(attacker) == ["ended", "output", "gone"]


def test_the_agent_can_not_be_looked_into(lab: StandingLab) -> None:
    """A program sees neither memory, nor files, nor environment of what runs it."""
    seen = lab.host("left").tell(
        """
        import json, os
        opened = []
        for pid in (1, os.getppid()):
            for name in ("mem", "environ", "maps", "fd/0", "root", "cwd", "exe", "ns/net"):
                path = f"/proc/{pid}/{name}"
                try:
                    os.close(os.open(path, os.O_RDONLY))
                except (PermissionError, FileNotFoundError):
                    continue
                opened.append(path)
        print(json.dumps(opened))
        """
    )
    assert seen == []


def test_programs_of_other_hosts_are_not_to_be_seen(lab: StandingLab) -> None:
    """A process list shows the own host's programs only."""
    left, right = lab.host("left"), lab.host("right")
    marked = left.begin("sleep", "1234")
    assert _listed(left.run("ps", "axww"))  # so its absence below means something
    assert not _listed(right.run("ps", "axww"))
    marked.answer("kill")


def _listed(processes: Running) -> bool:
    return b"sleep 1234" in processes.stdout
