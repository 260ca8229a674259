"""Words of the command line -> the lessons of the scenarios that they name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from labctl.cli.device import Device
from labctl.cli.selection import named
from labctl.report.lesson import lesson
from labctl.runner.select import Selected, load


def tell(words: Sequence[str], device: Device) -> int:
    """Tell each scenario once, with all its families. Problems go to standard output, as `labctl validate` has them.

    The exit code: 2 with problems.
    """
    loaded = load(named(words, device).files)
    by_file = groupby(loaded.selected, key=lambda one: one.scenario.path)
    for number, (_, several) in enumerate(by_file):
        if number:
            device.result("\n" + "-" * 80 + "\n")
        device.result("\n".join(_lines(list(several), device)))
    for warning in loaded.warnings:
        device.progress(f"warning: {warning}")
    for problem in loaded.problems:
        device.result(str(problem))
    return 2 if loaded.problems else 0


def _lines(several: list[Selected], device: Device) -> list[str]:
    """The lesson of one file, which was selected with one family or with several."""
    first = several[0]
    identity = first.id if len(several) == 1 else first.id.rpartition("[")[0]
    families = [one.plan.family for one in several]
    return list(lesson(identity, first.scenario, first.plan, families, device.result_look))
