"""This machine -> whether labs on namespaces work here, and which setting stands in the way if not.

Found out by doing: a supervisor makes a lab of one host. Only when that fails are settings read, to name the one
that stands in the way.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Any

from labctl.engine.contract import EngineError, Finding, Readiness
from labctl.engine.netns.ip import find_ip
from labctl.plan.model import HostPlan, Plan
from labctl.scenario.model import Family

_MEND_AS_ROOT = "as root: "


def look() -> Readiness:
    """Every finding, the ones that can't be looked at left out. Takes some 100 ms."""
    findings = [_linux()]
    if findings[0].works:
        findings.append(_iproute2())
    if all(finding.works for finding in findings):
        findings.append(_tried())
        findings.append(_strace())
    return Readiness("netns", tuple(findings))


def _linux() -> Finding:
    works = sys.platform == "linux"
    return Finding("Linux", works, platform.release(), "" if works else "use the docker engine")


def _iproute2() -> Finding:
    place = find_ip()
    return Finding("iproute2", place is not None, place or "", "" if place else "apt-get install iproute2")


def _strace() -> Finding:
    """Only tracing needs it: its absence is told, and doesn't hinder."""
    present = any(os.access(f"{folder}/strace", os.X_OK) for folder in ("/usr/bin", "/bin"))
    return Finding("strace", True, "there" if present else "missing; only needed to trace: apt-get install strace")


def _tried() -> Finding:
    from labctl.engine.netns.engine import Supervisor

    supervisor = Supervisor()
    try:
        for channel in supervisor.make(smallest_plan()).values():
            channel.close()
    except EngineError as error:
        return Finding("namespaces", False, str(error), error.hint)
    finally:
        supervisor.end()
    user = "an unprivileged user (started as root)" if os.geteuid() == 0 else "this user"
    return Finding("namespaces", True, f"a lab was built as {user}")


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
    if "ip: " in error or "sysctl" in error or "memory" in error:
        return ""
    if "mount_setattr" in error and words.get("errno") == 38:
        return "use a kernel of at least 5.12"
    if _is_in_container():
        return _container_mend(error)
    return _setting_mend() or "run `labctl doctor`"


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
