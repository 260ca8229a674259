"""A channel to a sidecar -> requests, replies, what it says; a host -> its network, looked at from outside."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from labctl.agent.frames import Decoder, Header, encode
from labctl.agent.processes import descendants, processes
from labctl.engine.contract import Channel
from tests.contract.hosts import PATIENCE_S, StandingLab
from tests.contract.waiting import until

_LOOK = (
    "set -e; nft list ruleset; tc qdisc show; ip -details link show; ip address show; ip route show table all; "
    "grep -rs . /proc/sys/net | grep -v conntrack_count | sort"
)


_ENTER = """
import os, sys
from labctl.agent import kernel
process, command = sys.argv[1:]
user, network = (os.open(f"/proc/{process}/ns/{kind}", os.O_RDONLY) for kind in ("user", "net"))
kernel.setns(user, kernel.CLONE_NEWUSER)
os.setresuid(0, 0, 0)
kernel.setns(network, kernel.CLONE_NEWNET)
os.execv("/bin/sh", ["sh", "-c", command])
"""
"""Becomes root of the lab's user namespace, and looks from within a host's network."""


class Attendant:
    """A sidecar, from the test's side."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.has_ended = False
        self.heard: list[Header] = []
        self._decoder = Decoder()
        self._count = 0

    def listen(self, *, within_s: float = PATIENCE_S) -> bool:
        """Take what comes next; whether something came. At the end nothing does, and `has_ended`."""
        if self.has_ended or not select.select([self.channel], [], [], within_s)[0]:
            return False
        data = self.channel.receive()
        self.has_ended = not data
        self.heard += [header for header, _ in self._decoder.feed(data)]
        return True

    def first(self) -> Header:
        """Its first word."""
        while not self.heard:
            assert self.listen(), "it says nothing"
        return self.heard[0]

    def ask(self, do: str, **words: object) -> Header:
        """Send a request; the reply, which is no error."""
        self._count += 1
        self.channel.send(encode({"do": do, "id": self._count, **words}))
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            for header in self.heard:
                if header.get("re") == self._count:
                    assert "error" not in header, header
                    return header
            assert self.listen(), f"no answer to {do}"
        raise AssertionError(f"no answer to {do}")

    def ended(self) -> bool:
        """Wait for its end; whether it came."""
        while self.listen():
            pass
        return self.has_ended


def network_of(lab: StandingLab, host: str) -> str:
    """What is set up in a host's network: rules, queueing disciplines, links, addresses, routes, sysctls.

    Looked at when the kernel has made sure that nobody else has its IPv6 addresses, which it adds to by itself.
    """
    if lab.engine.name == "docker":
        from labctl.engine.docker.daemon import Daemon
        from labctl.engine.docker.endpoint import find_endpoint

        daemon = Daemon(find_endpoint())
        try:
            container = next(one.id for one in daemon.containers(lab.id) if one.host == host)
        finally:
            daemon.close()
        words = ["docker", "run", "--rm", "--network", f"container:{container}", "--cap-add", "NET_ADMIN"]
        words += ["labctl-sidecar:latest", "sh", "-c", _LOOK]
    else:
        words = [sys.executable, "-c", _ENTER, str(_process_on(host)), _LOOK]
    seen = _output_of(words)

    def settled() -> bool:
        nonlocal seen
        if "tentative" in seen:
            seen = _output_of(words)
        return "tentative" not in seen

    assert until(settled, within_s=PATIENCE_S), seen
    return seen


def _output_of(words: list[str]) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout


def _process_on(host: str) -> int:
    """The first process of a host on namespaces."""
    for one in descendants(os.getpid(), processes()):
        if _numbers_of(one.pid)[2:] != ["1"]:
            continue
        words = ["nsenter", "--target", str(one.pid), "--user", "--uts", "--preserve-credentials", "hostname"]
        asked = subprocess.run(words, check=False, capture_output=True, text=True, timeout=60)
        if asked.stdout.strip() == host:
            return one.pid
    raise AssertionError(f"no process of {host} was found")


def kill(lab: StandingLab, host: str, hello: Header) -> None:
    """Kill a host's sidecar, as a machine that is short of memory might."""
    send_signal(lab.engine.name, lab.id, hello, signal.SIGKILL)


def send_signal(engine: str, lab: str, hello: Header, number: signal.Signals) -> None:
    """Send a signal to the sidecar that said this; on Docker to all of that lab's, for there each is a container."""
    if engine == "docker":
        _output_of(["docker", "kill", "--signal", number.name, *containers_of(lab)])
    else:
        os.kill(process_of(hello), number)


def containers_of(lab: str) -> list[str]:
    """The containers of a lab's sidecars that run."""
    words = ["docker", "ps", "--quiet", "--filter", f"label=labctl.lab={lab}"]
    return _output_of([*words, "--filter", "ancestor=labctl-sidecar:latest"]).split()


def rights_of(container: str) -> list[str]:
    """The capabilities that a container was given; ALL others were taken from it."""
    config = json.loads(_output_of(["docker", "inspect", "--format", "{{json .HostConfig}}", container]))
    assert config["CapDrop"] == ["ALL"]
    return [name.removeprefix("CAP_") for name in config["CapAdd"]]


def process_of(hello: Header) -> int:
    """The sidecar on namespaces that said this."""
    for one in descendants(os.getpid(), processes()):
        if _numbers_of(one.pid)[1:] == [str(hello["pid"])]:
            return one.pid
    raise AssertionError(f"no sidecar of {hello['host']} was found")


def _numbers_of(pid: int) -> list[str]:
    """A process's number here, then in the lab's namespace if it is in that, then in its host's (proc(5), NSpid)."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return []
    return next(line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:"))
