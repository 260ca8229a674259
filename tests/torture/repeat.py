"""`make torture-repeat RUNS=50`: the same scenario again and again; the normalised journal is the same every time."""

from __future__ import annotations

import sys
from collections.abc import Callable

from labctl.engine.contract import Engine
from labctl.observe.names import JOURNAL
from labctl.runner.job import Job, Options
from labctl.runner.run import run_all
from tests.torture.campaign import Campaign, Case, Run, main_of
from tests.torture.normal_journal import differences, normal
from tests.torture.torture import ENGINES, failure_of, ground


def cases(place: str) -> list[Case]:
    """One for each shipped scenario, with each of its families, that can hold there."""
    if not ENGINES[place]().readiness().works:
        return []
    there = ground(place)
    return [Case(place, job.id, _again(job, there.engine)) for job in there.jobs]


def _again(job: Job, engine: Engine) -> Callable[[Run], str]:
    """What differs from the first of all runs of this process."""
    first: list[str] = []

    def run(one: Run) -> str:
        [outcome] = run_all([job], engine, Options(records=one.folder), lambda event: None)
        if failure := failure_of(outcome):
            return failure
        assert outcome.folder is not None
        journal = normal((outcome.folder / JOURNAL).read_bytes().splitlines(), job.scenario)
        if not first:
            first.append(journal)
        return "; ".join(differences(first[0], journal))

    return run


CAMPAIGN = Campaign("repeat", __doc__, ("netns", "docker"), cases)

if __name__ == "__main__":
    sys.exit(main_of(CAMPAIGN))
