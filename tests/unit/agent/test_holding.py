"""What was asked for and what is in force -> what can't be had."""

from __future__ import annotations

from typing import Any

import pytest

from labctl.agent.holding import of_the_container, settings_now, shortfalls

ASKED: dict[str, dict[str, Any]] = {
    "limits": {"files": 64, "memory": 1 << 28},
    "container": {"processes": 166},
    "sysctls": {"net.ipv4.tcp_syn_retries": "1", "net.ipv4.neigh.eth0.retrans_time_ms": "10"},
}


def test_what_is_in_force_as_asked_for_is_had() -> None:
    assert shortfalls(ASKED, ASKED) == []
    assert shortfalls({}, {}) == []


@pytest.mark.parametrize(
    ("kind", "name", "came"),
    [
        ("limits", "files", 32),
        ("limits", "files", 128),
        ("limits", "memory", -1),
        ("container", "processes", None),
        ("sysctls", "net.ipv4.tcp_syn_retries", "6"),
        ("sysctls", "net.ipv4.neigh.eth0.retrans_time_ms", None),
    ],
)
def test_each_that_is_otherwise_is_named_with_both_values(kind: str, name: str, came: object) -> None:
    """Stricter, laxer, and one that is not there."""
    [short] = shortfalls(ASKED, ASKED | {kind: ASKED[kind] | {name: came}})
    assert name in short
    assert f"{ASKED[kind][name]} asked for" in short
    assert f"{'none' if came is None else came} in force" in short


def test_a_limit_of_which_nothing_is_known_is_not_in_force() -> None:
    """A daemon that ignores it leaves nothing to read back."""
    found = {kind: values for kind, values in ASKED.items() if kind != "container"}
    assert shortfalls(ASKED, found) == ["processes of the host: 166 asked for, none in force"]


def test_a_setting_in_ticks_may_be_rounded() -> None:
    found = ASKED | {"sysctls": ASKED["sysctls"] | {"net.ipv4.neigh.eth0.retrans_time_ms": "12"}}
    assert shortfalls(ASKED, found) == []


def test_memory_may_be_rounded_to_whole_pages() -> None:
    """Down, as the kernel does, and no further."""
    for came, is_had in (((1 << 28) - 4096, True), ((1 << 28) - (1 << 20), False), ((1 << 28) + 4096, False)):
        found = ASKED | {"limits": ASKED["limits"] | {"memory": came}}
        assert (shortfalls(ASKED, found) == []) is is_had


def test_settings_are_read_from_this_host() -> None:
    now = settings_now({"net.ipv4.tcp_syn_retries": "1", "net.ipv4.is_not_there": "1"})
    assert now["net.ipv4.tcp_syn_retries"] is not None
    assert now["net.ipv4.is_not_there"] is None


def test_a_container_without_a_limit_has_none() -> None:
    """Numbers as the kernel has them, or None: never the largest there is."""
    assert set(of_the_container()) == {"processes", "memory"}
    assert all(value is None or 0 < value < 1 << 60 for value in of_the_container().values())
