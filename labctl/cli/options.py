"""Options that several commands have."""

from __future__ import annotations

import re

import click

from labctl.cli.completing import labs
from labctl.cli.defaults import MOST_SCALE, Defaulted
from labctl.cli.terminal.colour import colour_option
from labctl.engine.choose import NAMES


def age(text: str) -> float:
    """How long ago, in seconds: `90m` -> 5400.0."""
    found = re.fullmatch(r"(\d{1,9})([smhd])", text)
    if found is None:
        raise click.BadParameter(f"'{text}' is no age: write a whole number and s, m, h or d, like 12h")
    return int(found[1]) * _UNITS_S[found[2]]


def label(text: str) -> tuple[str, str]:
    """A lab's label: `course=net` -> ("course", "net")."""
    key, equals, value = text.partition("=")
    if not equals or re.fullmatch(r"[A-Za-z0-9][\w.-]*", key) is None or not value.isprintable():
        raise click.BadParameter(f"'{text}' is no label: write it like course=net")
    return key, value


_UNITS_S = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

ENGINE = click.option(
    "--engine",
    cls=Defaulted,
    type=click.Choice(NAMES),
    default="auto",
    show_default=True,
    envvar="LABCTL_ENGINE",
    show_envvar=True,
    help="What hosts are made of: containers, or network namespaces. auto: Docker where it works and has the images.",
)

LAB = click.option(
    "-l",
    "--lab",
    "name",
    metavar="LAB",
    shell_complete=labs,
    help="The lab's name; needed only where several stand.",
)

TIMEOUT_SCALE = click.option(
    "--timeout-scale",
    cls=Defaulted,
    type=click.FloatRange(min=0, min_open=True, max=MOST_SCALE),
    default=1.0,
    metavar="FACTOR",
    envvar="LABCTL_TIMEOUT_SCALE",
    show_envvar=True,
    help="Give every step so many times its time, on a slow machine.",
)

COLOR = colour_option(Defaulted)
"""For a command that paints."""
