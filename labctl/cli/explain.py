"""`labctl explain`: scenarios as lessons, without running them."""

from __future__ import annotations

import click


@click.command()
@click.argument("targets", nargs=-1, required=True, metavar="FILE|FOLDER|NAME...")
@click.pass_context
def explain(ctx: click.Context, targets: tuple[str, ...]) -> None:
    """Tell a scenario as a lesson, without running it.

    What it is about, who is on the network, then each step: what is done, what will happen and why. At the end the
    system calls at play, each with its manual page. Exit code 2 if a file has a problem; the others are told.
    """
    from labctl.cli.device import Device
    from labctl.cli.lessons import tell

    device = Device()
    ctx.exit(device.ending(tell(targets, device)))
