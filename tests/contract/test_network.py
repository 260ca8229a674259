"""Hosts reach each other, and nothing else; nothing else reaches them."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from labctl.engine.netns.ip import find_ip
from tests.contract.hosts import Host, StandingLab
from tests.contract.plans import plan_of

TCP_SERVER = """
    import socket, sys
    with socket.create_server(("", int(sys.argv[1]))) as listener:
        print("ready")
        stream, peer = listener.accept()
        with stream:
            print(peer[0], stream.recv(100).decode())
            stream.sendall(b"answer")
"""
TCP_CLIENT = """
    import errno, json, socket, sys
    try:
        with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=float(sys.argv[3])) as stream:
            stream.sendall(b"question")
            print(json.dumps(stream.recv(100).decode()))
    except TimeoutError:
        print(json.dumps("timeout"))
    except OSError as error:
        print(json.dumps(errno.errorcode[error.errno]))
"""
UDP_SERVER = """
    import socket
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("", 51717))
        print("ready")
        data, peer = one.recvfrom(100)
        print(peer[0], data.decode())
        one.sendto(b"answer", peer)
"""
UDP_CLIENT = """
    import json, socket, sys
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.settimeout(10)
        one.sendto(b"question", (sys.argv[1], 51717))
        print(json.dumps(one.recvfrom(100)[0].decode()))
"""
SHORT_S = 1.5
NOT_REACHED = ("ENETUNREACH", "EHOSTUNREACH", "timeout")


def asked(host: Host, address: str, port: int = 51717, *, timeout_s: float = 10) -> str:
    """What comes of asking a TCP server: its answer, an error's name, or `timeout`."""
    answer = host.tell(TCP_CLIENT, address, port, timeout_s)
    assert isinstance(answer, str)
    return answer


@pytest.mark.parametrize(("server", "client"), [("left", "right"), ("right", "left"), ("left", "left")])
def test_hosts_reach_each_other_by_tcp(lab: StandingLab, server: str, client: str) -> None:
    """A name leads to that host from each host, itself included, and the server sees who asks."""
    serves = lab.host(server).begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    assert asked(lab.host(client), server) == "answer"
    assert serves.ended().stdout == f"ready\n{lab.address(client)} question\n".encode()


@pytest.mark.parametrize(("server", "client"), [("left", "right"), ("right", "left")])
def test_hosts_reach_each_other_by_udp(lab: StandingLab, server: str, client: str) -> None:
    """Datagrams go both ways."""
    serves = lab.host(server).begin_python(UDP_SERVER).printed(b"ready\n")
    assert lab.host(client).tell(UDP_CLIENT, server) == "answer"
    assert serves.ended().stdout == f"ready\n{lab.address(client)} question\n".encode()


def test_a_port_where_nobody_listens_is_refused(lab: StandingLab) -> None:
    """A host that is there answers for a closed port at once; the open one beside it shows that it is reached."""
    lab.host("right").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    assert asked(lab.host("left"), "right", 51717) == "answer"
    assert asked(lab.host("left"), "right", 51718) == "ECONNREFUSED"


def test_an_absent_host_does_not_answer(lab: StandingLab) -> None:
    """At the address of an absent host there is nobody: no refusal comes, but in the end the kernel's "no route"."""
    lab.host("right").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    assert asked(lab.host("left"), "right") == "answer"  # so the silence below means something
    assert asked(lab.host("left"), "nobody") == "EHOSTUNREACH"


def test_a_lab_leads_nowhere(lab: StandingLab) -> None:
    """There is no way out of a lab: every address but the lab's own is unreachable.

    Docker 20.10 gives even internal networks a route to a gateway, at whose address there is nobody.
    """
    lab.host("right").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    assert asked(lab.host("left"), "right") == "answer"
    for address in ("192.0.2.1", "1.1.1.1"):
        assert asked(lab.host("left"), address, 80, timeout_s=SHORT_S) in NOT_REACHED


@pytest.fixture
def machines_listener() -> Iterator[int]:
    """A port of this machine's at which somebody listens, on every address."""
    with socket.create_server(("", 0)) as listener:
        yield listener.getsockname()[1]


def test_this_machine_is_not_reachable_from_a_lab(lab: StandingLab, machines_listener: int) -> None:
    """No address of the machine's, nor the lab's own gateway, leads from a host to the machine's servers."""
    subnet = lab.plan.subnet4
    assert subnet is not None
    addresses = machines_addresses()
    for address in addresses:  # the positive control: from the machine they are reached
        socket.create_connection((address, machines_listener), 5).close()
    for address in [*addresses, str(subnet.network_address + 1)]:
        came = asked(lab.host("left"), address, machines_listener, timeout_s=SHORT_S)
        assert came in NOT_REACHED, f"{address}: {came}"


def test_this_machines_loopback_is_not_the_labs(lab: StandingLab, machines_listener: int) -> None:
    """127.0.0.1 on a host is that host."""
    socket.create_connection(("127.0.0.1", machines_listener), 5).close()
    assert asked(lab.host("left"), "127.0.0.1", machines_listener) == "ECONNREFUSED"


def machines_addresses() -> list[str]:
    """This machine's IPv4 addresses but for the loopback's."""
    ip = find_ip()
    assert ip is not None
    listed = subprocess.run([ip, "-4", "-json", "address"], check=True, capture_output=True, timeout=10).stdout
    found = [info["local"] for link in json.loads(listed) for info in link.get("addr_info", []) if "local" in info]
    return [address for address in found if not address.startswith("127.")]


def test_two_labs_with_the_same_names_do_not_see_each_other(engine: Engine, lab: StandingLab, tmp_path: Path) -> None:
    """Of two labs made from one plan a name leads to the own lab's host, and no address to the other's."""
    lab.host("right").begin_python(TCP_SERVER, 51717).printed(b"ready\n")
    with StandingLab(engine, plan_of("left", "right", absent=["nobody"]), tmp_path) as other:
        assert asked(other.host("left"), "right") == "ECONNREFUSED"
        came = asked(other.host("left"), lab.address("right"), timeout_s=SHORT_S)
        assert came in (*NOT_REACHED, "ECONNREFUSED")
    assert asked(lab.host("left"), "right") == "answer"


def test_pinned_settings_are_in_force(lab: StandingLab) -> None:
    """Every kernel setting of the plan is what a host's programs find."""
    for host in lab.plan.hosts:
        found = lab.host(host.name).tell(
            """
            import json, sys
            def read(key):
                with open("/proc/sys/" + key.replace(".", "/")) as file:
                    return " ".join(file.read().split())
            print(json.dumps({key: read(key) for key in sys.argv[1:]}))
            """,
            *(key for key in host.sysctls if not key.startswith("net.ipv6.")),
        )
        assert found == {key: value for key, value in host.sysctls.items() if key in found}
        assert len(found) >= 10


def test_a_hosts_own_settings_are_in_force(engine: Engine, tmp_path: Path) -> None:
    """A setting that a scenario asks for is in force on its hosts: here the ports that clients get."""
    plan = plan_of("left", sysctls={"net.ipv4.ip_local_port_range": "40000 40009", "net.core.somaxconn": "7"})
    with StandingLab(engine, plan, tmp_path) as lab:
        ports = lab.host("left").tell(
            """
            import json, socket
            found = []
            for _ in range(5):
                one = socket.socket()
                one.bind(("127.0.0.1", 0))
                found.append(one.getsockname()[1])
            with open("/proc/sys/net/core/somaxconn") as file:
                print(json.dumps([found, int(file.read())]))
            """
        )
        assert all(40000 <= port <= 40009 for port in ports[0])
        assert ports[1] == 7


def test_each_hosts_addresses_are_the_plans(lab: StandingLab) -> None:
    """A host has its planned IPv4 address and its planned MAC on eth0, and nothing but that and the loopback."""
    for host in lab.plan.hosts:
        links = json.loads(lab.host(host.name).run("ip", "-json", "address").stdout)
        by_name = {link["ifname"]: link for link in links if link["operstate"] != "DOWN"}
        assert set(by_name) == {"lo", "eth0"}
        assert by_name["eth0"]["address"] == host.mac
        assert [info["local"] for info in by_name["eth0"]["addr_info"]] == [host.address4]
