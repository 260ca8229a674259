"""`labctl build`: the images that hosts on Docker are made from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", default=".", metavar="[FOLDER]", type=click.Path(exists=True, file_okay=False))
@click.option("--if-possible", is_flag=True, help="Where they can't be had, say why and exit 0: netns needs none.")
@click.pass_context
def build(ctx: click.Context, folder: str, if_possible: bool) -> None:
    """Make the images that hosts on Docker are made from, and the one for what runs beside them.

    They are those of the compose.yaml that scenarios in FOLDER (this one, if none is given) belong to. What is
    there and up to date is left alone.
    """

    from labctl.cli.refusals import BadFiles, CannotLook
    from labctl.cli.terminal.device import Device
    from labctl.cli.terminal.progress import progress_on
    from labctl.cli.terminal.signals import ending_on_signals
    from labctl.cli.terminal.tellers import Quiet
    from labctl.engine.choose import docker
    from labctl.engine.contract import EngineError
    from labctl.plan.image import SIDECAR_IMAGE
    from labctl.runner.select import whole_lab
    from labctl.scenario.problems import ScenarioError

    device = Device()
    try:
        plan = whole_lab(Path(folder)).all_attended()
        with ending_on_signals(Quiet(device).notice), progress_on(device) as say:
            docker().prepare(plan, say)
    except ScenarioError as error:
        raise BadFiles(error.problems) from error
    except EngineError as error:
        if not if_possible:
            raise CannotLook(str(error), hint=error.hint) from error
        device.progress(f"labctl: no images for Docker: {error}" + (f"\n  {error.hint}" if error.hint else ""))
        ctx.exit(device.ending(0))
    for image in dict.fromkeys((*(host.image for host in plan.hosts), SIDECAR_IMAGE)):
        device.result(f"{image} is there and up to date")
    ctx.exit(device.ending(0))
