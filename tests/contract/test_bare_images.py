"""On Docker a host may be made from an image that holds one static program: no Python, no C library, no shell."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import replace

from labctl.check.backend import host_of
from labctl.engine.contract import Engine
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.hosts.launch import NotStarted
from labctl.plan.model import Limits, Plan
from tests.contract.conftest import DEMANDED, NETWORKED, engine_named
from tests.contract.hosts import Host, StandingLab, silently
from tests.contract.plans import plan_of

BUSYBOX = Path("/bin/busybox")
RECIPE = "FROM scratch\nCOPY busybox /bin/busybox\n"
OWN = "LABEL labctl.test={image}\n"
"""What is made of the same files by the same words is one image, whatever it is called."""
MEBIBYTE = 1024 * 1024
SMALL = Limits(processes=20, memory=64 * MEBIBYTE)

pytestmark = pytest.mark.skipif("docker" not in NETWORKED, reason="of other engines' hosts nothing is in an image")


@pytest.fixture(scope="module")
def engine() -> Engine:
    """Docker, where there is what such an image can be made of."""
    made = engine_named("docker")
    is_static = BUSYBOX.exists() and b"=>" not in subprocess.run(["ldd", BUSYBOX], capture_output=True).stdout
    if not is_static and not DEMANDED:
        pytest.skip("there is no static busybox: apt-get install busybox-static")
    assert is_static
    return made


@pytest.fixture(scope="module")
def daemon(engine: Engine) -> Iterator[Daemon]:
    """The daemon, asked by itself."""
    asked = Daemon(find_endpoint())
    yield asked
    asked.close()


def write_context(folder: Path, image: str, recipe: str = RECIPE) -> Path:
    """A build's folder, for an image like no other test's."""
    folder.mkdir(exist_ok=True)
    shutil.copy(BUSYBOX, folder / "busybox")
    (folder / "Dockerfile").write_text(recipe + OWN.format(image=image))
    return folder


def plan_on(image: str, context: Path) -> Plan:
    """A lab of left and right, made from that image."""
    plan = plan_of("left", "right", image=image, limits=SMALL)
    hosts = [replace(host, build=context, programs=(), path=("/bin",)) for host in plan.hosts]
    return replace(plan, hosts=tuple(hosts))


@pytest.fixture
def image(daemon: Daemon) -> Iterator[str]:
    """An image's name of the test's own. What was made under it goes."""
    name = f"labctl-test-{uuid4().hex[:8]}"
    yield name
    forget(daemon, name)


def forget(daemon: Daemon, image: str) -> None:
    """Remove an image, and copies of it."""
    for copy in daemon.images_with("labctl.of", image):
        daemon.forget_image(copy.id)
    daemon.forget_image(image)


@pytest.fixture(scope="module")
def bare(engine: Engine, daemon: Daemon, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingLab]:
    """A lab of two hosts in which nothing is but busybox."""
    name, folder = f"labctl-test-{uuid4().hex[:8]}", tmp_path_factory.mktemp("bare")
    try:
        with StandingLab(engine, plan_on(name, write_context(folder / "image", name)), folder) as lab:
            yield lab
    finally:
        forget(daemon, name)


@pytest.fixture
def left(bare: StandingLab) -> Iterator[Host]:
    """One of its hosts, with nothing running on it."""
    yield bare.host("left")
    bare.clear()


def test_the_user_is_told(bare: StandingLab) -> None:
    """The plan of the lab says what of its hosts is not as their image has it."""
    image = bare.plan.hosts[0].image

    said = f"hosts left, right: there is no Python in the image '{image}', so labctl puts its own into a copy of it"
    assert said in bare.plan.notes


def test_a_server_and_a_client_talk_and_their_states_are_seen(left: Host, bare: StandingLab) -> None:
    """Listening, blocking in accept, what was sent and both ends: all as on any host."""
    server = left.begin("busybox", "nc", "-l", "-p", "51717")
    assert left.port("tcp 51717", {"listening": True}).held
    assert server.state({"blocked": "accept"}).held

    client = bare.host("right").run("busybox", "nc", "left", "51717", stdin=b"hello\n")

    assert (client.ending, server.ended().ending, server.stdout) == ("exit 0", "exit 0", b"hello\n")


def test_ends_are_told_as_they_were(left: Host) -> None:
    assert left.run("busybox", "sh", "-c", "exit 7").ending == "exit 7"
    assert left.run("busybox", "sh", "-c", "kill -SEGV $$").ending == "signal SEGV"


def test_a_signal_has_been_taken_when_it_is_answered(left: Host) -> None:
    program = left.begin("busybox", "sleep", "1000")
    program.signal(signal.SIGSTOP)
    assert program.state({"stopped": True}, seconds=0).held

    program.signal(signal.SIGCONT)
    program.signal(signal.SIGTERM)

    assert program.gone().ending == "signal TERM"


def test_a_window_is_a_terminal(left: Host) -> None:
    shell = left.begin("busybox", "sh", "-c", "busybox tty; read line; echo got $line", window=True)
    shell.printed(b"/dev/pts/")
    shell.feed(b"typed\n")

    assert b"got typed" in shell.ended().stdout


def test_programs_are_held_as_on_any_host(left: Host) -> None:
    """An ordinary user without a capability, who gains none, behind labctl's filter and the container's."""
    text = left.run("busybox", "cat", "/proc/self/status").stdout.decode()
    rows = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)

    assert (rows["Uid"], rows["Gid"], rows["Groups"].strip()) == ("1000\t" * 3 + "1000", "1000\t" * 3 + "1000", "")
    assert [int(rows[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")] == [0, 0, 0, 0]
    assert (rows["NoNewPrivs"], rows["Seccomp"]) == ("1", "2")
    assert left.hello["in_force"]["seccomp_of_container"]


def test_what_was_brought_along_is_no_programs_to_change_or_to_find(left: Host) -> None:
    with pytest.raises(NotStarted, match="program not found on left: python3"):
        left.begin("python3")
    for place in ("/.labctl/new", "/.labctl/bin/python3", "/.labctl/lib/loader"):
        refused = left.run("busybox", "sh", "-c", f": >> {place}")
        assert (refused.ending, b"ermission denied" in refused.stderr) == ("exit 1", True), refused
    for place in ("/proc/1/root/", "/proc/1/fd/"):
        assert b"ermission denied" in left.run("busybox", "ls", place).stderr


def test_a_fork_bomb_stays_within_the_hosts_limits_and_is_ended(left: Host) -> None:
    assert left.hello["in_force"]["container"]["processes"] == 3 * SMALL.processes + 16

    bomb = left.begin("busybox", "sh", "-c", "while :; do busybox sleep 1000 & done")

    assert b"can't fork" in bomb.ended().stderr
    assert bomb.answer("kill").get("ok")
    bomb.gone()
    assert left.run("busybox", "true").ending == "exit 0"


def test_memory_is_limited(left: Host) -> None:
    """Of what a program asks for, the limit is all it gets."""
    doubled = left.run("busybox", "awk", 'BEGIN { s = "x"; while (length(s) < 2 ^ 27) s = s s; print "had it" }')

    assert doubled.ending != "exit 0"
    assert b"had it" not in doubled.stdout


def test_system_calls_are_recorded(left: Host, bare: StandingLab) -> None:
    """By a strace that was brought along, too."""
    bare.trace()
    traced = left.run("busybox", "true")
    bare.conversation.answer(bare.conversation.ask("left", "trace", off=True))
    bare.conversation.answer(bare.conversation.ask("right", "trace", off=True))

    assert b'execve("/bin/busybox", ["busybox", "true"]' in bare.traces[traced.program.key]


def test_testinfra_says_that_it_needs_a_shell_but_for_sockets(left: Host, bare: StandingLab) -> None:
    server = left.begin("busybox", "nc", "-l", "-p", "51718")
    assert left.port("tcp 51718", {"listening": True}).held
    seen = host_of(bare.conversation, "left")

    assert seen.socket("tcp://51718").is_listening
    with pytest.raises(NotStarted, match="not found on left: /bin/sh, which testinfra needs"):
        assert seen.file("/etc").exists
    server.signal(signal.SIGKILL)


def test_a_host_is_halted_and_nothing_is_left_of_the_lab(
    engine: Engine, daemon: Daemon, bare: StandingLab, tmp_path: Path
) -> None:
    with StandingLab(engine, bare.plan, tmp_path) as lab:
        assert len(daemon.containers(lab.id)) == 2
        lab.host("left").begin("busybox", "sleep", "1000")
        lab.lab.halt("left")
        assert set(lab.lab.channels) == {"right"}

    assert (daemon.containers(lab.id), daemon.networks(lab.id)) == ([], [])


def test_a_copy_is_made_once_and_goes_when_its_image_is_another(
    engine: Engine, daemon: Daemon, image: str, tmp_path: Path
) -> None:
    plan = plan_on(image, write_context(tmp_path / "image", image))
    said: list[str] = []

    engine.prepare(plan, silently)
    [first] = daemon.images_with("labctl.of", image)
    engine.prepare(plan, said.append)
    assert said == []

    write_context(tmp_path / "image", image, f"{RECIPE}COPY busybox /bin/nc\n")
    engine.prepare(plan, said.append)

    [second] = daemon.images_with("labctl.of", image)
    assert second != first
    assert f"putting Python into a copy of {image}" in said


def test_a_python_that_can_not_be_an_agent_counts_as_none(
    engine: Engine, daemon: Daemon, image: str, tmp_path: Path
) -> None:
    """It is said what is wrong with it; programs find it as before."""
    context = write_context(tmp_path / "image", image, f"{RECIPE}COPY python3 /bin/python3\n")
    old = context / "python3"
    old.write_text("#!/bin/busybox sh\necho SyntaxError: annotations is not defined >&2; exit 1\n")
    old.chmod(0o755)

    with StandingLab(engine, plan_on(image, context), tmp_path) as lab:
        said = "the Python is not one for labctl's agent (SyntaxError: annotations is not defined)"
        assert said in lab.plan.notes[0]
        assert lab.host("left").run("python3").ending == "exit 1"
