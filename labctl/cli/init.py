"""`labctl init`: a small lab of one's own, which runs at once."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("name", metavar="NAME", type=click.Path(path_type=Path))
@click.pass_context
def init(ctx: click.Context, name: Path) -> None:
    """Write a small lab of your own into the new folder NAME: a start, to be changed.

    compose.yaml with two hosts, an image with a server and its client, a scenario, a test for pytest and a workflow
    for CI. It runs at once, on either engine. NAME may be a path; a folder that is there must be empty.
    """
    from shlex import quote

    from labctl.cli.refusals import BadOptions
    from labctl.cli.terminal.device import Device
    from labctl.starter.write import CannotBegin, write_lab

    device = Device()
    try:
        written = write_lab(name)
    except CannotBegin as error:
        raise BadOptions([(str(error), error.hint)]) from error
    for file in written:
        device.result(f"{name / file}")
    device.result(f"\nNow:\n  cd {quote(str(name))}")
    device.result("  labctl run .    # the scenario\n  pytest          # the same, and tests in Python")
    ctx.exit(device.ending(0))
