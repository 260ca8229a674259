"""Cases that must never fail -> how often each was run, what failed, and what that says of the rate.

A torture is a module with a `CAMPAIGN` and `main_of(CAMPAIGN)`. All take the same words:

    --runs N       until each case was run so often (default: until time is up)
    --seconds S    at most so long (default 60)
    --where A,B    in these places only
    --case TEXT    only cases whose name has this in it
    --fresh        forget what earlier runs counted; otherwise they are added to
    --again PLACE/NAME/NUMBER   that one run once more

What is counted is kept after every run, in .labctl/torture-NAME.json.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from msgspec import Struct

from labctl.report.rate import bound_in_words
from tests.torture import tally
from tests.torture.tally import Tally

TOP = Path(__file__).parents[2]
STATE = TOP / ".labctl"
LONGEST_FAILURE = 1000
UNTIL_THE_END = ExitStack()
"""What cases share, like a lab that stands, is given back by this when a campaign is over. It may be used again."""


class Run(Struct, frozen=True):
    """One run of a case: its own chance, which is the same whenever it is run again, and an empty folder."""

    chance: random.Random
    folder: Path


class Case(Struct, frozen=True):
    """What must hold in one place. `run` gives what went wrong, empty if nothing did; what it raises is a failure.

    `tries`: so many times it tries something in one run.
    """

    place: str
    name: str
    run: Callable[[Run], str]
    tries: int = 1


class Campaign(Struct, frozen=True):
    """Cases of one kind. `cases` makes those of one place: none where it doesn't work on this machine."""

    name: str
    about: str
    places: tuple[str, ...]
    cases: Callable[[str], list[Case]]


Say = Callable[[str], None]


def run_cases(
    cases: Sequence[Case], count: Tally, *, runs: int | None, seconds: float, say: Say, keep: Callable[[], None]
) -> None:
    """Run those that were run least often, in random order, until each had its runs or time is up."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        least = min((count.of_one(case.place, case.name).runs for case in cases), default=runs)
        if least is None or (runs is not None and least >= runs):
            return
        case = random.choice([one for one in cases if count.of_one(one.place, one.name).runs == least])
        failure = run_once(case, least)
        count.add(case.place, case.name, f"run {least}: {failure}" if failure else "")
        if failure:
            say(f"{case.place}/{case.name}/{least}: {failure}")
        keep()


def run_once(case: Case, number: int) -> str:
    """What went wrong in that run of a case, on one line; empty if nothing did."""
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        chance = random.Random(f"{case.place} {case.name} {number}")
        try:
            failure = case.run(Run(chance, Path(folder)))
        except Exception as error:  # whatever it is, it is what this case failed of
            place = traceback.extract_tb(error.__traceback__)[-1]
            failure = f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"
    return " / ".join(failure.split("\n"))[:LONGEST_FAILURE]


def failures_of(campaign: Campaign, place: str, *, runs: int = 1, case: str = "") -> list[str]:
    """The short form: every case of a place so often; what failed. For tests."""
    count = Tally()
    cases = [one for one in campaign.cases(place) if case in one.name]
    assert cases, f"{campaign.name} has no case in {place}"
    with UNTIL_THE_END:
        run_cases(cases, count, runs=runs, seconds=float("inf"), say=lambda words: None, keep=lambda: None)
    return count.failed


def main_of(campaign: Campaign) -> int:
    """Print the tally; 1 when something failed, or nothing was run."""
    words = _words(campaign)
    cases = []
    for place in words.where.split(","):
        found = [case for case in campaign.cases(place) if words.case in case.name]
        cases += found
        if not found:
            print(f"{place}: not on this machine (see `labctl doctor`)")
    if words.again:
        return _again(cases, words.again)
    state = STATE / f"torture-{campaign.name}.json"
    count = Tally() if words.fresh else tally.load(state)
    try:
        with UNTIL_THE_END:
            run_cases(
                cases,
                count,
                runs=words.runs,
                seconds=words.seconds,
                say=lambda line: print(line, flush=True),
                keep=lambda: tally.save(count, state),
            )
    except KeyboardInterrupt:
        print(f"interrupted; `make torture-{campaign.name}` goes on from here")
    for line in report(campaign.name, cases, count):
        print(line)
    return 1 if count.failed or not cases else 0


def _words(campaign: Campaign) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=campaign.about)
    parser.add_argument("--runs", type=int, help="run each case so often")
    parser.add_argument("--seconds", type=float, default=60.0, help="take at most so long")
    parser.add_argument("--where", default=",".join(campaign.places))
    parser.add_argument("--case", default="", metavar="TEXT", help="only cases with this in their name")
    parser.add_argument("--fresh", action="store_true", help="forget what earlier runs counted")
    parser.add_argument("--again", default="", metavar="PLACE/NAME/NUMBER", help="that run once more")
    return parser.parse_args()


def _again(cases: Sequence[Case], wanted: str) -> int:
    place, _, rest = wanted.partition("/")
    name, _, number = rest.rpartition("/")
    [case] = [one for one in cases if (one.place, one.name) == (place, name)]
    with UNTIL_THE_END:
        failure = run_once(case, int(number))
    print(failure or "passed")
    return 1 if failure else 0


def report(name: str, cases: Sequence[Case], count: Tally) -> list[str]:
    """A line for each place, then what failed."""
    lines = []
    for place in dict.fromkeys(case.place for case in cases):
        counts = [count.of_one(place, case.name) for case in cases if case.place == place]
        tried = sum(count.of_one(place, case.name).runs * case.tries for case in cases if case.place == place)
        failures = sum(one.failures for one in counts)
        lines.append(
            f"{name} on {place}: {len(counts)} cases, each run {min(one.runs for one in counts)} times or more:"
            f" {tried} tries, {failures} failures; {bound_in_words(tried, failures)}"
        )
    return lines + [f"  {line}" for line in count.failed]
