"""What a descriptor leads to, and the addresses that calls name."""

from __future__ import annotations

import pytest

from labctl.observe.trace.endpoints import Label, address, kind_of, label


@pytest.mark.parametrize(
    ("leads_to", "expected"),
    [
        ("TCP:[1231405]", Label("tcp", "AF_INET", inode=1231405, is_stream=True)),
        ("TCP:[0.0.0.0:51717]", Label("tcp", "AF_INET", local=("0.0.0.0", 51717), is_stream=True)),
        (
            "TCPv6:[[fd00::1]:1234->[fd00::2]:5]",
            Label("tcp", "AF_INET6", local=("fd00::1", 1234), remote=("fd00::2", 5), is_stream=True),
        ),
        (
            "TCPv6:[[::ffff:10.0.0.1]:1->[::ffff:10.0.0.2]:2]",
            Label("tcp", "AF_INET6", local=("10.0.0.1", 1), remote=("10.0.0.2", 2), is_stream=True),
        ),
        ("UDP:[0.0.0.0:9]", Label("udp", "AF_INET", local=("0.0.0.0", 9), is_stream=False)),
        ("UNIX:[5]", Label("unix", "AF_UNIX", inode=5)),
        ('UNIX-STREAM:[5,@"dg"]', Label("unix", "AF_UNIX", inode=5, local=("@dg", 0), is_stream=True)),
        (
            'UNIX-STREAM:[5->6,"/a\\"]>"]',
            Label("unix", "AF_UNIX", inode=5, peer_inode=6, local=('/a"]>', 0), is_stream=True),
        ),
        ("NETLINK:[ROUTE:77]", Label("other", "AF_NETLINK", is_stream=False)),
        ("RAW:[873973]", Label("other", "AF_INET", inode=873973, is_stream=False)),
        ("socket:[12]", Label(None, inode=12)),
    ],
)
def test_sockets(leads_to: str, expected: Label) -> None:
    """All that strace says of them. An IPv4 address in IPv6's form is an IPv4 address, as in packets."""
    assert label(leads_to) == expected


@pytest.mark.parametrize("leads_to", ["", "/TCP:[5]", "pipe:[5]", "anon_inode:[eventpoll]", "pid:7", "/dev/null"])
def test_what_is_no_socket(leads_to: str) -> None:
    """Files, pipes and the kernel's other things."""
    assert label(leads_to) is None


def test_addresses() -> None:
    """Of the Internet, of Unix sockets with and without a file; and arguments that name none."""
    assert address('{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}') == ("127.0.0.1", 9)
    six = '{sa_family=AF_INET6, sin6_port=htons(9), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "%s", &sin6_addr)'
    assert address(six % "fe80::1" + ', sin6_scope_id=if_nametoindex("eth0")}') == ("fe80::1", 9)
    assert address(six % "::ffff:10.0.0.1" + ", sin6_scope_id=0}") == ("10.0.0.1", 9)
    assert address('{sa_family=AF_UNIX, sun_path="/tmp/a\\"b"}') == ('/tmp/a"b', 0)
    assert address('{sa_family=AF_UNIX, sun_path=@"dg"}') == ("@dg", 0)
    for none in ("NULL", "0x7ff", "{sa_family=AF_UNIX}", '{sa_family=AF_UNSPEC, sa_data="\\0"}', ""):
        assert address(none) is None


def test_what_socket_makes() -> None:
    """By all three of its arguments: ping's datagrams are not UDP."""
    assert kind_of("AF_INET", "SOCK_STREAM", "IPPROTO_IP") == "tcp"
    assert kind_of("AF_INET6", "SOCK_DGRAM", "IPPROTO_UDP") == "udp"
    assert kind_of("AF_UNIX", "SOCK_DGRAM", "0") == "unix"
    assert kind_of("AF_INET", "SOCK_DGRAM", "IPPROTO_ICMP") == "other"
    assert kind_of("AF_INET", "SOCK_STREAM", "IPPROTO_SCTP") == "other"
    assert kind_of("AF_NETLINK", "SOCK_RAW", "NETLINK_ROUTE") == "other"
