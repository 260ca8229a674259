"""Outcomes of runs that never happened, by name."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path

from labctl.plan.model import AbsentHost, HostPlan, Plan
from labctl.runner.outcome import ProgramSeen, ScenarioOutcome, StepOutcome, Verdict
from labctl.scenario.model import Family
from labctl.scenario.problems import Position


def step(number: int, title: str, verdict: Verdict = Verdict.PASS, **more: object) -> StepOutcome:
    """A step that took 42 ms, at line 4 times its number."""
    at = Position("labs/x.yaml", 4 * number, 5)
    began_s = 0.042 * (number - 1)
    plain = {"why": None, "complaints": (), "programs": ()} | more
    return StepOutcome(
        number=number,
        at=at,
        title=title,
        verdict=verdict,
        began_s=began_s,
        took_s=0.042,
        **plain,  # type: ignore[arg-type]  # the fields of StepOutcome
    )


def program(name: str, stdout: bytes = b"", stderr: bytes = b"", **more: object) -> ProgramSeen:
    """A program on host client that ended with 0."""
    plain = {"host": "client", "command": ("client", "cheerios", "51717"), "ending": "exit 0", "cut": False} | more
    return ProgramSeen(name=name, stdout=stdout, stderr=stderr, **plain)  # type: ignore[arg-type]  # its fields


def scenario(verdict: Verdict, *steps: StepOutcome, **more: object) -> ScenarioOutcome:
    """The scenario labs/x.yaml on netns."""
    plain = {"id": "labs/x", "path": Path("labs/x.yaml"), "engine": "netns", "hosts": ("cheerios", "client")} | more
    return ScenarioOutcome(
        verdict=verdict,
        steps=steps,
        took_s=0.19,
        **plain,  # type: ignore[arg-type]  # the fields of ScenarioOutcome
    )


def standing(name: str, number: int, **more: object) -> HostPlan:
    """A host with both families' addresses, on which no setting is made."""
    plain = {"sysctls": {}, "declared": {}} | more
    return HostPlan(
        name=name,
        service=name,
        mac=f"02:00:00:00:00:0{number}",
        address4=f"10.51.0.{number}",
        address6=f"fd51::{number}",
        image="labctl-host",
        build=None,
        **plain,  # type: ignore[arg-type]  # the fields of HostPlan
    )


STOOD = Plan(
    name="x",
    family=Family.DUAL,
    subnet4=IPv4Network("10.51.0.0/24"),
    subnet6=IPv6Network("fd51::/64"),
    hosts=(
        standing(
            "cheerios",
            2,
            sysctls={"net.core.somaxconn": "2", "net.ipv4.icmp_ratelimit": "0"},
            declared={"net.core.somaxconn": "2"},
        ),
        standing("client", 3, sysctls={"net.core.somaxconn": "4096", "net.ipv4.icmp_ratelimit": "0"}),
    ),
    absent=(AbsentHost(name="nobody", address4="10.51.0.4", address6="fd51::4"),),
)

PASSED = scenario(Verdict.PASS, step(1, "cheerios: start server 51717"), step(2, "wait for server"), plan=STOOD)

WRONG_ANSWER = scenario(
    Verdict.FAIL,
    step(1, "cheerios: start server 51717"),
    step(
        2,
        "client: run client cheerios 51717",
        Verdict.FAIL,
        why="The server answers what it was asked.\nIt has read the message before.",
        complaints=("stdout: expected 'I got your message', came 'bye'", "exit: expected 0, came 1"),
        programs=(
            program("client", b"bye\n", b"ERROR reading\n", ending="exit 1"),
            program("server", b"Here is the message: hi", host="cheerios", ending="still running"),
        ),
    ),
    step(3, "wait for server", Verdict.NOT_RUN),
    step(4, "check tcp 51717", Verdict.NOT_RUN),
    folder=Path("labs/.labctl/runs/20261122-080000-x"),
    notes=("compose.yaml:9:5: a lab takes no 'ports' of 'client': nothing outside reaches a lab",),
)

MISLEADING_OUTPUT = scenario(
    Verdict.FAIL,
    step(
        1,
        "client: run liar",
        Verdict.FAIL,
        complaints=("stdout: expected 'x', came\nlabs/y.yaml:1:1: step 1 of 1: forged\nPASS labs/x",),
        programs=(
            program(
                "liar",
                b"PASS    labs/x  1 step  1 ms\n\x1b[2J\x1b]0;title\x07\rover\n\x9b31m\xff \xe2\x80\xae\n" + b"\t|\n",
                command=("liar", "a b", "\x1b[31m"),
            ),
        ),
    ),
)

MUCH_OUTPUT = scenario(
    Verdict.FAIL,
    step(
        1,
        "client: run yes",
        Verdict.FAIL,
        complaints=("yes did not end within 10 s, and was killed",),
        programs=(program("yes", b"".join(b"line %d\n" % number for number in range(1, 1001)), b"x" * 5000, cut=True),),
    ),
)

CROWD = scenario(
    Verdict.FAIL,
    step(
        1,
        "wait for crowd",
        Verdict.FAIL,
        complaints=tuple(f"crowd-{number}: exit: expected 0, came 1" for number in range(39, 51)),
        programs=tuple(program(f"crowd-{number}") for number in range(1, 51)),
    ),
)

LAB_BROKE = scenario(
    Verdict.UNKNOWN,
    step(1, "cheerios: start server 51717"),
    step(2, "client: run hog", Verdict.UNKNOWN, complaints=("host client is gone, and its agent with it",)),
    step(3, "wait for server", Verdict.NOT_RUN),
    reason="host client is gone, and its agent with it",
    hint="look at the memory that the lab may use",
)

NO_LAB = scenario(
    Verdict.UNKNOWN,
    step(1, "cheerios: start server 51717", Verdict.NOT_RUN),
    id="labs/x[ipv6]",
    engine="docker",
    reason="the Docker daemon at unix:///var/run/docker.sock does not answer",
    hint="start it: sudo systemctl start docker",
)

SKIPPED = scenario(Verdict.SKIPPED, reason="Docker's bridge drops it\nbefore anybody sees it")

NOT_PASSED = {
    "wrong-answer": WRONG_ANSWER,
    "misleading-output": MISLEADING_OUTPUT,
    "much-output": MUCH_OUTPUT,
    "crowd": CROWD,
    "lab-broke": LAB_BROKE,
    "no-lab": NO_LAB,
}
