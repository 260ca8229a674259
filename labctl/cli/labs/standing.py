"""`labctl up`, `down`, `ps`, `exec`, `shell`: a lab that is kept on purpose."""

from __future__ import annotations

import click

from labctl.cli.completing import hosts, labs, scenarios
from labctl.cli.options import ENGINE, LAB, age, label
from labctl.engine.choose import EngineName

_AS_TYPED = {"ignore_unknown_options": True, "allow_interspersed_args": False}
"""What comes after the host is the program's, options too."""


@click.command()
@click.argument("target", default=".", metavar="[FILE|FOLDER|NAME]", shell_complete=scenarios)
@click.option("-n", "--name", metavar="LAB", help="What to call it; otherwise as the scenario or the folder is called.")
@click.option(
    "--label", "labels", multiple=True, type=label, metavar="KEY=VALUE", help="Mark it; may stand several times."
)
@ENGINE
@click.pass_context
def up(
    ctx: click.Context, target: str, name: str | None, engine: EngineName, labels: tuple[tuple[str, str], ...]
) -> None:
    """Bring up a lab and leave it standing.

    Its hosts are those of the scenario FILE or NAME, or all services of the compose.yaml that FOLDER (this one, if
    none is given) belongs to.
    """
    from labctl.cli.labs.keeping import bring_up

    ctx.exit(bring_up(target, name, engine, dict(labels)))


@click.command()
@click.argument("names", nargs=-1, metavar="[LAB]...", shell_complete=labs)
@click.option("--all", "everything", is_flag=True, help="Every lab of yours, and what killed runs have left on Docker.")
@click.option(
    "--older-than",
    "older_than_s",
    type=age,
    metavar="AGE",
    help="With --all: also what is on Docker so long (90m, 12h, 2d) and nobody here knows whose it is. What was made"
    " on another machine, in another container or before a restart can only be judged by its age.",
)
@click.option(
    "--label",
    "labels",
    multiple=True,
    type=label,
    metavar="KEY=VALUE",
    help="With --all: only labs that `up --label` marked so.",
)
@click.option(
    "--owner",
    metavar="USER",
    help="With --all: labs of this user, or of `any`; yours if not given. Root alone reaches those of others.",
)
@click.pass_context
def down(
    ctx: click.Context,
    names: tuple[str, ...],
    everything: bool,
    older_than_s: float | None,
    labels: tuple[tuple[str, str], ...],
    owner: str | None,
) -> None:
    """Take down labs that stand. Without a name: the only one there is.

    Runs that go on keep theirs: yours, other users', and those in other containers. With --label, or another
    --owner, what killed runs have left stays too.
    """
    if names and everything:
        raise click.UsageError("--all and names exclude each other", ctx)
    asked = {"--older-than": older_than_s is not None, "--label": labels, "--owner": owner is not None}
    if not everything and (given := [name for name, is_given in asked.items() if is_given]):
        raise click.UsageError(f"{given[0]} goes with --all", ctx)
    if older_than_s is not None and (labels or owner not in (None, "any")):
        raise click.UsageError("--older-than is about what has no label and no owner any more", ctx)
    from labctl.cli.labs.keeping import take_all_down, take_named_down

    if not everything:
        ctx.exit(take_named_down(names))
    ctx.exit(take_all_down(older_than_s, labels=dict(labels), owner=owner))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def ps(ctx: click.Context, as_json: bool) -> None:
    """List the labs that stand, with their hosts, labels and owner, and what killed runs have left on Docker."""
    from labctl.cli.labs.keeping import list_labs

    ctx.exit(list_labs(as_json=as_json))


@click.command(name="exec", context_settings=_AS_TYPED)
@LAB
@click.argument("host", shell_complete=hosts)
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED, metavar="COMMAND...")
@click.pass_context
def exec_(ctx: click.Context, host: str, command: tuple[str, ...], name: str | None) -> None:
    """Run a program on a host of a lab that stands, in a window if this is one.

    Its exit status is labctl's; 128 + N if signal N ended it.
    """
    from labctl.cli.labs.keeping import execute

    ctx.exit(execute(name, host, command))


@click.command(context_settings=_AS_TYPED)
@LAB
@click.argument("host", shell_complete=hosts)
@click.pass_context
def shell(ctx: click.Context, host: str, name: str | None) -> None:
    """Open a shell on a host of a lab that stands."""
    from labctl.cli.labs.keeping import SHELL, execute

    ctx.exit(execute(name, host, SHELL))
