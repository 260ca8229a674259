"""Nothing of a lab is left once it is down, however it came to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from labctl.agent import kernel
from labctl.agent.processes import descendants, processes
from labctl.engine.contract import Channel, Engine, EngineError
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from tests.contract.hosts import StandingLab, silently
from tests.contract.owner import BUSY, PLAN
from tests.contract.plans import plan_of
from tests.contract.waiting import until

IMPOSSIBLE = plan_of("left", "right", sysctls={"net.ipv4.no_such_setting": "1"})
GONE_BY_ITSELF_S = (5.0, 15.0)
"""Where the kernel takes a lab with its owner, and on Docker."""


class Traces:
    """What a lab leaves on this machine: processes that descend from this one, containers, networks, mounts."""

    def __init__(self, engine: Engine) -> None:
        self._daemon = Daemon(find_endpoint()) if engine.name == "docker" else None
        self._before = self._processes()
        self._mounts = _mounts()

    def processes(self) -> list[str]:
        """Processes that were not there before, and what they are."""
        return sorted(self._processes() - self._before)

    def found(self, lab: str) -> list[str]:
        """All traces of a lab that are there now, in words."""
        found = [f"process {one}" for one in self.processes()]
        found += [f"mount {one}" for one in _mounts() - self._mounts]
        if self._daemon is not None:
            found += [f"container {one.id}" for one in self._daemon.containers(lab)]
            found += [f"network {one.id}" for one in self._daemon.networks(lab)]
        return found

    def _processes(self) -> set[str]:
        family = descendants(os.getpid(), processes())
        return {f"{one.pid} {one.name}" for one in family if one.state != "Z"}


def _mounts() -> set[str]:
    """What is mounted here, but for Docker's own, whose every container is another mount."""
    return {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines() if "docker" not in line}


@pytest.fixture(autouse=True)
def _adopts_orphans() -> Iterator[None]:
    """What a lab's owner leaves behind comes to this process, and so is found."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    yield
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 0)


@pytest.fixture
def traces(any_engine: Engine) -> Traces:
    """The machine as it was before the test."""
    any_engine.prepare(PLAN, silently)
    return Traces(any_engine)


def test_a_lab_that_came_down_left_nothing(any_engine: Engine, traces: Traces, tmp_path: Path) -> None:
    """Programs, their daemons, hosts and networks go with the lab; they were there before."""
    lab = StandingLab(any_engine, PLAN, tmp_path)
    lab.host("left").begin_python(BUSY).printed(b"daemon\n")
    assert traces.found(lab.id)  # so that finding nothing means something
    lab.lab.down()
    assert traces.found(lab.id) == []


def test_coming_down_twice_is_coming_down(any_engine: Engine, traces: Traces, tmp_path: Path) -> None:
    """A lab that is down may be told so again."""
    lab = StandingLab(any_engine, PLAN, tmp_path)
    lab.lab.down()
    lab.lab.down()
    assert traces.found(lab.id) == []


def test_channels_may_be_closed_before_and_after(any_engine: Engine, traces: Traces, tmp_path: Path) -> None:
    """Closing a channel oneself, once or twice, doesn't keep its lab from coming down."""
    lab = StandingLab(any_engine, PLAN, tmp_path)
    for channel in lab.lab.channels.values():
        channel.close()
        channel.close()
    lab.lab.down()
    assert traces.found(lab.id) == []


def test_a_lab_that_lost_a_host_comes_down(any_engine: Engine, traces: Traces, tmp_path: Path) -> None:
    """When an agent has ended by itself its channel ends, and what is left of its lab still comes down."""
    lab = StandingLab(any_engine, PLAN, tmp_path)
    lab.host("right").begin_python(BUSY).printed(b"daemon\n")
    lab.conversation.answer(lab.conversation.ask("left", "bye"))
    channel = lab.lab.channels["left"]
    assert until(lambda: channel.receive() == b"", within_s=10)
    lab.lab.down()
    assert traces.found(lab.id) == []


def test_sending_to_an_agent_that_is_gone_is_refused(any_engine: Engine, tmp_path: Path) -> None:
    """Who sends into a channel whose other end is gone is told so, and not kept waiting."""
    if any_engine.name == "docker":
        pytest.skip("the daemon takes for 30 s what nobody reads")
    with StandingLab(any_engine, PLAN, tmp_path) as lab:
        lab.conversation.answer(lab.conversation.ask("left", "bye"))
        assert until(lambda: is_broken(lab.lab.channels["left"]), within_s=10)


def is_broken(channel: Channel) -> bool:
    """Whether sending says that the other end is gone; the first bytes may still find room on the way."""
    try:
        channel.send(bytes(1000))
    except BrokenPipeError:
        return True
    return False


def test_a_lab_that_can_not_be_built_leaves_nothing(engine: Engine, tmp_path: Path) -> None:
    """When a host can't be made, the error says why, and the others of its lab are gone."""
    engine.prepare(PLAN, silently)
    traces, lab = Traces(engine), uuid4().hex[:12]
    with pytest.raises(EngineError, match="no_such_setting"):
        engine.up(IMPOSSIBLE, lab=lab, folder=tmp_path, say=silently)
    assert traces.found(lab) == []


@pytest.fixture
def owner(any_engine: Engine, tmp_path: Path) -> Iterator[Callable[[str, int], subprocess.Popen[bytes]]]:
    """Start a process that makes a lab: `moment` is when it is interrupted (0: never)."""
    started: list[subprocess.Popen[bytes]] = []

    def start(lab: str, moment: int) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "tests.contract.owner", any_engine.name, lab, str(tmp_path), str(moment)]
        root = Path(__file__).parents[2]
        process = subprocess.Popen(words, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        with process:
            pass


@pytest.mark.parametrize("moment", [1, 2, 3])
def test_an_interrupt_while_a_lab_is_made_leaves_nothing(
    any_engine: Engine, traces: Traces, owner: Callable[[str, int], subprocess.Popen[bytes]], moment: int
) -> None:
    """Ctrl-C at any moment of bringing a lab up goes through, and takes along what there was of the lab."""
    lab = uuid4().hex[:12]
    process = owner(lab, moment)
    assert process.wait(60) == 130
    assert traces.found(lab) == []


def test_a_lab_whose_owner_is_killed_goes_by_itself(
    any_engine: Engine, traces: Traces, owner: Callable[[str, int], subprocess.Popen[bytes]]
) -> None:
    """When labctl is killed by SIGKILL its lab goes within 5 s; on Docker a watchdog takes it within 15 s."""
    lab = uuid4().hex[:12]
    process = owner(lab, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    assert len(traces.found(lab)) > 1
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    within_s = GONE_BY_ITSELF_S[any_engine.name == "docker"]
    assert until(lambda: traces.found(lab) == [], within_s=within_s, every_s=0.05), traces.found(lab)


def test_a_lab_whose_owner_and_watchdog_are_killed_is_swept(
    any_engine: Engine, traces: Traces, owner: Callable[[str, int], subprocess.Popen[bytes]]
) -> None:
    """On Docker what is left then is known as a dead owner's, and the next sweep takes it."""
    if any_engine.name != "docker":
        pytest.skip("only labs on Docker have a watchdog")
    lab = uuid4().hex[:12]
    process = owner(lab, 0)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    [watchdog] = [one for one in processes().values() if one.parent == process.pid and is_watchdog(one.pid)]
    os.kill(watchdog.pid, signal.SIGKILL)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    assert [one.alive for one in any_engine.labs() if one.lab == lab] == [False]
    assert [line for line in any_engine.sweep() if lab in line]
    assert until(lambda: traces.found(lab) == [], within_s=5), traces.found(lab)


def is_watchdog(pid: int) -> bool:
    """Whether that process looks after labs on Docker."""
    return b"docker.watchdog" in Path(f"/proc/{pid}/cmdline").read_bytes()
