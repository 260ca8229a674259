"""What a call is about."""

from __future__ import annotations

import pytest

from labctl.observe.story import Group
from labctl.observe.trace.groups import group_of
from tests.unit.observe.trace.traced import TCP, call


@pytest.mark.parametrize(
    ("text", "group"),
    [
        ("socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)", "socket"),
        ("connect(-1, NULL, 0)", "socket"),
        (f"read(3<{TCP}>, 0x7ff, 5)", "socket"),
        ("read(3<socket:[5]>, 0x7ff, 5)", "socket"),
        ("close(3<UNIX:[5]>)", "socket"),
        ("fcntl(3<NETLINK:[5]>, F_GETFD)", "socket"),
        ("poll([{fd=0</dev/null>, events=POLLIN}, {fd=4<TCP:[7]>, events=POLLIN}], 2, 10)", "socket"),
        ("pselect6(5, [4<TCP:[7]>], NULL, NULL, NULL, NULL)", "socket"),
        ("epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 4<TCP:[7]>, {events=EPOLLIN})", "socket"),
        ("sendfile(1</dev/null>, 4<TCP:[7]>, NULL, 5)", "socket"),
        ("poll([{fd=0</dev/null>, events=POLLIN}], 1, 10)", "file"),
        ("read(3</etc/hosts>, 0x7ff, 5)", "file"),
        ('write(1<pipe:[5]>, "3<TCP:[7]>", 10)', "file"),
        ("close(4000)", "file"),
        ("mmap(NULL, 5, PROT_READ)", "file"),
        ("clone3({flags=0}, 88)", "process"),
        ('execve("/bin/true", ["true"], 0x7ff /* 3 vars */)', "process"),
        ("exit_group(0)", "process"),
        ("wait4(-1, NULL, WNOHANG, NULL)", "process"),
        ("rt_sigaction(SIGINT, NULL, NULL, 8)", "signal"),
        ("kill(7, SIGTERM)", "signal"),
        ("pause()", "signal"),
    ],
)
def test_groups(text: str, group: Group) -> None:
    """A socket wherever the call names one; a name in a string is none."""
    assert group_of(call(f"{text} = 0 <0.000001000>")) == group
