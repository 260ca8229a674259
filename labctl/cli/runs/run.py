"""`labctl run`: scenarios -> labs, verdicts, an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from labctl.cli.completing import labs, scenarios
from labctl.cli.defaults import MOST_JOBS, MOST_SEED, Defaulted, DefaultedTargets
from labctl.cli.options import COLOR, ENGINE, TIMEOUT_SCALE


class _Run(click.Command):
    """`--keep` and `--json` take a value only with `=`, so that `--keep basic` keeps, and names a scenario.

    A word after `--json` that ends in `.json` is its file: no scenario is called so.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        words: list[str] = []
        for word in args[:end]:
            if word.endswith(".json") and words[-1:] == [_PRINTED]:
                words[-1] = f"--json={word}"
            else:
                words.append({"--keep": "--keep=always", "--json": _PRINTED}.get(word, word))
        return super().parse_args(ctx, words + args[end:])


_PRINTED = "--json=-"


@click.command(cls=_Run)
@click.argument(
    "targets",
    cls=DefaultedTargets,
    nargs=-1,
    required=True,
    metavar="FILE|FOLDER|NAME...",
    shell_complete=scenarios,
)
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
    cls=Defaulted,
    type=click.IntRange(1, MOST_JOBS),
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
@click.option("--last-failed", is_flag=True, help="Only those that did not pass when they were last run; if none, all.")
@click.option(
    "--seed",
    cls=Defaulted,
    type=click.IntRange(0, MOST_SEED),
    metavar="N",
    help="Draw random faults from this, in place of each scenario's `seed`.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be run, and how; build and run nothing.")
@click.option(
    "--see/--no-see", cls=Defaulted, default=False, help="Record packets and system calls; `labctl show` draws them."
)
@click.option(
    "--html",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write what was recorded as one page to this file; as --see does to each run's folder.",
)
@click.option(
    "--programs",
    multiple=True,
    metavar="DIR|PROGRAM=COMMAND",
    help="Run these programs in place of the lab's own of the same names; sources are built first.",
)
@click.option(
    "--strict", is_flag=True, help="Hold those programs to the lab's own wording, and to its status after an error."
)
@click.option(
    "--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write the results as JUnit XML to this file."
)
@click.option(
    "--lab", metavar="LAB", shell_complete=labs, help="Run in this lab, which stands and stays; see `labctl up`."
)
@TIMEOUT_SCALE
@click.option(
    "--json",
    metavar="[=FILE]",
    help="Print one JSON document on standard output. =FILE, or a next word that ends in .json: write it to that file"
    " instead.",
)
@COLOR
@click.option("-v", "is_verbose", is_flag=True, help="Show each step, why it is there, and what programs print.")
@click.option("-q", "is_quiet", is_flag=True, help="Show failures and the last line only.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:  # Any: each option has the type that it says
    """Run scenarios, each in a lab of its own.

    A FILE is a scenario. A FOLDER stands for every scenario below it. A NAME is one that labctl brings along; see
    `labctl ls`. Results go to standard output, progress to standard error. What no option says, the environment
    may, and then [tool.labctl] of the nearest pyproject.toml that has it.
    """
    if options["is_verbose"] and options["is_quiet"]:
        raise click.UsageError("-v and -q exclude each other", ctx)
    if options["lab"] is not None and options["keep"] is not None:
        raise click.UsageError("--lab and --keep exclude each other: the lab stays", ctx)
    is_repeated = options["until_failure"] or (options["repeat"] or 1) > 1
    if is_repeated and (options["keep"] == "always" or options["html"] is not None):
        other = "--html" if options["html"] is not None else "--keep"
        raise click.UsageError(f"{other} goes with one round only: leave out --repeat and --until-failure", ctx)
    _demand_alone(ctx, options)
    from labctl.cli.runs.running import run_scenarios
    from labctl.cli.runs.wishes import Wishes

    document = options.pop("json")
    options["as_json"] = document == "-"
    options["json_file"] = None if document in (None, "-") else Path(document)
    options["see"] = options["see"] or options["html"] is not None
    ctx.exit(run_scenarios(Wishes(**options)))


def _demand_alone(ctx: click.Context, options: dict[str, Any]) -> None:  # Any: as run() has it
    """A dry run has no results to write, and no lab to keep or to be in; a lab that stands has its programs."""
    others = [name for name in ("junit", "html", "keep", "lab", "repeat") if options[name] is not None]
    if options["dry_run"] and others:
        raise click.UsageError(f"--dry-run and --{others[0]} exclude each other: nothing is run", ctx)
    if options["programs"] and (options["dry_run"] or options["lab"] is not None):
        other, why = ("--dry-run", "nothing is built") if options["dry_run"] else ("--lab", "nothing can be put there")
        raise click.UsageError(f"--programs and {other} exclude each other: {why}", ctx)
    if options["json"] == "":
        raise click.UsageError("--json= names no file: write --json alone to print it", ctx)
