"""A lab whose hosts are recorded: its plan, and its captures."""

from __future__ import annotations

import os
import signal
import subprocess

from msgspec.structs import replace

from labctl.agent.frames import Header
from labctl.scenario.model import Family
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of
from tests.contract.sidecars import containers_of, process_of, rights_of

PLAN = replace(plan_of("left", "right", family=Family.DUAL), attended=("left", "right"))


def hello_of(lab: StandingLab, host: str) -> Header:
    """What the capture of a host said last of itself."""
    return next(header for name, header in reversed(lab.heard) if name == f"capture of {host}")


def signal_capture(lab: StandingLab, host: str, number: signal.Signals) -> None:
    """Send a signal to a host's capture; on Docker to all of the lab's, and to no other of its sidecars."""
    if lab.engine.name == "docker":
        captures = [one for one in containers_of(lab.id) if rights_of(one) == ["NET_RAW"]]
        words = ["docker", "kill", "--signal", number.name, *captures]
        subprocess.run(words, check=True, capture_output=True, timeout=60)
    else:
        os.kill(process_of(hello_of(lab, host)), number)
