"""Descriptors are copied, marked, closed unseen and survive an execve: the socket behind them is followed."""

from __future__ import annotations

import pytest

from tests.unit.observe.trace.traced import MADE, follow, used

CLIENT_END, SERVER_END = ("10.0.0.2", 40000), ("10.0.0.1", 51717)


TIMED = " <0.000001000>"


@pytest.mark.parametrize(
    "copy",
    [
        "dup(3<TCP:[11]>) = 4<TCP:[11]>",
        "dup2(3<TCP:[11]>, 4) = 4<TCP:[11]>",
        "dup3(3<TCP:[11]>, 4, O_CLOEXEC) = 4",
        "fcntl(3<TCP:[11]>, F_DUPFD, 4) = 4<TCP:[11]>",
        "fcntl(3<TCP:[11]>, F_DUPFD_CLOEXEC, 0) = 4",
        "pidfd_getfd(9<pid:7>, 3, 0) = 4<TCP:[11]>",
    ],
)
def test_copies_are_one_socket(copy: str) -> None:
    """The last close of them ends it."""
    found = follow(MADE, f"7 {copy}{TIMED}", f"7 close(3<TCP:[11]>) = 0{TIMED}", f"7 close(4<TCP:[11]>) = 0{TIMED}")
    assert len(found.sockets) == 1
    assert [use.ended for use in used(found) if use.role == "close"] == [False, True]


@pytest.mark.parametrize(
    "closing",
    [
        "dup2(1</dev/null>, 3) = 3</dev/null>",
        "close_range(3, 4294967295, 0) = 0",
        "close_range(3, ~0U, CLOSE_RANGE_UNSHARE) = 0",
        'execve("/bin/true", ["true"], 0x7 /* 3 vars */) = 0',
        "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3<TCP:[12]>",
        "epoll_create(1) = 3<anon_inode:[eventpoll]>",
    ],
)
def test_what_closes_without_a_close(closing: str) -> None:
    """Something else takes its number, a range is closed, a program executed."""
    made = MADE.replace("SOCK_STREAM", "SOCK_STREAM|SOCK_CLOEXEC")
    found = follow(made, f"7 {closing}{TIMED}")
    assert found.sockets[0].ends_ns == 1_001_001_000


@pytest.mark.parametrize(
    ("opening", "survives"),
    [
        ("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4<TCP:[12]>", False),
        ("accept4(3<TCP:[11]>, NULL, NULL, SOCK_CLOEXEC) = 4<TCP:[12]>", False),
        ("accept4(3<TCP:[11]>, NULL, NULL, SOCK_NONBLOCK) = 4<TCP:[12]>", True),
        ("accept(3<TCP:[11]>, NULL, NULL) = 4<TCP:[12]>", True),
    ],
)
def test_what_a_program_that_is_executed_still_has(opening: str, survives: bool) -> None:
    """All but what was opened with SOCK_CLOEXEC."""
    execute = f'7 execve("/bin/true", ["true"], 0x7 /* 3 vars */) = 0{TIMED}'
    assert (follow(MADE, f"7 {opening}{TIMED}", execute).sockets[1].ends_ns is None) == survives


@pytest.mark.parametrize(
    ("copy", "survives"),
    [("dup3(3, 4, O_CLOEXEC) = 4", False), ("dup3(3, 4, 0) = 4", True), ("fcntl(3, F_DUPFD_CLOEXEC, 4) = 4", False)],
)
def test_copies_that_a_program_that_is_executed_still_has(copy: str, survives: bool) -> None:
    """Each is marked for itself."""
    execute = f'7 execve("/bin/true", ["true"], 0x7 /* 3 vars */) = 0{TIMED}'
    found = follow(MADE, f"7 {copy}{TIMED}", f"7 close(3<TCP:[11]>) = 0{TIMED}", execute)
    assert (found.sockets[0].ends_ns is None) == survives


@pytest.mark.parametrize(
    "mark",
    [
        "fcntl(3<TCP:[11]>, F_SETFD, FD_CLOEXEC) = 0",
        "ioctl(3<TCP:[11]>, FIOCLEX) = 0",
        "close_range(0, 4294967295, CLOSE_RANGE_CLOEXEC) = 0",
    ],
)
def test_marks_for_when_a_program_is_executed(mark: str) -> None:
    """Nothing is closed before; a program that could not be executed closes nothing."""
    execute = f'7 execve("/bin/true", ["true"], 0x7 /* 3 vars */) = 0{TIMED}'
    failed = execute.replace("= 0", "= -1 ENOENT (No such file or directory)")
    assert follow(MADE, f"7 {mark}{TIMED}").sockets[0].ends_ns is None
    assert follow(MADE, f"7 {mark}{TIMED}", failed).sockets[0].ends_ns is None
    assert follow(MADE, execute).sockets[0].ends_ns is None
    assert follow(MADE, f"7 {mark}{TIMED}", execute).sockets[0].ends_ns is not None
