"""`labctl ls`: scenarios, what they are about, their tags."""

from __future__ import annotations

import click

from labctl.cli.completing import scenarios
from labctl.cli.options import COLOR


@click.command()
@click.argument("targets", nargs=-1, metavar="[FILE|FOLDER|NAME]...", shell_complete=scenarios)
@click.option("-k", "keyword", metavar="EXPR", default="", help="Only those whose path, name or tags fit.")
@COLOR
@click.pass_context
def ls(ctx: click.Context, targets: tuple[str, ...], keyword: str) -> None:
    """List scenarios and what they are about.

    Without arguments: those in this folder and below ./scenarios, and those that labctl brings along.
    """
    from labctl.cli.terminal.device import Device
    from labctl.cli.views.listing import list_scenarios

    device = Device()
    ctx.exit(device.ending(list_scenarios(targets, keyword, device)))
