"""The beginning of a word on the command line -> the words it can become: scenarios, runs, labs, hosts.

Asked by a shell at every Tab: nothing here raises, says a word, or is imported before it is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import click
from click.shell_completion import CompletionItem


def scenarios(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Files and folders with scenarios, and the names of those that labctl brings along."""
    from labctl.cli.targets import shipped_scenarios

    names = [name for name in shipped_scenarios() if name.startswith(incomplete)]
    if not names and "/" in incomplete:
        return files(ctx, param, incomplete)  # the shell itself goes from folder to folder
    return [CompletionItem(word) for word in dict.fromkeys((*_files_here(incomplete), *names))]


def files(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Any file, as the shell completes them."""
    return [CompletionItem(incomplete, type="file")]


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Folders of recorded runs by their names, the newest first, then scenarios that were run."""
    from labctl.runner.find_run import known_runs

    found = sorted(known_runs(Path()), reverse=True)
    stamped = [name for name, _ in found if name.startswith(incomplete)]
    called = sorted({scenario for _, scenario in found if scenario.startswith(incomplete)})
    return [CompletionItem(word) for word in (*stamped, *called)]


def labs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Labs that stand."""
    from labctl.engine.contract import EngineError
    from labctl.standing.places import names

    with suppress(EngineError):
        return [CompletionItem(name) for name in names() if name.startswith(incomplete)]
    return []


def hosts(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Hosts of the lab that `--lab` names, else of all that stand."""
    from labctl.engine.contract import EngineError
    from labctl.standing.visit import all_standing, standing

    name = ctx.params.get("name") or ctx.params.get("lab")
    with suppress(EngineError):
        standing_labs = [standing(name)] if name else all_standing()
        found = sorted({host for lab in standing_labs for host in lab.up})
        return [CompletionItem(host) for host in found if host.startswith(incomplete)]
    return []


def _files_here(incomplete: str) -> Iterator[str]:
    """What is in this folder, as far as it can hold scenarios."""
    with suppress(OSError):
        for entry in sorted(Path().iterdir()):
            is_hidden = entry.name.startswith(".") and not incomplete.startswith(".")
            if entry.name.startswith(incomplete) and not is_hidden and (entry.suffix == ".yaml" or entry.is_dir()):
                yield entry.name
