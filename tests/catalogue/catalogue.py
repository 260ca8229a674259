"""`make catalogue`: every shipped scenario on both engines, and docs/scenarios.md from what came.

    python -m tests.catalogue.catalogue [--jobs N] [--timeout-scale FACTOR]

Needs both engines. Prints how long each took; exits 1 when a scenario failed, after writing the page.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from labctl.cli.files import scenario_files
from labctl.engine.contract import Engine
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.netns.engine import Netns
from labctl.report.failure import failure_text
from labctl.report.look import PLAIN
from labctl.runner.job import Options
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.run import run_all
from labctl.runner.select import ScenarioFile, Selected, jobs_of, load, scenario_id
from tests.catalogue.table import ENGINES, page, rows

TOP = Path(__file__).parents[2]
SCENARIOS = TOP / "scenarios"
PAGE = TOP / "docs" / "scenarios.md"
_MAKERS: dict[str, Callable[[], Engine]] = {"netns": Netns, "docker": DockerEngine}


def shipped() -> tuple[Selected, ...]:
    """Every shipped scenario, once for each of its families, in the order of their ids."""
    files = [ScenarioFile(scenario_id(file.relative_to(SCENARIOS)), file) for file in scenario_files(SCENARIOS)]
    loaded = load(sorted(files, key=lambda file: file.id))
    if loaded.problems:
        sys.exit("\n".join(map(str, loaded.problems)))
    return loaded.selected


def outcomes(selected: Sequence[Selected], engine: Engine, *, at_once: int, slack: float) -> list[ScenarioOutcome]:
    """Run them; what did not pass and how long all took is printed."""
    jobs, skipped = jobs_of(selected, engine=engine.name)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as records:
        options = Options(jobs=at_once, records=Path(records), slack=slack)
        came = run_all(jobs, engine, options, lambda event: None)
    took_s = time.monotonic() - began
    for outcome in came:
        if outcome.verdict is not Verdict.PASS:
            print(failure_text(outcome, PLAIN))
    passed = sum(outcome.verdict is Verdict.PASS for outcome in came)
    print(f"{engine.name}: {passed} of {len(came)} passed, {len(skipped)} skipped, in {took_s:.1f} s", flush=True)
    return [*came, *skipped]


def main() -> int:
    """Write the page; 1 when something did not pass."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="so many scenarios at the same time (2)")
    parser.add_argument("--timeout-scale", type=float, default=1.0, metavar="FACTOR", help="as `labctl run` has it")
    words = parser.parse_args()
    engines = [_MAKERS[name]() for name in ENGINES]
    missing = [engine.name for engine in engines if not engine.readiness().works]
    if missing:
        sys.exit(f"{', '.join(missing)} does not work here, and the page needs both engines: see `labctl doctor`")
    selected = shipped()
    came = {
        engine.name: outcomes(selected, engine, at_once=words.jobs, slack=words.timeout_scale) for engine in engines
    }
    table = rows(selected, came)
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(table))
    failed = [row.id for row in table if not row.has_passed]
    print(f"{PAGE.relative_to(TOP)}: {len(table)} scenarios" + (f"; not passed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
