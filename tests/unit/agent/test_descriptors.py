"""Everything that a forked process doesn't need is closed in it."""

from __future__ import annotations

import os

import pytest

from labctl.agent.descriptors import close_all_but


@pytest.mark.parametrize("with_standard", [False, True])
def test_all_but_these_are_closed(with_standard: bool) -> None:
    """The first ones too, where they aren't asked for."""
    come, go = os.pipe()
    spare = os.open("/dev/null", os.O_RDONLY)
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
    for descriptor in (go, spare):
        os.close(descriptor)
    with open(come) as answer:
        assert answer.read() == repr(sorted(kept))
    os.waitpid(pid, 0)


def _is_open(descriptor: int) -> bool:
    """Listing a folder opens one more for as long as it lasts."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True
