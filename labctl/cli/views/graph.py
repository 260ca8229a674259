"""`labctl graph`: who is on a scenario's network, drawn without running it."""

from __future__ import annotations

from pathlib import Path

import click

from labctl.cli.completing import scenarios
from labctl.cli.options import COLOR


@click.command()
@click.argument("target", metavar="FILE|NAME", shell_complete=scenarios)
@click.option("--svg", "form", flag_value="svg", help="Draw it as SVG.")
@click.option("--mermaid", "form", flag_value="mermaid", help="Draw it as a flowchart, which GitHub draws.")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write it to this file.",
)
@COLOR
@click.pass_context
def graph(ctx: click.Context, target: str, form: str | None, output: Path | None) -> None:
    """Draw who is on a scenario's network, without running it.

    Hosts with their addresses, and what steps do to links, as text.
    """
    from labctl.cli.terminal.device import Device
    from labctl.cli.views.graphing import draw

    device = Device()
    ctx.exit(device.ending(draw(target, form or "text", output, device)))
