"""This machine -> whether labs on namespaces work here, and which setting stands in the way if not.

Found out by doing: a supervisor makes a lab of one host, whose agent has strace take hold of a process. Only when that
fails are settings read, to name the one that stands in the way.
"""

from __future__ import annotations

import os
import platform
import re
import select
import stat
import sys
from pathlib import Path
from typing import Any

from labctl.agent.frames import BadFrame, Decoder, Header, encode
from labctl.engine.contract import Channel, EngineError, Finding, Readiness
from labctl.engine.netns.ip import find_ip
from labctl.engine.shortage import hint_for
from labctl.plan.model import HostPlan, Plan
from labctl.scenario.model import Family

_MEND_AS_ROOT = "as root: "
_ANSWERS_WITHIN_S = 10.0


def look() -> Readiness:
    """Every finding, the ones that can't be looked at left out. Takes some 100 ms."""
    findings = [_linux()]
    if findings[0].works:
        findings.append(_iproute2())
    if all(finding.works for finding in findings):
        findings += _tried()
    return Readiness("netns", tuple(findings))


def _linux() -> Finding:
    works = sys.platform == "linux"
    return Finding("Linux", works, platform.release(), "" if works else "use the docker engine")


def _iproute2() -> Finding:
    place = find_ip()
    return Finding("iproute2", place is not None, place or "", "" if place else "apt-get install iproute2")


def _tried() -> list[Finding]:
    from labctl.engine.netns.engine import Supervisor

    supervisor = Supervisor()
    try:
        (channel,) = supervisor.make(smallest_plan()).values()
        strace = of_tracing(_asked_to_trace(channel))
        channel.close()
    except EngineError as error:
        return [Finding("namespaces", False, str(error), error.hint)]
    finally:
        supervisor.end()
    user = "an unprivileged user (started as root)" if os.geteuid() == 0 else "this user"
    return [Finding("namespaces", True, f"a lab was built as {user}"), strace]


def _asked_to_trace(channel: Channel) -> Header:
    """What the agent answers."""
    decoder = Decoder()
    try:
        channel.send(encode({"do": "trace", "id": 1}))
        while select.select([channel], [], [], _ANSWERS_WITHIN_S)[0]:
            data = channel.receive()
            for header, _ in decoder.feed(data):
                if header.get("re") == 1:
                    return header
            if not data:
                break
    except (OSError, BadFrame) as error:
        return {"error": "failed", "detail": str(error)}
    return {"error": "failed", "detail": f"no answer within {_ANSWERS_WITHIN_S:g} s"}


def of_tracing(answer: Header) -> Finding:
    """An agent's answer to `trace`. Only tracing needs it: that it can't be is told, and doesn't hinder."""
    if "error" not in answer:
        return Finding("strace", True, "programs can be traced")
    mend = f": {answer['mend']}" if answer.get("mend") else ""
    return Finding("strace", True, f"{answer.get('detail') or answer['error']}; only needed to trace{mend}")


def smallest_plan() -> Plan:
    """A lab of one host that can be reached by nobody."""
    host = HostPlan(
        name="probe",
        service="probe",
        mac="02:42:0a:00:00:02",
        address4=None,
        address6=None,
        image="",
        build=None,
        path=("/usr/bin", "/bin"),
    )
    return Plan(name="probe", family=Family.IPV4, subnet4=None, subnet6=None, hosts=(host,))


def why(words: dict[str, Any]) -> str:
    """What to do about an error of the supervisor's: the setting that stands in the way, and its mend."""
    error = str(words.get("error", ""))
    if "unshare" not in error and (short := hint_for(error)):  # unshare(2) says ENOSPC of a setting
        return short
    if "ip: " in error or "sysctl" in error or "memory" in error:
        return ""
    if "mount_setattr" in error and words.get("errno") == 38:
        return "use a kernel of at least 5.12"
    if closed := _closed_on_the_way(error):
        return f"run `chmod o+x '{closed}'`, or move the lab: root's labs are made without root's rights"
    if _is_in_container():
        return _container_mend(error)
    return _setting_mend() or "run `labctl doctor`"


def _closed_on_the_way(error: str) -> Path | None:
    """The folder that keeps others from what could not be mounted, as far as that was the reason."""
    found = re.match(r"mount (/.+) on /.*: Permission denied", error)
    if found is None or os.geteuid() != 0:
        return None
    folders = reversed(Path(found[1]).parents)
    try:
        return next((folder for folder in folders if not folder.stat().st_mode & stat.S_IXOTH), None)
    except OSError:
        return None


def _setting_mend() -> str:
    if _number("/proc/sys/kernel/unprivileged_userns_clone") == 0:
        return f"{_MEND_AS_ROOT}sysctl -w kernel.unprivileged_userns_clone=1"
    if _number("/proc/sys/user/max_user_namespaces") == 0:
        return f"{_MEND_AS_ROOT}sysctl -w user.max_user_namespaces=15000"
    if _number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1:
        setting = "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
        return f"{_MEND_AS_ROOT}{setting}, or an AppArmor profile with `userns,`"
    for kind in ("net", "mnt", "pid", "uts", "ipc"):
        if _number(f"/proc/sys/user/max_{kind}_namespaces") == 0:
            return f"{_MEND_AS_ROOT}sysctl -w user.max_{kind}_namespaces=15000"
    return ""


def _container_mend(error: str) -> str:
    """Inside a container the runtime decides; which right is missing shows in what failed."""
    if "unshare" in error:
        return "start this container with --security-opt seccomp=unconfined (it may not make namespaces)"
    if "mount proc" in error or "/proc/sys" in error:
        return "start this container with --security-opt systempaths=unconfined (its /proc is covered)"
    if "mount" in error:
        return "start this container with --security-opt apparmor=unconfined (it may not mount)"
    return "start this container with --security-opt seccomp=unconfined --security-opt systempaths=unconfined"


def _is_in_container() -> bool:
    markers = ("/.dockerenv", "/run/.containerenv")
    if any(os.path.exists(marker) for marker in markers):
        return True
    return b"container=" in _bytes("/proc/1/environ")


def _number(path: str) -> int | None:
    text = _bytes(path).strip()
    return int(text) if text.isdigit() else None


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError:
        return b""
