"""`labctl logs`: what programs printed in a run."""

from __future__ import annotations

import click

from labctl.cli.completing import hosts, labs, runs


@click.command()
@click.argument("words", nargs=-1, metavar="[RUN] [PROGRAM]...", shell_complete=runs)
@click.option("--host", "on", multiple=True, metavar="HOST", shell_complete=hosts, help="Only programs on this host.")
@click.option("--stream", type=click.Choice(["stdout", "stderr"]), help="Only what came on this stream.")
@click.option("--raw", is_flag=True, help="Print the text and nothing else, escapes and all; not to a terminal.")
@click.option("-f", "--follow", is_flag=True, help="Go on while the run does, or the lab stands.")
@click.option("--lab", metavar="LAB", shell_complete=labs, help="Of a lab that stands, from now on, until Ctrl-C.")
@click.pass_context
def logs(
    ctx: click.Context,
    words: tuple[str, ...],
    on: tuple[str, ...],
    stream: str | None,
    raw: bool,
    follow: bool,
    lab: str | None,
) -> None:
    """Show what programs printed in a run, line by line: seconds since it began, program, host, stream.

    RUN is a run's folder or name, or a scenario: then its newest run. Without RUN: the newest of all. PROGRAM is a
    program's name in the scenario. Control characters are written out.
    """
    from labctl.cli.terminal.device import Device
    from labctl.cli.views.logging import Asked, show_lab, show_logs

    if lab is not None and raw:
        raise click.UsageError("--raw is about runs, and --lab is not", ctx)
    device = Device()
    asked = Asked(words=words, hosts=on, streams=(stream,) if stream else (), raw=raw, follow=follow)
    ctx.exit(device.ending(show_logs(asked, device) if lab is None else show_lab(lab, asked, device)))
