"""Each host knows its own name and everybody else's, and knows at once that it doesn't know others."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from labctl.engine.contract import Engine
from labctl.scenario.model import Family
from tests.contract.hosts import Host, StandingLab
from tests.contract.plans import plan_of

RESOLVE = """
    import json, socket, sys, time
    began = time.monotonic()
    try:
        answer = sorted({one[4][0] for one in socket.getaddrinfo(sys.argv[1], None)})
    except socket.gaierror as error:
        answer = {"code": error.errno, "seconds": time.monotonic() - began}
    print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def dual_lab(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandingLab]:
    """A lab that speaks both families."""
    plan = plan_of("left", "right", family=Family.DUAL, absent=["nobody"])
    with StandingLab(engine, plan, tmp_path_factory.mktemp("dual")) as lab:
        yield lab


def resolved(host: Host, name: str) -> object:
    """What a name stands for on a host."""
    return host.tell(RESOLVE, name)


def test_a_hosts_hostname_is_its_name(lab: StandingLab) -> None:
    """A program on a host that asks for the hostname gets the host's name; so does its environment."""
    for name in ("left", "right"):
        told = lab.host(name).tell("import json, os, socket; print(json.dumps([socket.gethostname(), os.uname()[1]]))")
        assert told == [name, name]


def test_every_host_resolves_every_host(lab: StandingLab) -> None:
    """Each name, the host's own and absent ones too, stands for its address in the plan, and for no other."""
    for host in ("left", "right"):
        for name in ("left", "right", "nobody"):
            assert resolved(lab.host(host), name) == [lab.address(name)]


def test_localhost_is_the_loopback(lab: StandingLab) -> None:
    """localhost is 127.0.0.1 in a lab that speaks IPv4 only."""
    assert resolved(lab.host("left"), "localhost") == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["nowhere", "left.nowhere", "www.example.com", "lef"])
def test_an_unknown_name_is_unknown_at_once(lab: StandingLab, name: str) -> None:
    """A name that is no host's gives EAI_NONAME, "Name or service not known", within a second."""
    answer = resolved(lab.host("left"), name)
    assert isinstance(answer, dict)
    assert answer["code"] == socket.EAI_NONAME
    assert answer["seconds"] < 1


def test_both_families_have_names(dual_lab: StandingLab) -> None:
    """Where a lab speaks both families, a name stands for both of its addresses."""
    for host in ("left", "right"):
        for name in ("left", "right", "nobody"):
            planned = dual_lab.named(name)
            assert resolved(dual_lab.host(host), name) == sorted([str(planned.address4), str(planned.address6)])
    assert resolved(dual_lab.host("left"), "localhost") == ["127.0.0.1", "::1"]


def test_hosts_reach_each_other_by_both_families(dual_lab: StandingLab) -> None:
    """A name's IPv4 and its IPv6 address both lead to that host."""
    server = (
        dual_lab.host("right")
        .begin_python(
            """
        import socket
        with socket.create_server(("::", 51717), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
            print("ready")
            for _ in range(2):
                stream, peer = listener.accept()
                print(peer[0].removeprefix("::ffff:"))
                stream.close()
        """
        )
        .printed(b"ready\n")
    )
    for address in (dual_lab.named("right").address4, dual_lab.named("right").address6):
        assert (
            dual_lab.host("left")
            .run_python("import socket, sys; socket.create_connection((sys.argv[1], 51717), 10).close()", address)
            .ending
            == "exit 0"
        )
    peers = server.ended().stdout.decode().split()[1:]
    assert peers == [dual_lab.named("left").address4, dual_lab.named("left").address6]
