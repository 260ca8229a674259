"""`make torture-streams`: what programs print arrives whole, in order, and on its own stream.

Several programs at once write to both streams at the same time, in pieces of random sizes, children that outlive their
parent among them. Each byte tells its program, its writer's stream and its place, so none can be lost, doubled or
misfiled unseen.
"""

from __future__ import annotations

import functools
import hashlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from tests.contract.hosts import Running, StandingLab, begin_all, python
from tests.contract.plans import plan_of
from tests.torture.campaign import UNTIL_THE_END, Campaign, Case, Run, main_of

ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
LARGEST = 64 * 1024 * 1024
_WITHIN_S = 300.0

_PATTERN = """
import hashlib

def pattern(seed, stream, size):
    block = b"".join(hashlib.sha256(f"{seed} {stream} {number}".encode()).digest() for number in range(2048))
    marks = b"".join(place.to_bytes(4, "big") + block for place in range(size // (len(block) + 4) + 1))
    return marks[:size]
"""
WRITE = (
    _PATTERN
    + """
import os, random, sys, threading

seed, late = int(sys.argv[1]), sys.argv[2] == "late"
sizes = {"out": int(sys.argv[3]), "err": int(sys.argv[4])}
chance = random.Random(seed)

def write(descriptor, data, most):
    at = 0
    while at < len(data):
        at += os.write(descriptor, data[at : at + chance.randint(1, most)])

def both(data):
    most = chance.choice([100, 5000, 65536, 1 << 20])
    if max(map(len, data.values())) > 1 << 22:
        most = 1 << 20
    places = ((1, data["out"], most), (2, data["err"], most))
    threads = [threading.Thread(target=write, args=place) for place in places]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

data = {name: pattern(seed, name, size) for name, size in sizes.items()}
if not late:
    both(data)
    os._exit(0)
first = {name: chance.randint(0, len(each)) for name, each in data.items()}
both({name: each[: first[name]] for name, each in data.items()})
come, go = os.pipe()
if os.fork() == 0:
    os.setsid()
    os.close(go)
    os.read(come, 1)  # the end comes when the parent has ended
    both({name: each[first[name] :] for name, each in data.items()})
os._exit(0)
"""
)
_SHARED: dict[str, Callable[[int, str, int], bytes]] = {}
exec(_PATTERN, _SHARED)  # the same words on both sides
pattern = _SHARED["pattern"]


def _wrong(running: Running, seed: int, sizes: dict[str, int]) -> str:
    """What is wrong with what came of one program."""
    if running.ending != "exit 0" or running.program.is_cut:
        return f"program {seed}: {running.ending}, cut: {running.program.is_cut}, {running.stderr[-300:]!r}"
    for name, came in (("out", running.stdout), ("err", running.stderr)):
        wanted = pattern(seed, name, sizes[name])
        if hashlib.sha256(came).digest() != hashlib.sha256(wanted).digest():
            at = next((i for i, (a, b) in enumerate(zip(wanted, came, strict=False)) if a != b), len(came))
            return f"program {seed}, std{name}: {len(came)} of {len(wanted)} bytes, different from {at} on"
    return ""


def _streams(run: Run, place: str, most: int, programs: int, late: bool) -> str:
    lab = _lab(place)
    try:
        seeds = [run.chance.randint(0, 1 << 30) for _ in range(programs)]
        sizes = [{name: _size(run, most) for name in ("out", "err")} for _ in seeds]
        how = "late" if late else "at once"
        commands = [python(WRITE, seed, how, size["out"], size["err"]) for seed, size in zip(seeds, sizes, strict=True)]
        hosts = [lab.host("left")]
        running = begin_all(hosts, *commands, seconds=_WITHIN_S, output_cap=LARGEST)
        for one in running:
            one.ended(timeout_s=_WITHIN_S).gone(timeout_s=_WITHIN_S)
        wrong = [_wrong(one, seed, size) for one, seed, size in zip(running, seeds, sizes, strict=True)]
        return "; ".join(filter(None, wrong))
    finally:
        lab.clear()


def _size(run: Run, most: int) -> int:
    """Up to so many bytes: all of them, none, about a pipe's or a piece's, or any."""
    chosen = run.chance.choice([0, 1, 65535, 65536, 65537, most, most, run.chance.randint(0, most)])
    return min(chosen, most)


@functools.cache
def _lab(place: str) -> StandingLab:
    folder = tempfile.TemporaryDirectory()
    UNTIL_THE_END.callback(folder.cleanup)
    lab = StandingLab(ENGINES[place](), plan_of("left"), Path(folder.name))
    UNTIL_THE_END.callback(lab.lab.down)
    UNTIL_THE_END.callback(_lab.cache_clear)
    return lab


def cases(place: str) -> list[Case]:
    """One program with much, several with less, at once and with late writers."""
    if not ENGINES[place]().readiness().works:
        return []
    mebibyte = 1 << 20
    kinds = {
        "64 MiB": functools.partial(_streams, most=64 * mebibyte, programs=1, late=False),
        "64 MiB late": functools.partial(_streams, most=64 * mebibyte, programs=1, late=True),
        "8 MiB, 3 programs": functools.partial(_streams, most=8 * mebibyte, programs=3, late=False),
        "1 MiB, 8 programs": functools.partial(_streams, most=mebibyte, programs=8, late=False),
        "1 MiB, 8 programs late": functools.partial(_streams, most=mebibyte, programs=8, late=True),
        "1 KiB, 20 programs late": functools.partial(_streams, most=1024, programs=20, late=True),
    }
    return [Case(place, name, functools.partial(run, place=place)) for name, run in kinds.items()]


CAMPAIGN = Campaign("streams", "What programs print arrives whole.", ("netns", "docker"), cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
