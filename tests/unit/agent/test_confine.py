"""What programs are held by is read back from inside one."""

from __future__ import annotations

import os
import resource
from contextlib import suppress

import pytest

from labctl.agent import kernel
from labctl.agent.confine import acting_as, stand_beside
from labctl.agent.processes import status_of
from labctl.agent.settings import in_force, settings_from

VALUES = {
    "host": "left",
    "own_user_namespace": False,
    "uid": os.getuid(),
    "gid": os.getgid(),
    "limits": {"processes": 100, "memory": 1 << 30, "files": 99, "file_size": 1 << 20},
    "environment": {"GREETING": "hello"},
    "path": ["/opt/lab/bin", "/bin"],
    "home": "/nowhere/at/all",
}


def test_settings_have_an_environment_for_every_program() -> None:
    """PATH, home, host's name and what the image says, and nothing of the agent's own."""
    settings = settings_from(VALUES)
    assert settings.environment == {
        "PATH": "/opt/lab/bin:/bin", "HOME": "/nowhere/at/all", "USER": "lab", "LANG": "C.UTF-8", "TERM": "dumb",
        "HOSTNAME": "left", "GREETING": "hello",
    }  # fmt: skip


def test_programs_start_at_home_where_there_is_one() -> None:
    """A home that isn't there doesn't keep programs from starting."""
    assert settings_from(VALUES).directory == "/"
    assert settings_from(VALUES | {"home": "/usr"}).directory == "/usr"


def test_the_agent_takes_other_ids_only_where_programs_have_others() -> None:
    """On namespaces, and where it is the same user, its own will do."""
    assert settings_from(VALUES).acts_as is None
    assert settings_from(VALUES | {"own_user_namespace": True, "uid": 1000}).acts_as is None
    assert settings_from(VALUES | {"uid": os.getuid() + 1}).acts_as is not None


def test_an_incomplete_order_is_an_error() -> None:
    """What the engine must say has no default."""
    with pytest.raises(KeyError):
        settings_from({key: value for key, value in VALUES.items() if key != "limits"})


def test_what_is_in_force_is_what_the_kernel_says() -> None:
    """Limits, privileges and filter as a program finds them; this process keeps its own."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    facts = in_force(settings_from(VALUES).how)
    assert facts["limits"]["files"] == 99
    assert facts["limits"]["file_size"] == 1 << 20
    assert (facts["uid"], int(facts["capabilities"], 16)) == (os.getuid(), 0)
    assert (facts["no_new_privileges"], facts["seccomp"]) == (True, True)
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == before


def test_a_limit_is_never_raised() -> None:
    """What is allowed less already stays so: raising would need a privilege."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = {"processes": 100, "memory": 1 << 30, "files": hard + 1, "file_size": 1 << 20}
    assert in_force(settings_from(VALUES | {"limits": limits}).how)["limits"]["files"] == hard


@pytest.mark.skipif(os.getuid() == 0, reason="root may become anybody")
def test_what_can_not_be_given_up_is_an_error() -> None:
    """A user can't become another one: then that is said, in place of facts."""
    assert "error" in in_force(settings_from(VALUES | {"uid": os.getuid() + 1}).how)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_acting_as_somebody_lasts_as_long_as_asked_for() -> None:
    """What is made meanwhile is theirs; afterwards, error or not, the agent is itself again."""
    theirs = settings_from(VALUES | {"uid": 1000, "gid": 1000}).acts_as
    with suppress(RuntimeError), acting_as(theirs):
        come, go = os.pipe()
        raise RuntimeError
    assert (os.geteuid(), os.getegid()) == (0, 0)
    assert (os.fstat(come).st_uid, os.fstat(go).st_gid) == (1000, 1000)
    os.close(come)
    os.close(go)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_who_stands_beside_programs_has_one_right_over_them() -> None:
    """Their uid, and to trace, kept over execve(2); nothing else."""
    come, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            stand_beside(settings_from(VALUES | {"uid": 1000, "gid": 1000}).acts_as)
            os.dup2(go, 1)
            os.execve("/bin/cat", ["cat", "/proc/self/status"], {})
        finally:
            os._exit(1)
    os.close(go)
    with open(come) as answer:
        rows = dict(line.split(":", 1) for line in answer.read().splitlines())
    assert os.waitpid(pid, 0)[1] == 0
    assert (rows["Uid"].split(), rows["Gid"].split(), rows["Groups"].split()) == (["1000"] * 4, ["1000"] * 4, [])
    assert [int(rows[name], 16) for name in ("CapPrm", "CapEff")] == [1 << kernel.CAP_SYS_PTRACE] * 2


@pytest.mark.skipif(os.getuid() != 0, reason="only root has rights to give up")
def test_who_stands_beside_programs_of_its_own_uid_keeps_one_right() -> None:
    """To trace, kept over execve(2), where uid 0 would have had all of them back."""
    come, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            stand_beside(None)
            os.dup2(go, 1)
            os.execve("/bin/cat", ["cat", "/proc/self/status"], {})
        finally:
            os._exit(1)
    os.close(go)
    with open(come) as answer:
        rows = dict(line.split(":", 1) for line in answer.read().splitlines())
    assert os.waitpid(pid, 0)[1] == 0
    assert rows["Uid"].split() == ["0"] * 4
    assert [int(rows[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")] == [1 << kernel.CAP_SYS_PTRACE] * 3


@pytest.mark.skipif(os.getuid() != 0, reason="only root may become somebody else")
def test_acting_as_somebody_keeps_the_right_to_trace() -> None:
    """A tracer's own entries in /proc can be read so."""
    with acting_as(settings_from(VALUES | {"uid": 1000, "gid": 1000}).acts_as):
        in_effect = status_of(os.getpid())["CapEff"]
    assert int(in_effect, 16) & 1 << kernel.CAP_SYS_PTRACE


def test_acting_as_nobody_else_changes_nothing() -> None:
    """None is oneself."""
    with acting_as(None):
        assert (os.geteuid(), os.getegid()) == (os.getuid(), os.getgid())
