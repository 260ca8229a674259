"""`make fault-torture`: random `link` and `heal` steps, again and again; is the network afterwards what it was before?

    python -m tests.torture.faults [--sequences N] [--engine netns|docker] [--seed N]

Prints how many sequences there were and what was different after which; exits 1 when something was.
"""

from __future__ import annotations

import argparse
import difflib
import random
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from labctl.engine.contract import Channel, Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.runner.links import Links
from labctl.scenario.links.places import Places
from labctl.scenario.model import Family, Fault, Heal, Impair, Link, Only, Which
from labctl.scenario.problems import Position
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of
from tests.contract.sidecars import network_of
from tests.contract.waiting import until

HOSTS = ("left", "right")
ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
_SAME_WITHIN_S = 20.0
_AT = Position("torture", 1, 1)
_DATAGRAMS = """
    import socket, sys
    for address in sys.argv[1:]:
        with socket.socket(socket.getaddrinfo(address, None)[0][0], socket.SOCK_DGRAM) as one:
            for number in range(20):
                one.sendto(b"." * (number * 300), (address, 51717))
"""
_ANSWERS = ("silent", "reset", "port-unreachable", "host-unreachable", "net-unreachable", "admin-prohibited")

Step = Impair | Heal


def random_steps(chance: random.Random) -> list[Step]:
    """A few steps about links between the two hosts."""
    return [_random_step(chance) for _ in range(chance.randint(1, 6))]


def _random_step(chance: random.Random) -> Step:
    link = chance.choice([Link("left", "right"), Link("right", "left"), Link("left", "right", both=True), None])
    if link is None or chance.random() < 0.25:
        return Heal(at=_AT, link=link)
    faults = chance.sample(_random_faults(chance), chance.randint(1, 3))
    only = chance.choice([None, Only("udp"), Only("icmp"), Only("udp", 51717), Only("tcp", 51717)])
    return Impair(at=_AT, link=link, faults=tuple(faults), only=only, seed=chance.randint(0, 99))


def _random_faults(chance: random.Random) -> list[Fault]:
    which = [Which(share=0.3), Which(every=2), Which(first=3), Which(ordinals=(2, 4)), Which(contains="..")]
    return [
        Fault(name="drop", which=chance.choice([*which, Which(fragments=True)])),
        Fault(name="duplicate", which=chance.choice(which)),
        Fault(name="corrupt", which=chance.choice(which), visible=chance.random() < 0.5),
        Fault(name="reorder", which=chance.choice(which), hold=chance.randint(1, 3)),
        Fault(name="delay", delay_s=0.05, jitter_s=chance.choice([0.0, 0.02])),
        Fault(name="rate", rate=1e6),
        Fault(name="cut", answer=chance.choice(_ANSWERS)),
    ]


class _Sequence:
    """One lab's links, from the first step to the last."""

    def __init__(self, lab: StandingLab, steps: Sequence[Step]) -> None:
        self._lab, self._steps = lab, steps
        self._channels: Mapping[str, Channel] = {}

    def run(self, chance: random.Random) -> None:
        """Do the steps, with packets between them, and give everything back."""
        lab = self._lab
        places = Places({host: [host] for host in HOSTS}, HOSTS)
        links = Links(self._steps, lab.plan, places, lab.conversation, seed=1)
        links.begin(self._attend)
        for step in self._steps:
            (links.impair if isinstance(step, Impair) else links.heal)(step)  # type: ignore[arg-type]  # each its own
            if chance.random() < 0.3:
                sender, receiver = chance.sample(HOSTS, 2)
                lab.host(sender).run_python(_DATAGRAMS, *lab.plan.host(receiver).addresses)
        for host, channel in self._channels.items():
            links.forget(host)
            channel.close()

    def _attend(self, hosts: Sequence[str]) -> Mapping[str, Channel]:
        self._channels = self._lab.lab.attend(hosts)
        return self._channels


def run_sequences(
    engine: Engine, folder: Path, count: int, *, seed: int, say: Callable[[str], None] = lambda words: None
) -> list[str]:
    """Run so many sequences in one lab; what was different after which.

    Looked at after each on namespaces, and on Docker, where a look takes a second, after every tenth and the last.
    """
    plan = replace(plan_of(*HOSTS, family=Family.DUAL), attended=HOSTS)
    found = []
    with StandingLab(engine, plan, folder) as lab:
        before = {host: network_of(lab, host) for host in HOSTS}
        for number in range(1, count + 1):
            chance = random.Random(f"{seed} {number}")
            steps = random_steps(chance)
            _Sequence(lab, steps).run(chance)
            if engine.name == "netns" or number % 10 == 0 or number == count:
                found += [f"sequence {number}: {each}" for each in _differences(lab, before)]
            if number % 25 == 0:
                say(f"{number} sequences, {len(found)} failures")
    return found


def _differences(lab: StandingLab, before: Mapping[str, str]) -> list[str]:
    """What is different on which host, when it has had time to become the same."""
    found = []
    for host, was in before.items():
        seen = [""]

        def is_same(host: str = host, was: str = was, seen: list[str] = seen) -> bool:
            seen[0] = network_of(lab, host)
            return seen[0] == was

        if not until(is_same, within_s=_SAME_WITHIN_S):
            lines = difflib.unified_diff(was.splitlines(), seen[0].splitlines(), lineterm="", n=0)
            found.append(f"{host}: " + "; ".join(lines))
    return found


def main() -> int:
    """Run as many sequences as are asked for."""
    parser = argparse.ArgumentParser(description="Random faults; the network afterwards is what it was before.")
    parser.add_argument("--sequences", type=int, default=500, help="how many")
    parser.add_argument("--engine", choices=sorted(ENGINES), default="netns")
    parser.add_argument("--seed", type=int, default=1, help="other sequences with another one")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = ENGINES[words.engine]()
        found = run_sequences(engine, Path(folder), words.sequences, seed=words.seed, say=print)
    print(f"{words.sequences} sequences on {words.engine}: {len(found)} failures")
    for failure in found:
        print(failure)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
