"""A process with a network and mounts of its own -> links and mounts that it has left there, and nobody else.

Others make links and mounts on this machine meanwhile. Who isn't root can make none there, and has nothing to look at.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from labctl.agent import kernel

IS_POSSIBLE = os.geteuid() == 0


def set_apart() -> None:
    """In a child that is about to be executed."""
    if IS_POSSIBLE:
        kernel.unshare(kernel.CLONE_NEWNET | kernel.CLONE_NEWNS)
        kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)


class Apart:
    """Where such a child has been, which lasts longer than the child."""

    def __init__(self, pid: int) -> None:
        self._net = os.open(f"/proc/{pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        self._mounts = os.open(f"/proc/{pid}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
        self._before = self._there()

    def left(self) -> list[str]:
        """What is there now and was not at the beginning."""
        return sorted(self._there() - self._before)

    def close(self) -> None:
        """Let it go. The kernel takes along what is there."""
        os.close(self._net)
        os.close(self._mounts)

    def _there(self) -> set[str]:
        net, mounts = f"--net=/proc/self/fd/{self._net}", f"--mount=/proc/self/fd/{self._mounts}"
        words = ["nsenter", net, mounts, "cat", "/proc/self/net/dev", "/proc/self/mountinfo"]
        seen = subprocess.run(words, pass_fds=[self._net, self._mounts], capture_output=True, text=True, check=True)
        dev, mountinfo = seen.stdout.splitlines(), seen.stdout.splitlines()
        links = {f"link {line.split(':')[0].strip()}" for line in dev if ": " in line and "|" not in line}
        return links | {f"mount {line.split()[4]}" for line in mountinfo if " - " in line}


def is_seen(folder: Path) -> bool:
    """Positive control: a mount and a link that are left there are found."""
    script = f"ip link add left0 type bridge; mount -t tmpfs none {folder}; exec sleep 60"
    child = subprocess.Popen(["sh", "-c", "read go; " + script], stdin=subprocess.PIPE, preexec_fn=set_apart)
    apart = Apart(child.pid)
    assert child.stdin is not None
    child.stdin.write(b"go\n")
    child.stdin.flush()
    try:
        return _found(apart, {"link left0", f"mount {folder}"})
    finally:
        child.kill()
        child.communicate()
        apart.close()


def _found(apart: Apart, wanted: set[str]) -> bool:
    from tests.contract.waiting import until

    return until(lambda: wanted <= set(apart.left()), within_s=10)
