"""System calls in the words of a drawing."""

from __future__ import annotations

import pytest

from labctl.report.drawing.calls import begun, returned, traced, whole
from tests.unit.report.drawing.written import ADDRESS, call

PEER = '{sa_family=AF_INET, sin_port=htons(40112), sin_addr=inet_addr("10.51.0.3")}'
FIVE_SECONDS = "\\5" + "\\0" * 15


@pytest.mark.parametrize(
    ("written", "result", "words"),
    [
        ("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP)", "3<TCP:[1]>", "socket(TCP) → 3"),
        ("socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP)", "3", "socket(UDP, IPv6) → 3"),
        ("socket(AF_UNIX, SOCK_STREAM, 0)", "3", "socket(Unix stream) → 3"),
        ("socket(AF_NETLINK, SOCK_RAW, 0)", "3", "socket(AF_NETLINK, SOCK_RAW) → 3"),
        (f"bind(3<TCP:[1]>, {ADDRESS}, 16)", "0", "bind(3, 10.51.0.2:51717)"),
        (
            f"bind(3<TCP:[1]>, {ADDRESS}, 16)",
            "-1 EADDRINUSE (Address already in use)",
            "bind(3, 10.51.0.2:51717) → EADDRINUSE Address already in use",
        ),
        ("listen(3<TCP:[1]>, 5)", "0", "listen(3, 5)"),
        (f"connect(3<TCP:[1]>, {ADDRESS}, 16)", "0", "connect(3, 10.51.0.2:51717)"),
        (f"accept4(3<TCP:[1]>, {PEER}, [16], 0)", "4<TCP:[2]>", "accept4(3) → 4 from 10.51.0.3:40112"),
        ("accept(3<TCP:[1]>, NULL, NULL)", "4<TCP:[2]>", "accept(3) → 4"),
        ('read(4<TCP:[1]>, "hello\\n", 255)', "6", 'read(4) → 6 "hello\\n"'),
        ('read(4<TCP:[1]>, "", 255)', "0", "read(4) → 0, the end"),
        ("read(4<TCP:[1]>, 0x7ffc, 255)", "-1 ECONNRESET (Connection reset by peer)",
         "read(4) → ECONNRESET Connection reset by peer"),
        ('write(3<TCP:[1]>, "hello\\n", 6)', "6", 'write(3, "hello\\n") → 6'),
        (f'recvfrom(3<UDP:[1]>, "hi", 9, 0, {PEER}, [16])', "2", 'recvfrom(3) → 2 "hi" from 10.51.0.3:40112'),
        ('recvfrom(3<UDP:[1]>, "", 9, 0, NULL, NULL)', "0", 'recvfrom(3) → 0'),
        (f'sendto(3<UDP:[1]>, "hi", 2, 0, {ADDRESS}, 16)', "2", 'sendto(3, "hi", 10.51.0.2:51717) → 2'),
        ('writev(3<TCP:[1]>, [{iov_base="a", iov_len=1}, {iov_base="b", iov_len=1}], 2)', "2",
         'writev(3, "a", "b") → 2'),
        ('readv(3<TCP:[1]>, [{iov_base="a", iov_len=1}, {iov_base="b", iov_len=1}], 2)', "2", 'readv(3) → 2 "ab"'),
        ("clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f)", "4711", "fork() → 4711"),
        ("clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88)", "4711", "vfork() → 4711"),
        ("clone3({flags=CLONE_VM|CLONE_THREAD}, 88)", "4711", "clone3() → 4711"),
        ("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL)", "4711", "wait4(-1) → 4711, exit 3"),
        ("wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGKILL}], WNOHANG, NULL)", "4711",
         "wait4(-1, WNOHANG) → 4711, signal KILL"),
        ("wait4(-1, 0x7ffc, WNOHANG, NULL)", "0", "wait4(-1, WNOHANG) → 0"),
        ("setsockopt(3<TCP:[1]>, SOL_SOCKET, SO_REUSEADDR, [1], 4)", "0", "setsockopt(3, SO_REUSEADDR, 1)"),
        (f'setsockopt(3<UDP:[1]>, SOL_SOCKET, SO_RCVTIMEO_OLD, "{FIVE_SECONDS}", 16)', "0",
         "setsockopt(3, SO_RCVTIMEO, 5 s)"),
        ("bind(3<NETLINK:[1]>, {sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}, 12)", "0", "bind(3, AF_NETLINK)"),
        ("rt_sigaction(SIGCHLD, {sa_handler=0x5566, sa_mask=[]}, NULL, 8)", "0", "rt_sigaction(SIGCHLD, a function)"),
        ("rt_sigaction(SIGPIPE, {sa_handler=SIG_IGN, sa_mask=[]}, NULL, 8)", "0", "rt_sigaction(SIGPIPE, SIG_IGN)"),
        ("rt_sigaction(SIGPIPE, NULL, {sa_handler=SIG_DFL}, 8)", "0", "rt_sigaction(SIGPIPE)"),
        ('execve("/usr/bin/server", ["server", "51717"], 0x7ffd /* 9 vars */)', "0", "execve(server 51717)"),
        ("poll([{fd=3<TCP:[1]>, events=POLLIN}], 1, 500)", "1 ([{fd=3<TCP:[1]>, revents=POLLIN}])",
         "poll(3, 500 ms) → 1, 3 has POLLIN"),
        (f"getsockname(3<TCP:[1]>, {PEER}, [16])", "0", "getsockname(3) → 10.51.0.3:40112"),
        ("shutdown(3<TCP:[1]>, SHUT_WR)", "0", "shutdown(3, SHUT_WR)"),
        ("close(4<TCP:[1]>)", "0", "close(4)"),
        ("fcntl(4<TCP:[1]>, F_GETFL)", "0x802 (flags O_RDWR|O_NONBLOCK)", "fcntl(4, F_GETFL) → 0x802"),
        (
            "accept(3<TCP:[1]>, NULL, NULL)",
            "? ERESTARTSYS (To be restarted if SA_RESTART is set)",
            "accept(3) → interrupted by a signal",
        ),
        ("dup(4<TCP:[1]>)", "5<TCP:[1]>", "dup(4) → 5"),
    ],
)  # fmt: skip
def test_a_call_in_short(written: str, result: str, words: str) -> None:
    """Its name as it is, what it was about, and what came of it."""
    assert whole(call(written, result)) == words


def test_a_call_that_others_happen_during_has_a_beginning_and_an_end() -> None:
    """At its beginning nothing is known of what it will return."""
    waits = call(f"accept(3<TCP:[1]>, {PEER}, [16])", "4<TCP:[2]>", took_ns=31_900_000)
    assert begun(waits) == "accept(3) …"
    assert returned(waits) == "accept → 4 from 10.51.0.3:40112 after 31.9 ms"


def test_success_is_said_where_a_call_returns() -> None:
    """`connect → after 2 ms` would be odd."""
    assert returned(call(f"connect(3, {ADDRESS}, 16)", took_ns=2_000_000)) == "connect → 0 after 2.00 ms"


def test_a_call_in_one_row_that_took_long_says_so() -> None:
    """A millisecond is long for a call that didn't wait."""
    assert whole(call("close(4)", took_ns=999_999)) == "close(4)"
    assert whole(call("close(4)", took_ns=1_500_000)) == "close(4) after 1.50 ms"


def test_a_call_that_never_returned_is_open() -> None:
    """Its process was killed, or it ended in it."""
    assert begun(call("accept(3<TCP:[1]>, NULL, NULL)", "?", took_ns=None)) == "accept(3) …"
    assert begun(call("exit_group(0)", "?", took_ns=None, group="process")) == "exit_group(0)"


@pytest.mark.parametrize(
    "name", ["socket", "bind", "accept", "read", "sendto", "setsockopt", "wait4", "execve", "poll"]
)
def test_a_call_whose_line_was_cut_off_has_words_all_the_same(name: str) -> None:
    """strace was ended in the middle of a line."""
    assert whole(call(f"{name}()", "?")).startswith(f"{name}(")
    assert whole(call(f"{name}(3<TCP", "?")).startswith(f"{name}(")


def test_the_full_line_is_straces_own() -> None:
    """But for its times."""
    assert traced(call("listen(3<TCP:[1]>, 5)")) == "listen(3<TCP:[1]>, 5) = 0"
