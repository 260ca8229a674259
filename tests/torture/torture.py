"""`make torture SECONDS=n`: every shipped scenario in random order, until time is up. Goes on where it stopped.

    python -m tests.torture.torture [--seconds N] [--engines netns,docker] [--fresh] [--runs engine=N …]

Prints runs, failures and the 95 % bound for each engine; exits 1 when a run failed or left something over.
With `--runs` it goes on until each scenario was run so often (seconds still bound it).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.plan.compose_file import read_compose
from labctl.plan.find import find_compose
from labctl.plan.make import make_plan
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.run import run_all
from labctl.scenario.read import read_scenario
from tests.torture.tally import Tally, load, save, upper_bound

TOP = Path(__file__).parents[2]
STATE = TOP / ".labctl" / "torture.json"
ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}


def jobs() -> list[Job]:
    """Every shipped scenario, with each of its families."""
    found = []
    for path in sorted((TOP / "scenarios").rglob("*.yaml")):
        compose = read_compose(find_compose(path))
        scenario = read_scenario(path, services=list(compose.services))
        for family in scenario.families:
            suffix = f"[ipv{family.value}]" if scenario.several_families else ""
            found.append(Job(path.stem + suffix, scenario, make_plan(scenario, compose, family)))
    return found


def failure_of(outcome: ScenarioOutcome) -> str:
    """What went wrong, on one line; empty if it passed."""
    if outcome.verdict is Verdict.PASS:
        return ""
    complaints = [complaint for step in outcome.steps for complaint in step.complaints]
    return " | ".join([outcome.verdict.value, outcome.reason, *complaints]).replace("\n", " / ")[:500]


def leftovers(engine: Engine) -> list[str]:
    """What is there of ours although no lab of ours is up: none, if all is well."""
    mine = str(os.getpid())
    labs = [f"lab {lab.lab} of {lab.owner}" for lab in engine.labs() if mine in lab.owner.split(":")]
    return labs + [f"process {pid}" for pid in _children()]


def _children() -> Iterator[int]:
    for task in os.listdir("/proc/self/task"):
        yield from map(int, Path(f"/proc/self/task/{task}/children").read_text().split())


def chosen(tally: Tally, wanted: dict[str, int], every: list[Job], engines: list[str]) -> tuple[str, Job] | None:
    """The next run: any that is still wanted, by chance; None when all have been run as often as wanted."""
    open_runs = [
        (engine, job)
        for engine in engines
        for job in every
        if engine not in wanted
        or f"{engine} {job.id}" not in tally.counts
        or tally.counts[f"{engine} {job.id}"].runs < wanted[engine]
    ]
    return random.choice(open_runs) if open_runs else None


def torture(seconds: float, engines: list[str], wanted: dict[str, int], tally: Tally) -> list[str]:
    """Run until time is up or everything was run as often as wanted. What was left over, if anything."""
    until = time.monotonic() + seconds
    every = jobs()
    made: dict[str, Engine] = {name: ENGINES[name]() for name in engines}
    left: list[str] = []
    with tempfile.TemporaryDirectory() as records:
        options = Options(records=Path(records))
        while time.monotonic() < until and (next_run := chosen(tally, wanted, every, engines)):
            name, job = next_run
            outcome = run_all([job], made[name], options, lambda event: None)[0]
            tally.add(name, job.id, failure_of(outcome))
            left += [f"after {name} {job.id}: {what}" for what in leftovers(made[name])]
            save(tally, STATE)
    return left


def main() -> int:
    """Print the tally; 1 when something failed or was left over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--engines", default="netns,docker")
    parser.add_argument("--runs", nargs="*", default=[], metavar="ENGINE=N")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs counted")
    words = parser.parse_args()
    wanted = {name: int(count) for name, _, count in (pair.partition("=") for pair in words.runs)}
    engines = [name for name in words.engines.split(",") if ENGINES[name]().readiness().works]
    for name in set(words.engines.split(",")) - set(engines):
        print(f"{name}: not on this machine (see `labctl doctor`)")
    tally = Tally() if words.fresh else load(STATE)
    left: list[str] = []
    try:
        left = torture(words.seconds, engines, wanted, tally)
    except KeyboardInterrupt:
        print("interrupted; `make torture` goes on from here")
    for name in engines:
        count = tally.of(name)
        bound = upper_bound(count.runs, count.failures) * 100
        print(f"{name}: {count.runs} runs, {count.failures} failures; at most {bound:.2f} % fail (95 % confidence)")
    for line in [*tally.failed, *left]:
        print(f"  {line}")
    return 1 if tally.failed or left or not engines else 0


if __name__ == "__main__":
    sys.exit(main())
