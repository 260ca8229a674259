"""Decoys that the machine has: links, packet filters, queues, namespaces, files, processes.

Root's are in the machine's own network, where a clumsy clean-up would look for its leftovers; an ordinary user can only
have them in a network of their own.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

from labctl.engine.owner import start_time
from labctl.observe.names import JOURNAL
from labctl.runner.records import Journal
from tests.contract.waiting import until
from tests.torture.decoy.kind import Kind, Scene, State, output_of

_PORT = 51717


@contextmanager
def _network() -> Iterator[tuple[str, ...]]:
    """The words to put before a command that is about the network where the decoys are."""
    if os.geteuid() == 0:
        yield ()
        return
    hold = ["unshare", "--user", "--map-root-user", "--net", "cat"]
    with subprocess.Popen(hold, stdin=subprocess.PIPE) as holder:
        comm = Path(f"/proc/{holder.pid}/comm")
        assert until(lambda: comm.read_text() == "cat\n", within_s=10)  # by then it is root there
        assert holder.stdin is not None
        try:
            yield ("nsenter", f"--target={holder.pid}", "--user", "--net", "--preserve-credentials")
        finally:
            holder.stdin.close()


@contextmanager
def _in_the_network(make: list[str], look: list[str], unmake: list[str]) -> Iterator[State]:
    """Commands, a line each, that make it, show it, and take it away."""
    with _network() as there, ExitStack() as undo:
        output_of(*there, *make[0].split())
        for line in unmake:
            undo.callback(subprocess.run, [*there, *line.split()], stderr=subprocess.DEVNULL)  # if it came to be
        for line in make[1:]:
            output_of(*there, *line.split())
        yield lambda: "\n".join(output_of(*there, *line.split()) for line in look)


def _number() -> int:
    """A part of names, so that two campaigns don't have the same; an interface's has room for 15 characters."""
    return random.randrange(100, 1000)


def links(scene: Scene) -> AbstractContextManager[State]:
    """A bridge and a cable, called as labs call theirs."""
    number = _number()
    bridge, near, far = f"lab-51717{number}", f"h{number}", f"lab{number}"
    return _in_the_network(
        [
            f"ip link add {bridge} type bridge",
            f"ip link add {near} type veth peer name {far}",
            f"ip link set {near} master {bridge} up",
            f"ip link set {far} up",
            f"ip link set {bridge} up",
        ],
        [f"ip -o link show {name}" for name in (bridge, near, far)],
        [f"ip link delete {near}", f"ip link delete {bridge}"],
    )


def packet_filter(scene: Scene) -> AbstractContextManager[State]:
    """A table that is called as a sidecar's is."""
    family = {"netns": "inet", "docker": "ip"}[scene.ground.engine]
    return _in_the_network(
        [
            f"nft add table {family} labctl",
            f"nft add chain {family} labctl fragments",
            f"nft add rule {family} labctl fragments udp dport {_PORT} drop",
        ],
        [f"nft -a list table {family} labctl"],
        [f"nft delete table {family} labctl"],
    )


def queues(scene: Scene) -> AbstractContextManager[State]:
    """A queue with the handle that everybody gives the first one."""
    device = f"eth-lab{_number()}"
    return _in_the_network(
        [
            f"ip link add {device} type veth peer name {device}p",
            f"ip link set {device} up",
            f"tc qdisc add dev {device} root handle 1: pfifo limit 7",
        ],
        [f"tc qdisc show dev {device}"],
        [f"ip link delete {device}"],
    )


@contextmanager
def named_namespaces(scene: Scene) -> Iterator[State]:
    """Network namespaces called as hosts are, each with an address on its loopback."""
    names = [f"cheerios-{_number()}", f"labctl-{_number()}"]
    with ExitStack() as undo:
        for name in names:
            output_of("ip", "netns", "add", name)
            undo.callback(output_of, "ip", "netns", "delete", name)
            output_of("ip", "-n", name, "address", "add", "10.51.0.2/32", "dev", "lo")
        yield lambda: "\n".join(
            f"{os.stat(f'/run/netns/{name}').st_ino} {output_of('ip', '-n', name, '-o', 'address')}" for name in names
        )


@contextmanager
def files(scene: Scene) -> Iterator[State]:
    """Files, folders and a socket in /tmp and TMPDIR that are called as something of labctl's could be."""
    some = uuid4().hex[:8]
    with ExitStack() as undo:
        made: list[Path] = []
        for top in {Path("/tmp"), Path(tempfile.gettempdir()), scene.folder}:
            folder = top / f"labctl-{some}"
            folder.mkdir()
            undo.callback(folder.rmdir)
            paths = [folder / "compose.json", folder / "lab.lock", top / f"labctl-{some}.log", top / f"lab-{some}.sock"]
            for path in paths[:3]:
                path.write_text("mine")
            with socket.socket(socket.AF_UNIX) as bound:
                bound.bind(str(paths[3]))
            for path in paths:
                undo.callback(path.unlink)
            made += [folder, *paths]
        yield lambda: _shown(made)


@contextmanager
def runs_of_others(scene: Scene) -> Iterator[State]:
    """Beside the runs that are cleaned up: notes, a folder that only has the name of a run, and a run that goes on."""
    runs = scene.ground.folder / ".labctl" / "runs"
    notes, named, goes_on = (runs / name for name in ("000-notes", "20010101-000000-mine", "20010101-000000-lasts"))
    for folder in (notes, named, goes_on):
        folder.mkdir(parents=True)
        (folder / "notes.txt").write_text("mine")
    journal = Journal(goes_on / JOURNAL)
    for folder in (notes, named, goes_on):
        os.utime(folder, (0, 0))
    try:
        yield lambda: _shown([notes, named, goes_on, *(folder / "notes.txt" for folder in (notes, named, goes_on))])
    finally:
        journal.close()


@contextmanager
def named_processes(scene: Scene) -> Iterator[State]:
    """Processes that are called as programs in labs are; the server among them answers."""
    code = (
        "import socket, sys\n"
        "name = b'server'; open('/proc/self/comm', 'wb').write(name)\n"
        "listener = socket.create_server(('127.0.0.1', 0)); print(listener.getsockname()[1], flush=True)\n"
        "while True:\n    met, _ = listener.accept(); met.sendall(b'here'); met.close()\n"
    )
    with ExitStack() as undo:
        server = _process(undo, [sys.executable, "-c", code, "server", str(_PORT)], stdout=True)
        assert server.stdout is not None
        port = int(server.stdout.readline())
        others = []
        for name in ("labctl", "dockerd", "client", "python3", "containerd-shim"):
            (scene.folder / name).symlink_to("/usr/bin/sleep")
            others.append(_process(undo, [str(scene.folder / name), "1000"]))

        def state() -> str:
            with socket.create_connection(("127.0.0.1", port), 10) as met:
                assert met.recv(10) == b"here"
            shown = [f"{one.pid} {start_time(one.pid)} {one.poll()}" for one in (server, *others)]
            assert all(line.endswith(" None") for line in shown), shown
            return "\n".join(shown)

        yield state


def _process(undo: ExitStack, words: list[str], *, stdout: bool = False) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(words, stdout=subprocess.PIPE if stdout else subprocess.DEVNULL, start_new_session=True)
    undo.callback(process.wait)
    undo.callback(process.send_signal, signal.SIGKILL)
    return process


def _shown(paths: list[Path]) -> str:
    """Which file it is, of which kind, when its content or its state changed, and the content."""
    found: Mapping[Path, os.stat_result] = {path: path.lstat() for path in paths}
    return "\n".join(
        f"{path} {one.st_ino} {one.st_mode:o} {one.st_mtime_ns} {one.st_ctime_ns}"
        f" {path.read_text() if path.is_file() else ''}"
        for path, one in found.items()
    )


def _needs_root() -> str:
    return "" if os.geteuid() == 0 else "only root can name a network namespace"


KINDS = [
    Kind("links", links),
    Kind("packet-filter", packet_filter),
    Kind("queues", queues),
    Kind("named-namespaces", named_namespaces, _needs_root),
    Kind("files", files),
    Kind("runs-of-others", runs_of_others),
    Kind("named-processes", named_processes),
]
