"""An error of the supervisor's -> the setting that stands in the way, and its mend."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from labctl.engine.contract import Finding
from labctl.engine.netns import readiness

Words = dict[str, Any]


class Machine:
    """A machine that says what a test lets it say."""

    def __init__(self, settings: dict[str, int] | None = None, *, container: bool = False) -> None:
        self.container = container
        self.settings = settings or {}

    def number(self, path: str) -> int | None:
        """A setting's value, by the last part of its path."""
        return self.settings.get(path.rpartition("/")[2])


def mend(monkeypatch: pytest.MonkeyPatch, machine: Machine, words: Words) -> str:
    """What is advised on that machine."""
    monkeypatch.setattr(readiness, "_is_in_container", lambda: machine.container)
    monkeypatch.setattr(readiness, "_number", machine.number)
    return readiness.why(words)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        ({"ok": True}, "programs can be traced"),
        (
            {"error": "no-strace", "detail": "there is no strace", "mend": "apt-get install strace"},
            "there is no strace; only needed to trace: apt-get install strace",
        ),
        ({"error": "no-strace", "detail": "attach: no", "mend": ""}, "attach: no; only needed to trace"),
        ({"error": "unknown"}, "unknown; only needed to trace"),
    ],
)
def test_a_lab_works_where_nothing_can_be_traced(answer: Words, detail: str) -> None:
    """What keeps from it is told, with its mend."""
    assert readiness.of_tracing(answer) == Finding("strace", True, detail)


REFUSED: Words = {"error": "unshare: Operation not permitted", "errno": 1}


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"unprivileged_userns_clone": 0}, "sysctl -w kernel.unprivileged_userns_clone=1"),
        ({"max_user_namespaces": 0}, "sysctl -w user.max_user_namespaces=15000"),
        ({"max_net_namespaces": 0}, "sysctl -w user.max_net_namespaces=15000"),
        ({"apparmor_restrict_unprivileged_userns": 1}, "kernel.apparmor_restrict_unprivileged_userns=0"),
    ],
)
def test_the_setting_in_the_way_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, int], advice: str
) -> None:
    """With the command that changes it."""
    told = mend(monkeypatch, Machine(settings), REFUSED)
    assert advice in told
    assert told.startswith("as root: ")


def test_settings_that_are_right_are_not_blamed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where none stands in the way, doctor is who to ask."""
    machine = Machine({"unprivileged_userns_clone": 1, "max_user_namespaces": 15000})
    assert mend(monkeypatch, machine, REFUSED) == "run `labctl doctor`"


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("unshare: Operation not permitted", "--security-opt seccomp=unconfined"),
        ("mount proc on /proc: Operation not permitted", "--security-opt systempaths=unconfined"),
        ("mount tmpfs on /sys: Permission denied", "--security-opt apparmor=unconfined"),
    ],
)
def test_in_a_container_the_missing_right_is_named(monkeypatch: pytest.MonkeyPatch, error: str, advice: str) -> None:
    """The runtime's option, not a setting of the machine's."""
    told = mend(monkeypatch, Machine({"max_user_namespaces": 0}, container=True), {"error": error, "errno": 1})
    assert advice in told


def test_an_old_kernel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """mount_setattr(2) came with Linux 5.12."""
    words = {"error": "mount_setattr /usr: Function not implemented", "errno": 38}
    assert "5.12" in mend(monkeypatch, Machine(), words)


@pytest.mark.parametrize("error", ["ip: RTNETLINK answers: File exists", "sysctl net.x=1: No such file or directory"])
def test_what_is_no_setting_of_the_machines_has_no_mend(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    """A plan that can't be built says so by itself."""
    assert mend(monkeypatch, Machine(), {"error": error, "errno": 2}) == ""


def test_a_folder_that_lets_nobody_through_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with TemporaryDirectory() as folder:  # pytest's own lie in one that lets nobody through
        Path(folder).chmod(0o755)
        closed = Path(folder, "closed")
        closed.mkdir(0o700)
        monkeypatch.setattr(os, "geteuid", lambda: 0)
        error = f"mount {closed}/bin on /sys/opt/programs: Permission denied"

        assert f"`chmod o+x '{closed}'`" in readiness.why({"error": error, "errno": 13})
