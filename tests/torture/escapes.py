"""`make torture-escapes`: from a program on a host everything outside the lab is tried to be reached; nothing may be.

Each target is reached from the machine itself first, by the same program, or the case fails: silence means something.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from ipaddress import ip_address
from pathlib import Path

from labctl.agent.addresses import addresses
from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.scenario.model import Family
from tests.contract.hosts import Running, StandingLab
from tests.contract.plans import plan_of
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.escape import burglar, machine
from tests.torture.escape.machine import PROBER, Listeners, asked
from tests.torture.escape.neighbour import neighbour

ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
INTERNET = ("1.1.1.1", "8.8.8.8", "192.0.2.1", "2606:4700:4700::1111")
LINK_LOCAL = ("fe80::1",)
RESOLVER = "127.0.0.11"
_PATIENCE_S = 1.0
_WITHIN_S = 30.0
_BURGLAR = Path(burglar.__file__).read_text()
_SERVER = """
    import select, socket, sys
    families = [socket.AF_INET6 if ":" in address else socket.AF_INET for address in sys.argv[2:]]
    port = int(sys.argv[1])
    streams = [socket.create_server((a, port), family=f) for a, f in zip(sys.argv[2:], families)]
    datagrams = [socket.socket(f, socket.SOCK_DGRAM) for f in families]
    for one, address in zip(datagrams, sys.argv[2:]):
        one.bind((address, port))
    print("ready", flush=True)
    taken = []
    while True:
        for one in select.select([*streams, *datagrams, *taken], [], [])[0]:
            if one in streams:
                taken.append(one.accept()[0])
            elif one in datagrams:
                data, peer = one.recvfrom(2048)
                print(data.decode(), flush=True)
                one.sendto(b"heard", peer)
            else:
                taken.remove(one)
                print(one.recv(2048).decode(), flush=True)
"""
"""A server on a host: at each of these addresses on that port, by TCP and UDP. It prints what comes."""


def cases(place: str) -> list[Case]:
    """By family what has an address; and once what has none. None where the engine doesn't work."""
    engine = ENGINES[place]()
    if not engine.readiness().works:
        return []
    made = [
        Case(place, f"{what} {family.value}", partial(case, engine, family))
        for family in (Family.IPV4, Family.IPV6, Family.DUAL)
        for what, case in (("the machine and beyond", from_a_host), ("another lab", from_another_lab))
    ]
    return [*made, Case(place, "what has no address", partial(without_network, engine))]


def from_a_host(engine: Engine, family: Family, run: Run) -> str:
    """The machine by each of its addresses, what is behind it, and whoever hears broadcasts in the lab's network."""
    with ExitStack() as undo:
        listeners = undo.enter_context(Listeners())
        has_metadata = undo.enter_context(machine.metadata_service())
        published = undo.enter_context(neighbour())
        own = [one for one in machine.own_addresses() if has_metadata or one != machine.METADATA]
        targets = [(one, listeners.port) for one in own]
        targets += [(one, port) for one, port in published if one]
        missed = _missed_from_here(listeners, targets, own)
        if missed:
            return f"no control, {missed} can't be reached from the machine itself"
        lab = undo.enter_context(_lab(engine, family, run))
        for device in addresses():
            listeners.join(device)
        networks = [subnet for subnet in (lab.plan.subnet4, lab.plan.subnet6) if subnet is not None]
        more = [*(str(subnet.network_address + 1) for subnet in networks), *LINK_LOCAL, *machine.BROADCASTS]
        targets += [(one, listeners.port) for one in dict.fromkeys(more)]
        targets += [(machine.METADATA, 80), *((one, port) for one in INTERNET for port in (53, 80))]
        token = f"lab-{run.chance.getrandbits(48):012x}"
        answered = _probe(lab, token, targets, listeners.port)
        of_others = [one for one in answered if _target(one) not in machine.BROADCASTS]  # hosts of the lab answer those
        return _leaks([f"the machine heard {one}" for one in listeners.reached_by(token)] + of_others)


def _missed_from_here(listeners: Listeners, targets: list[tuple[str, int]], own: list[str]) -> str:
    """Targets that the prober doesn't reach from the machine, where nothing is in its way."""
    token = f"here-{os.getpid()}-{len(listeners.came)}"
    found = machine.probed_from_here(token, targets, patience_s=_PATIENCE_S)
    wanted = [f"tcp {one} plainly" for one, _ in targets if not one.startswith("fe80")]
    wanted += [f"udp {one} plainly" for one in own if not one.startswith("fe80")]
    heard = set(found["answered"]) | set(listeners.reached_by(token))
    return ", ".join(one for one in wanted if one not in heard)


def _probe(lab: StandingLab, token: str, targets: list[tuple[str, int]], port: int) -> list[str]:
    """What answered a program on the lab's host left, but for the host right, which must have."""
    right = lab.plan.host("right").addresses
    server = _serve(lab, port)
    told = asked(token, "eth0", [*targets, *((one, port) for one in right)], patience_s=_PATIENCE_S)
    ran = lab.host("left").run_python(PROBER, stdin=told)
    assert ran.ending == "exit 0", ran.stderr[-300:]
    found = json.loads(ran.stdout)
    assert found["uid"] == 1000
    assert found["sent"] > len(targets), found
    for address in right:
        for kind in ("tcp", "udp", "ping"):
            assert f"{kind} {address} plainly" in found["answered"], f"no control, {kind} {address} within the lab"
        assert f"udp {address} by its interface" in found["answered"], "no control, by the interface within the lab"
    server.answer("kill")
    return [one for one in found["answered"] if _plain(_target(one)) not in right]


def _serve(lab: StandingLab, port: int) -> Running:
    host = lab.host("right")
    return host.begin_python(_SERVER, port, *lab.plan.host("right").addresses).printed(b"ready\n")


def from_another_lab(engine: Engine, family: Family, run: Run) -> str:
    """Two labs of the same names, ports, and on namespaces addresses: nothing from one arrives in the other."""
    port = run.chance.randint(20000, 60000)
    tokens = [f"{name}-{run.chance.getrandbits(48):012x}" for name in ("one", "other")]
    with _lab(engine, family, run) as lab, _lab(engine, family, run) as other:
        targets = [(one, port) for host in other.plan.hosts for one in host.addresses]
        networks = [subnet for subnet in (other.plan.subnet4, other.plan.subnet6) if subnet is not None]
        targets += [(str(subnet.network_address + 1), port) for subnet in networks]  # the other lab's gateway
        targets += [(one, port) for one in machine.BROADCASTS]
        server = _serve(other, port)
        answered = _probe(lab, tokens[0], targets, port)
        own = {one for host in lab.plan.hosts for one in host.addresses}
        of_others = [one for one in answered if _target(one) not in (*machine.BROADCASTS, *own)]
        told = asked(tokens[1], "eth0", targets, patience_s=_PATIENCE_S)
        assert other.host("left").run_python(PROBER, stdin=told).ending == "exit 0"
        server.printed(tokens[1].encode())  # the control: what is sent in its own lab arrives
        came = [line for line in server.stdout.decode().splitlines() if line.startswith(tokens[0])]
        return _leaks([f"the other lab heard {one.partition(' ')[2]}" for one in came] + of_others)


def without_network(engine: Engine, run: Run) -> str:
    """The machine's Unix sockets, files and namespaces, kinds of sockets that see more, changes to the network."""
    name = f"labctl-escapes-{run.chance.getrandbits(48):012x}"
    secret, path = run.folder / "secret", str(run.folder / "socket")
    secret.write_text("secret")
    for readable in (run.folder, secret):
        readable.chmod(0o755)
    with ExitStack() as undo:
        for place in (f"\0{name}", path):
            undo.enter_context(machine.unix_listener(place))
        Path(path).chmod(0o777)
        words = [name, path, str(secret)]
        here = [sys.executable, "-I", "-c", _BURGLAR, *words, ""]
        control = json.loads(subprocess.run(here, check=True, capture_output=True, timeout=_WITHIN_S).stdout)
        assert {"abstract", path} <= set(control["sockets"]), f"no control: {control}"
        assert str(secret) in control["files"], f"no control: {control}"
        lab = undo.enter_context(_lab(engine, Family.DUAL, run))
        assert lab.host("left").run("ip", "-json", "address").ending == "exit 0"  # so that its refusals mean something
        found = lab.host("left").tell(_BURGLAR, *words, RESOLVER)
        return _leaks([f"{kind}: {one}" for kind, its in found.items() for one in its])


@contextmanager
def _lab(engine: Engine, family: Family, run: Run) -> Iterator[StandingLab]:
    with StandingLab(engine, plan_of("left", "right", family=family), run.folder) as lab:
        yield lab


def _leaks(found: list[str]) -> str:
    return f"{len(found)} reached: {'; '.join(found)}" if found else ""


def _target(answered: str) -> str:
    return answered.split()[1]


def _plain(address: str) -> str:
    """An IPv4 address however it is written."""
    known = ip_address(address)
    return str(getattr(known, "ipv4_mapped", None) or known)


CAMPAIGN = Campaign(
    name="escapes",
    about="From a program on any host of a lab nothing outside the lab can be reached.",
    places=("netns", "docker"),
    cases=cases,
)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
