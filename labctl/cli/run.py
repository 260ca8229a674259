"""`labctl run`: scenarios -> labs, verdicts, an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labctl.cli.completing import labs, scenarios
from labctl.cli.options import ENGINE, TIMEOUT_SCALE


class _Run(click.Command):
    """`--keep` takes a value only with `=`, so that `--keep basic` keeps, and names a scenario."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        words = ["--keep=always" if word == "--keep" else word for word in args[:end]]
        return super().parse_args(ctx, words + args[end:])


@click.command(cls=_Run)
@click.argument("targets", nargs=-1, required=True, metavar="FILE|FOLDER|NAME...", shell_complete=scenarios)
@ENGINE
@click.option(
    "-k",
    "keyword",
    metavar="EXPR",
    default="",
    help="Only those whose path, name or tags fit, like 'port and not slow'.",
)
@click.option("-x", "stop_at_first", is_flag=True, help="Begin nothing more after one that did not pass.")
@click.option(
    "-j",
    "jobs",
    type=click.IntRange(1, 64),
    default=1,
    metavar="N",
    help="Run so many at the same time.",
)
@click.option("--repeat", type=click.IntRange(1, 1_000_000), metavar="N", help="Run all of it so often, and count.")
@click.option(
    "--until-failure",
    is_flag=True,
    help="Run all of it again and again, at most --repeat times; end at the first that did not pass.",
)
@click.option(
    "--keep",
    type=click.Choice(["always", "on-fail"]),
    metavar="[=on-fail]",
    help="Leave the labs standing; =on-fail: of those that did not pass.",
)
@click.option("--see", is_flag=True, help="Record packets and system calls; `labctl show` draws them.")
@click.option(
    "--html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write what was recorded as one page to this file; as --see does to each run's folder.",
)
@click.option(
    "--lab", metavar="LAB", shell_complete=labs, help="Run in this lab, which stands and stays; see `labctl up`."
)
@TIMEOUT_SCALE
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
@click.option("-v", "is_verbose", is_flag=True, help="Show each step, why it is there, and what programs print.")
@click.option("-q", "is_quiet", is_flag=True, help="Show failures and the last line only.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:  # Any: each option has the type that it says
    """Run scenarios, each in a lab of its own.

    A FILE is a scenario. A FOLDER stands for every scenario below it. A NAME is one that labctl brings along; see
    `labctl ls`. Results go to standard output, progress to standard error.
    """
    if options["is_verbose"] and options["is_quiet"]:
        raise click.UsageError("-v and -q exclude each other", ctx)
    if options["lab"] is not None and options["keep"] is not None:
        raise click.UsageError("--lab and --keep exclude each other: the lab stays", ctx)
    is_repeated = options["until_failure"] or (options["repeat"] or 1) > 1
    if is_repeated and (options["keep"] == "always" or options["html"] is not None):
        other = "--html" if options["html"] is not None else "--keep"
        raise click.UsageError(f"{other} goes with one round only: leave out --repeat and --until-failure", ctx)
    from labctl.cli.running import run_scenarios
    from labctl.cli.wishes import Wishes

    if options["html"] is not None and not options["html"].parent.is_dir():
        raise click.UsageError(f"there is no folder '{options['html'].parent}' for the page", ctx)
    options["see"] = options["see"] or options["html"] is not None
    ctx.exit(run_scenarios(Wishes(**options)))
