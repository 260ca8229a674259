"""Options that several commands have."""

from __future__ import annotations

import click

from labctl.engine.choose import NAMES

ENGINE = click.option(
    "--engine",
    type=click.Choice(NAMES),
    default="auto",
    show_default=True,
    envvar="LABCTL_ENGINE",
    show_envvar=True,
    help="What hosts are made of: containers, or network namespaces. auto: Docker where it works and has the images.",
)

LAB = click.option("-l", "--lab", "name", metavar="LAB", help="The lab's name; needed only where several stand.")

TIMEOUT_SCALE = click.option(
    "--timeout-scale",
    type=click.FloatRange(min=0, min_open=True, max=1000),
    default=1.0,
    metavar="FACTOR",
    envvar="LABCTL_TIMEOUT_SCALE",
    show_envvar=True,
    help="Give every step so many times its time, on a slow machine.",
)
