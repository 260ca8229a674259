"""`labctl grade`: folders of submissions -> a report of each, a class table, an exit code."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from labctl.cli.options import ENGINE, TIMEOUT_SCALE

_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("folders", nargs=-1, required=True, metavar="DIR...", type=click.Path(path_type=Path))
@ENGINE
@click.option(
    "--scenarios",
    multiple=True,
    metavar="FILE|FOLDER|NAME",
    help="Grade by these scenarios; if none are given, by those that a tutorial's programs keep, with IPv4.",
)
@click.option("-k", "keyword", metavar="EXPR", default="", help="Of the scenarios only those that fit.")
@click.option(
    "-j",
    "jobs",
    type=click.IntRange(1, 64),
    default=lambda: min(os.cpu_count() or 1, 64),
    show_default="one for each processor",
    metavar="N",
    help="Have so many labs at the same time.",
)
@click.option("--strict", is_flag=True, help="Ask for the lab's own wording, too, and its status after an error.")
@click.option("--csv", type=_FILE, metavar="FILE", help="Write the class table to this file.")
@click.option("--html", type=_FILE, metavar="FILE", help="Write table and reports to this file, as one page.")
@TIMEOUT_SCALE
@click.option("-v", "is_verbose", is_flag=True, help="Show ladders of what failed, too.")
@click.option("-q", "is_quiet", is_flag=True, help="Show the table only.")
@click.pass_context
def grade(ctx: click.Context, /, **options: Any) -> None:  # Any: each option has the type that it says
    """Run everybody's programs in the same scenarios.

    A DIR with programs, or their sources, is a submission; of any other DIR each folder in it is one. Programs are
    found and built as `labctl run --programs` does. Each build and each scenario is a lab of its own. What failed is
    run once more and recorded, to say what to look at. Exit code 0: all passed; 1: somebody's program did not.
    """
    if options["is_verbose"] and options["is_quiet"]:
        raise click.UsageError("-v and -q exclude each other", ctx)
    from labctl.cli.runs.grading import Grading, grade_submissions

    ctx.exit(grade_submissions(Grading(**options)))
