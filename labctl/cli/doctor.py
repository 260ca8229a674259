"""`labctl doctor`: which engines and which faults work here, what is missing, and what mends it."""

from __future__ import annotations

import click

from labctl.cli.options import COLOR


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@COLOR
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Say which engines work here, which faults links can have there, and what mends the others.

    Each is tried; nothing is changed. Exit code 0 if one works, else 3.
    """
    from labctl.cli.terminal.device import Device
    from labctl.cli.terminal.signals import ending_on_signals
    from labctl.cli.terminal.tellers import Quiet
    from labctl.engine.choose import readiness_of_all
    from labctl.report.health import health_lines, health_text

    device = Device()
    with ending_on_signals(Quiet(device).notice):  # what is tried is taken down
        found = readiness_of_all()
    device.result(health_text(found) if as_json else "\n".join(health_lines(found, device.result_look)))
    ctx.exit(device.ending(0) if any(each.works for each in found) else 3)
