"""`make bench`: what labctl takes, against what the same takes by hand. Exits 1 when a budget is passed.

python -m tests.bench.bench [--runs N] [--programs N] [netns] [docker] [cli] [see] [sidecar] [closed]
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from labctl.agent import walls
from labctl.engine.contract import Engine
from labctl.engine.docker.closing import closed
from labctl.engine.docker.compose import find_compose as find_compose_program
from labctl.engine.docker.daemon import Daemon
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.docker.labels import LAB
from labctl.engine.docker.project import bridge_name
from labctl.engine.netns.engine import Netns
from labctl.hosts.conversation import Conversation
from labctl.hosts.launch import launch, started
from labctl.hosts.program import Program
from labctl.plan.compose_file import read_compose
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from labctl.scenario.read import read_scenario
from tests.bench.measure import Row, by_turns, cpu_ms, wall_s
from tests.bench.seeing import recording_row, story_rows
from tests.bench.sidecar import sidecar_rows

HERE = Path(__file__).parent
TOP = HERE.parent.parent
LABCTL = shutil.which("labctl", path=str(Path(sys.executable).parent)) or "labctl"
WITHOUT_CHECK = HERE / "basic-without-check.yaml"
WITH_CHECK = TOP / "scenarios" / "basic.yaml"


def environment() -> dict[str, str]:
    """Ours, as users have it: with compiled modules kept."""
    return {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}


def labctl_run(engine: str, scenario: Path, *more: str) -> float:
    """Wall time of `labctl run`, in seconds."""
    return wall_s([LABCTL, "run", "--engine", engine, "-q", *more, str(scenario)], environment())


def engine_rows(name: str, runs: int, budgets: dict[Path, float]) -> Iterator[Row]:
    """basic.yaml, cold, in its variants, against the script."""
    script = str(HERE / f"by_hand_{name}.sh")
    known = environment()
    if name == "docker":
        known["COMPOSE"] = " ".join(find_compose_program())
    for scenario, budget in budgets.items():
        ours = partial(labctl_run, name, scenario)
        ratio, detail = by_turns(ours, lambda: wall_s([script], known), runs)
        yield Row(f"{name}: {scenario.name} / by hand", ratio, budget, "x", detail)


def first_plan() -> Plan:
    """The lab of basic.yaml."""
    compose = read_compose(TOP / "compose.yaml")
    return make_plan(read_scenario(WITHOUT_CHECK, services=list(compose.services)), compose, Family.IPV4)


def program_row(engine: Engine, count: int) -> Row:
    """A further program on a running host: from asking for it to knowing its end."""
    plan = first_plan()
    with tempfile.TemporaryDirectory() as folder:
        lab = engine.up(plan, lab=f"bench-{os.getpid()}", folder=Path(folder), say=lambda words: None)
        try:
            conversation = Conversation(lab.channels)
            conversation.greet()
            times = [one_program(conversation, number) for number in range(count + 10)][10:]
        finally:
            lab.down()
    median = statistics.median(times)
    return Row(f"{engine.name}: /bin/true on a running host", median, 5.0, "ms", f"median of {count}")


def one_program(conversation: Conversation, number: int) -> float:
    """Milliseconds that one program takes."""
    began = time.perf_counter()
    program = Program(name="true", host="client", number=1, command=("/bin/true",), key=f"true#{number}")
    ticket = launch(conversation, program, environment={}, window=False)
    started(conversation, program, ticket)
    conversation.until(lambda: program.has_ended, timeout_s=10.0)
    return (time.perf_counter() - began) * 1000


def closed_row(count: int) -> Row:
    """The look whether the machine has an address on a lab's bridge, once a run: here at an interface that is there."""
    walls.holes("lo")
    times = []
    for _ in range(count):
        began = time.perf_counter()
        walls.holes("lo")
        times.append((time.perf_counter() - began) * 1000)
    return Row("both: looking whether a lab is closed", statistics.median(times), 20.0, "ms", f"median of {count}")


def closing_row(engine: DockerEngine, runs: int) -> Row:
    """Closing a lab on Docker, and the look; where a container has to do it, against one that does nothing."""
    plan = first_plan()
    with tempfile.TemporaryDirectory() as folder:
        lab = engine.up(plan, lab=f"bench-{os.getpid()}", folder=Path(folder), say=lambda words: None)
        daemon = Daemon(find_endpoint())
        assert lab.plan.subnet4 is not None
        bridge, carries = bridge_name(lab.plan.subnet4), {LAB: lab.lab}

        def ours() -> float:
            began = time.perf_counter()
            assert not closed(daemon, carries, [bridge])
            return time.perf_counter() - began

        try:
            if os.access(f"/proc/sys/net/ipv4/conf/{bridge}/rp_filter", os.W_OK):
                figure = statistics.median(ours() for _ in range(runs)) * 1000
                return Row("docker: closing a lab, from here", figure, 20.0, "ms", f"median of {runs}")
            words = ["docker", "run", "--rm", "--network", "host", "--entrypoint", "true", SIDECAR_IMAGE]
            ratio, detail = by_turns(ours, lambda: wall_s(words, environment()), runs)
            return Row("docker: closing a lab / a container that does nothing", ratio, 2.0, "x", detail)
        finally:
            lab.down()
            daemon.close()


def cli_rows(runs: int) -> Iterator[Row]:
    """Processor time of the command line itself."""
    for words, budget in (([LABCTL, "--help"], 80.0), ([LABCTL, "validate", str(WITH_CHECK)], 110.0)):
        cpu_ms(words, environment())
        figure = statistics.median(cpu_ms(words, environment()) for _ in range(runs))
        yield Row(f"labctl {words[1]}: processor time", figure, budget, "ms", f"median of {runs}")


def rows(chosen: list[str], runs: int, programs: int) -> Iterator[Row]:
    """Every figure that was asked for."""
    if "closed" in chosen:
        yield closed_row(programs)
        yield closing_row(DockerEngine(), runs)
    if "cli" in chosen:
        yield from cli_rows(runs)
    if "netns" in chosen:
        yield from engine_rows("netns", runs, {WITHOUT_CHECK: 1.25, WITH_CHECK: 1.6})
        yield program_row(Netns(), programs)
    if "docker" in chosen:
        yield from engine_rows("docker", runs, {WITHOUT_CHECK: 1.1})
        yield program_row(DockerEngine(), programs)
    for engine in [name for name in ("netns", "docker") if name in chosen and "see" in chosen]:
        plain = partial(labctl_run, engine, WITH_CHECK)
        yield recording_row(engine, plain, partial(labctl_run, engine, WITH_CHECK, "--see"), runs)
    if "see" in chosen:
        yield from story_rows()
    if "sidecar" in chosen:
        yield from sidecar_rows()


def main() -> int:
    """Print a row a figure; 1 when one is over its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("what", nargs="*", default=["cli", "closed", "netns", "docker", "see", "sidecar"])
    words = parser.parse_args()
    over = 0
    for row in rows(words.what, words.runs, words.programs):
        print(row, flush=True)
        over += not row.is_within
    return 1 if over else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        sys.exit(f"{error}\n{(error.stderr or b'').decode(errors='replace')}")
