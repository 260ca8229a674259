"""`labctl validate`: every problem of every file, or that there is none."""

from __future__ import annotations

import click

from labctl.cli.completing import scenarios
from labctl.cli.defaults import DefaultedTargets


@click.command()
@click.argument(
    "targets",
    cls=DefaultedTargets,
    nargs=-1,
    required=True,
    metavar="FILE|FOLDER|NAME...",
    shell_complete=scenarios,
)
@click.pass_context
def validate(ctx: click.Context, targets: tuple[str, ...]) -> None:
    """Say what is wrong with scenario files, all at once.

    Their compose.yaml is looked at too; nothing is run. Problems go to standard output as `file:line:column:
    message`. Exit code 2 if there is one.
    """
    from labctl.cli.selection import named
    from labctl.cli.terminal.device import Device
    from labctl.runner.select import load

    device = Device()
    files = named(targets, device).files
    loaded = load(files)
    faulty = {problem.at.file for problem in loaded.problems}
    usable = {str(one.scenario.path) for one in loaded.selected} - faulty
    for file in files:
        if str(file.path) in usable:
            device.result(f"{file.path}: OK")
    for warning in loaded.warnings:
        device.result(f"warning: {warning}")
    for problem in loaded.problems:
        device.result(str(problem))
    ctx.exit(device.ending(2 if loaded.problems else 0))
