"""Decoys that are labs: of other runs, other users, other containers, other daemons; each goes on meanwhile."""

from __future__ import annotations

import grp
import os
import random
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path

from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import DEFAULT, find_endpoint
from labctl.engine.owner import start_time
from labctl.plan.image import HOST_IMAGE, SIDECAR_IMAGE
from tests.torture import private_daemon
from tests.torture.campaign import TOP, UNTIL_THE_END
from tests.torture.decoy.cleaning import EVERYBODYS, TAKES_AT_MOST_S, Ground, Lasting, family, parts_on_docker
from tests.torture.decoy.kind import Kind, Scene, State, output_of

_SOMEBODY = 61001
"""A user that owns nothing, and need not be known to the machine."""
_DEFAULT_SOCKET = DEFAULT.removeprefix("unix://")
_SERVER = "/server 51717"


@contextmanager
def _lasting(ground: Ground, *words: str) -> Iterator[State]:
    """A run there that waits; in the end it is interrupted, and takes its lab down."""
    run = ground.begin(*words)
    try:
        yield partial(_state_of, run, ground)
    finally:
        status = run.end()
    assert status == 128 + signal.SIGINT, f"the run ended with {status}"


def _state_of(run: Lasting, ground: Ground) -> str:
    """Its processes, its containers and networks, and how far it has come."""
    assert run.process.poll() is None, "the run is over"
    assert run.journal.exists(), "its records are gone"
    its = sorted(f"{pid} {start} {line}" for pid, start, line in family(run.process.pid))
    servers = [one for one in its if _SERVER in one]
    if ground.engine == "docker":  # what descends from labctl there is Compose, which comes and goes
        its, servers = [f"{run.process.pid} {start_time(run.process.pid)}"], _servers(ground, run.lab)
    assert servers, "its server is gone"
    return "\n".join([*its, *servers, *parts_on_docker(ground, run.lab), str(run.journal.stat().st_size)])


def _servers(ground: Ground, lab: str) -> list[str]:
    """The processes of its containers that are servers, by the machine's pids and start times."""
    endpoint = find_endpoint(ground.environment)
    daemon = Daemon(endpoint)
    try:
        containers = [one.id for one in daemon.containers(lab)]
    finally:
        daemon.close()
    lines = [
        line
        for container in containers
        for line in output_of("docker", "--host", endpoint.host, "top", container, "-eo", "pid,args").splitlines()
    ]
    pids = [int(line.split()[0]) for line in lines if _SERVER in line]
    return [f"{pid} {start_time(pid)}" for pid in pids]


@contextmanager
def another_run(scene: Scene) -> Iterator[State]:
    """Of the same user, of the same file, with records in the same folder."""
    with _lasting(scene.ground) as state:
        yield state


@contextmanager
def a_run_that_keeps(scene: Scene) -> Iterator[State]:
    """Of the same user; its lab is to stand when it is over, and is held by a process of its own."""
    run = scene.ground.begin("--keep")
    try:

        def state() -> str:
            assert run.process.poll() is None, "the run is over"
            assert "lasts  " in scene.ground.labctl("ps"), "its lab is gone"
            return scene.ground.labctl(
                "exec", "-l", "lasts", "cheerios", "sh", "-c", "hostname; readlink /proc/self/ns/net"
            )

        yield state
    finally:
        run.end()
        scene.ground.labctl("down", "--all")


@contextmanager
def a_lab_that_stands_elsewhere(scene: Scene) -> Iterator[State]:
    """Of the same user and name, with the same state folder, but with another XDG_RUNTIME_DIR."""
    state_folder = scene.ground.environment["XDG_STATE_HOME"]
    elsewhere = Ground(scene.ground.engine, scene.folder, XDG_STATE_HOME=state_folder)
    file = str(scene.folder / "passes.yaml")
    elsewhere.labctl("up", "--engine", elsewhere.engine, "--name", "lab", file)
    try:
        yield lambda: elsewhere.labctl("exec", "cheerios", "sh", "-c", "hostname; readlink /proc/self/ns/net")
    finally:
        elsewhere.labctl("down", "lab")


@contextmanager
def another_users_run(scene: Scene) -> Iterator[State]:
    """In a folder of that user's own; on Docker a user who may talk to the daemon."""
    ground = Ground(scene.ground.engine, scene.folder, command=_as_somebody(scene.ground.engine))
    for path in (scene.folder, *scene.folder.rglob("*")):
        os.chown(path, _SOMEBODY, _SOMEBODY)
    for folder in scene.folder.parents:
        if folder.name.startswith(("torture-", "decoy-")):
            folder.chmod(0o711)
    with _lasting(ground) as state:
        yield state


def _as_somebody(engine: str) -> tuple[str, ...]:
    groups = [str(_SOMEBODY)] + [str(grp.getgrnam("docker").gr_gid)] * (engine == "docker")
    who = (f"--reuid={_SOMEBODY}", f"--regid={_SOMEBODY}", f"--groups={','.join(groups)}")
    return ("setpriv", *who, *EVERYBODYS)


@cache
def _no_other_user() -> str:
    if os.geteuid() != 0:
        return "only root can run something as another user"
    asked = subprocess.run([*_as_somebody(""), "--version"], capture_output=True, text=True, cwd="/")
    return f"another user can't run this labctl: {asked.stderr[-200:]}" if asked.returncode else ""


@contextmanager
def a_run_in_a_container(scene: Scene) -> Iterator[State]:
    """It has the machine's programs and the daemon's socket, but process ids of its own."""
    name = f"lab-of-labs-{random.getrandbits(32):08x}"
    shared = {"/usr", "/etc", str(TOP.resolve()), *(str(Path(one).resolve()) for one in _library_folders())}
    mounts = [word for folder in sorted(shared) for word in ("--volume", f"{folder}:{folder}:ro")]
    mounts += [
        "--volume",
        f"{scene.folder}:{scene.folder}",
        "--volume",
        f"{find_endpoint().socket_path}:{_DEFAULT_SOCKET}",
    ]
    variables = [f"--env={word}={scene.folder / folder}" for word, folder in _FOLDERS.items()]
    inside = ("docker", "run", "--rm", "--name", name, "--network=none", "--user=0:0", *mounts, *variables)
    words = (f"--workdir={scene.folder}", f"--entrypoint={EVERYBODYS[0]}", HOST_IMAGE, *EVERYBODYS[1:])
    ground = Ground("docker", scene.folder, command=(*inside, *words))
    run = ground.begin()
    container = output_of("docker", "container", "inspect", "--format", "{{.Id}}", name)
    try:

        def state() -> str:
            seen = output_of("docker", "container", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", container)
            servers = _servers(ground, run.lab)
            assert servers, "its server is gone"
            return "\n".join([seen, *servers, *parts_on_docker(ground, run.lab), str(run.journal.stat().st_size)])

        yield state
    finally:
        output_of("docker", "kill", "--signal=INT", container)
        run.process.wait(TAKES_AT_MOST_S)
        _take_over(scene.folder)
    assert parts_on_docker(ground, run.lab) == []


def _take_over(folder: Path) -> None:
    """What root in a container has made there is ours from now on, so that we may remove it."""
    as_root = ("docker", "run", "--rm", "--network=none", "--user=0:0", "--volume", f"{folder}:{folder}")
    output_of(*as_root, "--entrypoint=chown", HOST_IMAGE, "-R", f"{os.getuid()}:{os.getgid()}", str(folder))


def _no_socket() -> str:
    return "" if find_endpoint().socket_path is not None else "the daemon has no socket here to share"


_FOLDERS = {"HOME": "", "XDG_RUNTIME_DIR": "run", "XDG_STATE_HOME": "state"}


def _library_folders() -> Sequence[str]:
    import msgspec

    return [str(Path(msgspec.__file__).parents[1])]


@cache
def _daemon() -> private_daemon.PrivateDaemon:
    """One for all rounds, with the images."""
    undo = ExitStack()
    UNTIL_THE_END.callback(undo.close)
    UNTIL_THE_END.callback(_daemon.cache_clear)
    daemon = undo.enter_context(private_daemon.private_daemon())
    daemon.load(HOST_IMAGE, SIDECAR_IMAGE)
    return daemon


@contextmanager
def on_another_daemon(scene: Scene) -> Iterator[State]:
    """The same user's, called the same; only the daemon is another one."""
    ground = Ground("docker", scene.folder, **_daemon().environment)
    with _lasting(ground) as state:
        yield state


@contextmanager
def here_while_another_daemon_is_cleaned(scene: Scene) -> Iterator[State]:
    """The other way round: before it is looked at once more, all is cleaned on another daemon."""
    with _lasting(scene.ground) as state, tempfile.TemporaryDirectory(dir=scene.folder) as folder:
        there = Ground("docker", Path(folder), **_daemon().environment)
        there.environment["XDG_RUNTIME_DIR"] = scene.ground.environment["XDG_RUNTIME_DIR"]

        def cleaned_there() -> str:
            there.labctl(*there.run("passes"))
            there.labctl("down", "--all", "--older-than", "0s")
            return state()

        yield cleaned_there


_Make = Callable[[Scene], AbstractContextManager[State]]
_EVERYWHERE: dict[str, _Make] = {
    "another-run": another_run,
    "a-run-that-keeps-its-lab": a_run_that_keeps,
    "a-lab-that-stands-elsewhere": a_lab_that_stands_elsewhere,
}
KINDS = [
    *(Kind(name, make) for name, make in _EVERYWHERE.items()),
    Kind("another-users-run", another_users_run, _no_other_user),
]
KINDS_ON_DOCKER = [
    Kind("a-run-in-a-container", a_run_in_a_container, _no_socket),
    Kind("on-another-daemon", on_another_daemon, private_daemon.why_not),
    Kind("here-while-another-daemon-is-cleaned", here_while_another_daemon_is_cleaned, private_daemon.why_not),
]
