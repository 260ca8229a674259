"""Words of the command line and `-k` -> what is to be run, or a refusal that says why nothing is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labctl.cli.refusals import BadFiles, NothingSelected, UnknownTarget
from labctl.cli.targets import Targets, Unknown
from labctl.cli.terminal.device import Device
from labctl.report.measures import counted
from labctl.runner.select import Selected, load

if TYPE_CHECKING:
    from labctl.cli.expression import Holds


def named(words: Sequence[str], device: Device) -> Targets:
    """The files that the words name. Refuses unknown words; says which files and folders hold no scenario."""
    try:
        targets = Targets(words)
    except Unknown as error:
        raise UnknownTarget("\n".join(error.messages)) from error
    for file in targets.passed_over:
        device.progress(f"labctl: {file} is passed over: no `steps` stand at its top")
    if not targets.files:
        folders = ", ".join(targets.empty)
        raise NothingSelected(f"no scenario is in {folders}", hint="name a file with `steps`; see `labctl ls`")
    for folder in targets.empty:
        device.progress(f"labctl: no scenario is in {folder}")
    return targets


def select(words: Sequence[str], keyword: str, device: Device) -> tuple[Selected, ...]:
    """What the words name and `keyword` (empty: all of it) lets through. Refuses if a file has a problem."""
    holds = expression(keyword)
    loaded = load(named(words, device).files)
    if loaded.problems:
        raise BadFiles(loaded.problems)
    chosen = tuple(one for one in loaded.selected if holds(one.words))
    if not chosen:
        count = len(loaded.selected)
        of = f"fits none of the {count} scenarios" if count > 1 else f"does not fit '{loaded.selected[0].id}'"
        raise NothingSelected(f"-k '{keyword}' {of}", hint="see `labctl ls` for names and tags")
    return chosen


def expression(keyword: str) -> Holds:
    """The question that a `-k` text asks; of an empty one, whether anything is there."""
    if not keyword.strip():
        return lambda words: True
    from labctl.cli.expression import ExpressionError, parse  # its patterns take a while to compile

    try:
        return parse(keyword)
    except ExpressionError as error:
        raise click.BadParameter(str(error), param_hint="'-k'") from error


def only_failed(selected: tuple[Selected, ...], device: Device) -> tuple[Selected, ...]:
    """Those that did not pass when they were last run; all of them where each has passed. It is said."""
    from labctl.runner.last_failed import NAME, known_failed

    unreadable: list[Path] = []
    failed = known_failed(selected, unreadable=unreadable)
    for path in unreadable:
        device.progress(f"labctl: {path} can't be read: what it says of the last run's failures is not known")
    chosen = tuple(one for one in selected if one.id in failed)
    if not chosen:
        device.progress(f"labctl: --last-failed: none of these is known to have failed ({NAME}): all are run")
        return selected
    device.progress(f"labctl: --last-failed: {len(chosen)} of {counted(len(selected), 'scenario')}")
    return chosen
