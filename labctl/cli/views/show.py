"""`labctl show`: what was recorded of a run, as a ladder, a page, Mermaid or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labctl.cli.completing import runs
from labctl.cli.options import COLOR


@click.command()
@click.argument("name", required=False, metavar="[RUN]", shell_complete=runs)
@click.option(
    "--html",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it as one page to this file.",
)
@click.option("--mermaid", is_flag=True, help="Print it as a sequence diagram, which GitHub draws.")
@click.option("--json", "as_json", is_flag=True, help="Print it as one JSON document.")
@click.option("--all", "is_all", is_flag=True, help="Show calls about files and packets of the link itself, too.")
@click.option(
    "--only",
    type=click.Choice(["packets", "programs"]),
    help="Show only packets, or only what programs did.",
)
@click.option(
    "--width",
    type=click.IntRange(60, 1000),
    metavar="N",
    help="Draw so many columns wide; otherwise as wide as the terminal, or 100.",
)
@COLOR
@click.pass_context
def show(ctx: click.Context, /, **options: Any) -> None:  # Any: each option has the type that it says
    """Show what was recorded of a run: packets and system calls on one ladder.

    RUN is a run's folder or its name, or a scenario: then the newest run of it. Without RUN: the newest of all.
    `labctl run --see` records. To read a long one: `labctl show | less`.
    """
    if sum((options["html"] is not None, options["mermaid"], options["as_json"])) > 1:
        raise click.UsageError("--html, --mermaid and --json exclude each other", ctx)
    from labctl.cli.terminal.device import Device
    from labctl.cli.views.showing import Showing, show_run

    device = Device()
    ctx.exit(device.ending(show_run(Showing(**options), device)))
