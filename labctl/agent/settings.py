"""What the engine tells the agent of its host, and what the agent finds in force there."""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from labctl.agent.confine import Confinement, confine
from labctl.agent.holding import Facts, of_the_container, settings_now, shortfalls
from labctl.agent.seccomp import program_filter


class Settings(NamedTuple):
    """One host's settings. `files` are to be written, by path: a container's own would ask Docker for names.

    `acts_as`: whose ids the agent takes to read programs' /proc entries and to make what they may open (None: its
    own will do). `asked` are limits and kernel settings that must be in force (labctl.agent.holding).
    """

    host: str
    directory: str
    environment: dict[str, str]
    how: Confinement
    acts_as: Confinement | None
    files: dict[str, str]
    asked: dict[str, dict[str, Any]]


def settings_from(values: dict[str, Any]) -> Settings:
    """The engine's JSON as settings. KeyError and TypeError when it is none."""
    limits = values["limits"]
    own_namespace = bool(values["own_user_namespace"])
    how = Confinement(
        own_user_namespace=own_namespace,
        uid=int(values["uid"]),
        gid=int(values["gid"]),
        processes=int(limits["processes"]),
        memory=int(limits["memory"]),
        files=int(limits["files"]),
        file_size=int(limits["file_size"]),
        filter=program_filter(),
    )
    home = str(values.get("home", "/home/lab"))
    path = ":".join(values.get("path") or ["/usr/local/bin", "/usr/bin", "/bin"])
    environment = {"PATH": path, "HOME": home, "USER": "lab", "LANG": "C.UTF-8", "TERM": "dumb"}
    environment |= {"HOSTNAME": str(values["host"])} | dict(values.get("environment", {}))
    return Settings(
        host=str(values["host"]),
        directory=home if os.path.isdir(home) else "/",
        environment=environment,
        how=how,
        acts_as=None if own_namespace or how.uid == os.geteuid() else how,
        files=dict(values.get("files", {})),
        asked=dict(values.get("asked", {})),
    )


def in_force(how: Confinement, asked: Mapping[str, Mapping[str, Any]] = MappingProxyType({})) -> Facts:
    """What a program finds itself held by: read back from inside one, by becoming one as far as exec.

    With an `error` when a privilege could not be given up, or something that was asked for can't be had: then no
    program may be started.
    """
    facts = _held(how)
    if "error" in facts:
        return facts
    facts["sysctls"] = settings_now(asked.get("sysctls", {}))
    if not how.own_user_namespace:
        facts["container"] = of_the_container()
    short = shortfalls(asked, facts)
    return facts | ({"error": "; ".join(short)} if short else {})


def _held(how: Confinement) -> Facts:
    come, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(go, json.dumps(_look_inside(how)).encode())
        finally:
            os._exit(0)
    os.close(go)
    with os.fdopen(come, "rb") as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    facts = json.loads(text or b'{"error": "the probe died"}')
    assert isinstance(facts, dict)
    return facts


def _look_inside(how: Confinement) -> Facts:
    was_filtered = _status().get("Seccomp") == "2"
    try:
        confine(how)
    except OSError as error:
        return {"error": str(error)}
    rows = _status()
    limits = {
        name: resource.getrlimit(which)[1]
        for name, which in (
            ("processes", resource.RLIMIT_NPROC),
            ("memory", resource.RLIMIT_DATA),
            ("files", resource.RLIMIT_NOFILE),
            ("file_size", resource.RLIMIT_FSIZE),
        )
    }
    return {
        "uid": os.getuid(),
        "capabilities": rows.get("CapPrm", ""),
        "bounding": rows.get("CapBnd", ""),
        "no_new_privileges": rows.get("NoNewPrivs") == "1",
        "seccomp": how.filter is not None and rows.get("Seccomp") == "2",
        "seccomp_of_container": was_filtered,
        "limits": limits,
    }


def _status() -> dict[str, str]:
    """This process as proc(5) has it."""
    with open("/proc/self/status") as status:
        rows = (row.split(":", 1) for row in status.read().splitlines())
        return {name: value.strip() for name, value in rows}
