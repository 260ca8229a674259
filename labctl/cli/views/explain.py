"""`labctl explain`: scenarios as lessons, before they are run or as they happen."""

from __future__ import annotations

import click

from labctl.cli.completing import scenarios
from labctl.cli.options import COLOR, ENGINE
from labctl.engine.choose import EngineName


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="FILE|FOLDER|NAME...", shell_complete=scenarios)
@click.option("--run", "is_run", is_flag=True, help="Run it, and tell what happened: calls, packets, and why.")
@ENGINE
@COLOR
@click.pass_context
def explain(ctx: click.Context, targets: tuple[str, ...], is_run: bool, engine: EngineName) -> None:
    """Tell a scenario as a lesson, without running it, or with --run as it happens.

    What it is about, who is on the network, then each step: what is done, what will happen and why. At the end the
    system calls at play, each with its manual page. Exit code 2 if a file has a problem; the others are told. With
    --run the exit code is that of `labctl run`.
    """
    from labctl.cli.terminal.device import Device
    from labctl.cli.views.lessons import tell

    device = Device()
    ctx.exit(device.ending(tell(targets, device, engine=engine if is_run else None)))
