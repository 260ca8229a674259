"""`--color` -> a word in click's context, for the devices that a command writes to.

Imported by every `labctl`, so it imports nothing but click.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click
from click.core import ParameterSource

COLOURS = ("auto", "always", "never")
_WISH, _PROJECT = "labctl.color", "labctl.color.project"
_Command = TypeVar("_Command", bound=Callable[..., Any])  # Any: click's own bound is the same


def colour_option(cls: type[click.Option]) -> Callable[[_Command], _Command]:
    """The option. What a command is given goes before what `labctl` itself is."""
    return click.option(
        "--color",
        cls=cls,
        type=click.Choice(COLOURS),
        expose_value=False,
        callback=_take,
        help="Colours; auto, the default: as NO_COLOR or FORCE_COLOR say, else on a terminal.",
    )


def wished_colour() -> tuple[str | None, str | None]:
    """What the command line says and what pyproject.toml does, where a command runs in this thread."""
    context = click.get_current_context(silent=True)
    return (None, None) if context is None else (context.meta.get(_WISH), context.meta.get(_PROJECT))


def _take(ctx: click.Context, option: click.Parameter, value: str | None) -> None:
    if value is not None:
        is_projects = ctx.get_parameter_source(str(option.name)) is ParameterSource.DEFAULT_MAP
        ctx.meta[_PROJECT if is_projects else _WISH] = value
