"""`make torture SECONDS=n`: every shipped scenario in random order, until time is up. Goes on where it stopped.

    python -m tests.torture.torture [--seconds N] [--where netns,netns+busy,docker] [--jobs N] [--fresh]
                                    [--runs netns=100 …]

`netns+busy` is netns while every core is kept busy by other work. Prints runs, failures and the 95 % bound for each;
exits 1 when a run failed or left something over. With `--runs` it goes on until each scenario was run so often
(seconds still bound it).
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from labctl.agent.kernel import die_with_parent
from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.report.rate import bound_in_words
from labctl.runner.job import Job, Options
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.run import run_all
from labctl.runner.select import ScenarioFile, jobs_of, load, scenario_id
from tests.torture import tally
from tests.torture.tally import Tally

TOP = Path(__file__).parents[2]
STATE = TOP / ".labctl" / "torture.json"
ENGINES: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}
BUSY = "+busy"
LOOPS_PER_CORE = 3
AT_ONCE = 12
"""Scenarios that are run together before it is looked whether anything is left."""


class Ground(Struct, frozen=True):
    """Where scenarios are run, and which."""

    name: str
    engine: Engine
    jobs: tuple[Job, ...]

    @property
    def is_busy(self) -> bool:
        """Whether other work keeps the machine busy meanwhile."""
        return self.name.endswith(BUSY)


def ground(name: str) -> Ground:
    """An engine with every shipped scenario, with each of its families, that can hold there."""
    engine = ENGINES[name.removesuffix(BUSY)]()
    scenarios = TOP / "scenarios"
    loaded = load(ScenarioFile(scenario_id(file.relative_to(scenarios)), file) for file in scenarios.rglob("*.yaml"))
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    jobs, _ = jobs_of(loaded.selected, engine=engine.name)
    return Ground(name, engine, tuple(jobs))


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
    return labs + [f"process {pid}" for pid in children_of_this_process()]


def children_of_this_process() -> Iterator[int]:
    """Their pids."""
    for task in os.listdir("/proc/self/task"):
        with suppress(FileNotFoundError, ProcessLookupError):  # that thread has ended meanwhile
            yield from map(int, Path(f"/proc/self/task/{task}/children").read_text().split())


@contextmanager
def other_work() -> Iterator[None]:
    """Keep every core busy meanwhile. It ends with this process, whatever happens to it."""
    parent = os.getpid()
    with ExitStack() as undo:
        for _ in range(LOOPS_PER_CORE * (os.cpu_count() or 1)):
            loop = subprocess.Popen(
                [sys.executable, "-c", "while True: pass"],
                preexec_fn=lambda: die_with_parent(parent, signal.SIGKILL),
            )
            undo.callback(loop.wait)
            undo.callback(loop.kill)
        yield


def wanted_of(ground: Ground, count: Tally, runs: dict[str, int]) -> list[Job]:
    """Of those that were run least often, in random order: a batch. Empty when all have been run as often as wanted."""

    def already(job: Job) -> int:
        return count.of_one(ground.name, job.id).runs

    wanted = [job for job in ground.jobs if ground.name not in runs or already(job) < runs[ground.name]]
    random.shuffle(wanted)
    return sorted(wanted, key=already)[:AT_ONCE]


def torture(seconds: float, grounds: list[Ground], runs: dict[str, int], count: Tally, jobs: int) -> list[str]:
    """Run until time is up or everything was run as often as wanted. What was left over, if anything."""
    until = time.monotonic() + seconds
    left: list[str] = []
    with tempfile.TemporaryDirectory() as records:
        options = Options(records=Path(records), jobs=jobs)
        while time.monotonic() < until:
            batches = [(ground, batch) for ground in grounds if (batch := wanted_of(ground, count, runs))]
            if not batches:
                break
            ground, batch = random.choice(batches)
            with other_work() if ground.is_busy else ExitStack():
                outcomes = run_all(batch, ground.engine, options, lambda event: None)
            for outcome in outcomes:
                count.add(ground.name, outcome.id, failure_of(outcome))
            left += [f"after {ground.name} {batch[-1].id}: {what}" for what in leftovers(ground.engine)]
            tally.save(count, STATE)
    return left


def main() -> int:
    """Print the tally; 1 when something failed or was left over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--where", default="netns,netns+busy,docker")
    parser.add_argument("--jobs", type=int, default=1, help="so many scenarios at the same time")
    parser.add_argument("--runs", nargs="*", default=[], metavar="WHERE=N")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs counted")
    words = parser.parse_args()
    runs = {name: int(times) for name, _, times in (pair.partition("=") for pair in words.runs)}
    names = words.where.split(",")
    grounds = [ground(name) for name in names if ENGINES[name.removesuffix(BUSY)]().readiness().works]
    for name in set(names) - {one.name for one in grounds}:
        print(f"{name}: not on this machine (see `labctl doctor`)")
    count = Tally() if words.fresh else tally.load(STATE)
    left: list[str] = []
    try:
        left = torture(words.seconds, grounds, runs, count, words.jobs)
    except KeyboardInterrupt:
        print("interrupted; `make torture` goes on from here")
    for one in grounds:
        _print_tally(one, count)
    for line in [*count.failed, *left]:
        print(f"  {line}")
    return 1 if count.failed or left or not grounds else 0


def _print_tally(ground: Ground, count: Tally) -> None:
    whole = count.of(ground.name)
    least = min(count.of_one(ground.name, job.id).runs for job in ground.jobs)
    print(
        f"{ground.name}: {len(ground.jobs)} scenarios, each run {least} times or more: {whole.runs} runs,"
        f" {whole.failures} failures; {bound_in_words(whole.runs, whole.failures)}"
    )


if __name__ == "__main__":
    sys.exit(main())
