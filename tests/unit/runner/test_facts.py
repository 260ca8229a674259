"""What an agent found in force -> words."""

from __future__ import annotations

from typing import Any

from labctl.runner.facts import held

FOUND: dict[str, Any] = {
    "uid": 1000,
    "capabilities": "0000000000000000",
    "no_new_privileges": True,
    "seccomp": True,
    "seccomp_of_container": False,
    "limits": {"processes": 256, "memory": 512 << 20, "files": 1024, "file_size": 256 << 20},
}


def test_what_holds_programs_on_namespaces_is_told() -> None:
    assert held(FOUND) == {
        "programs": "uid 1000, no capabilities, no new privileges, seccomp labctl's",
        "limits": "512 MiB of data, 1024 files, files of 256 MiB, 256 processes",
    }


def test_in_a_container_its_own_limits_and_filter_are_told_too() -> None:
    words = held(FOUND | {"seccomp_of_container": True, "container": {"processes": 784, "memory": 576 << 20}})
    assert words["programs"].endswith("seccomp labctl's and the container's")
    assert words["limits"].endswith("784 processes, 576 MiB in all")


def test_what_is_missing_is_told_and_not_left_out() -> None:
    """A daemon that ignores limits, an architecture without a filter, a privilege that is still there."""
    found = FOUND | {"container": {"processes": None, "memory": None}, "seccomp": False, "no_new_privileges": False}
    words = held(found | {"capabilities": "0000000000000400"})
    assert words["programs"] == "uid 1000, capabilities 0000000000000400, new privileges possible, seccomp off"
    assert words["limits"].endswith("any number of processes, any amount in all")
