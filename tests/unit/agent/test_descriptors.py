"""The agent's descriptors: as many as it may have, pipes all or none, and what a forked process needs no more."""

from __future__ import annotations

import fcntl
import os
import resource

import pytest

from labctl.agent.descriptors import close_all_but, close_each, have_all_there_may_be, pipes


@pytest.mark.parametrize("with_standard", [False, True])
def test_all_but_these_are_closed(with_standard: bool) -> None:
    """The first ones too, where they aren't asked for."""
    come, go = os.pipe()
    spare = os.open("/dev/null", os.O_RDONLY)
    far = fcntl.fcntl(spare, fcntl.F_DUPFD, resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 1)
    kept = [0, 1, 2, go] if with_standard else [go]
    pid = os.fork()
    if pid == 0:
        try:
            close_all_but(*kept)
            folder = os.open("/proc/self/fd", os.O_RDONLY)
            listed = {int(name) for name in os.listdir(folder)} - {folder}
            os.write(go, repr(sorted(one for one in listed if _is_open(one))).encode())
        finally:
            os._exit(0)
    for descriptor in (go, spare, far):
        os.close(descriptor)
    with open(come) as answer:
        assert answer.read() == repr(sorted(kept))
    os.waitpid(pid, 0)


def test_pipes_are_closed_both_ends() -> None:
    """As many descriptors are open afterwards as before."""
    before = sorted(os.listdir("/proc/self/fd"))
    made = pipes(3)
    assert len(os.listdir("/proc/self/fd")) == len(before) + 6
    close_each(made)
    assert sorted(os.listdir("/proc/self/fd")) == before


@pytest.mark.usefixtures("only_two_pipes")
def test_pipes_come_all_or_not_at_all() -> None:
    """What was made before one can't be is closed."""
    with pytest.raises(OSError, match="too many"):
        pipes(3)


def test_all_descriptors_that_there_may_be_are_had() -> None:
    """The soft limit becomes the hard one, which stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    try:
        have_all_there_may_be()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _is_open(descriptor: int) -> bool:
    """Listing a folder opens one more for as long as it lasts."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
