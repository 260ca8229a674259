"""A CI system's file -> None if it is one and labctl understands the commands in it, or what is wrong."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import click

from labctl.cli.commands import cli

_GITHUB = ".github/workflows/"
_GITLAB = ".gitlab-ci.yml"


def is_ci(path: str) -> bool:
    """Whether a file of that path is read by a CI system."""
    return _GITHUB in path or path.endswith(_GITLAB)


def check_ci(content: Any) -> str | None:  # Any: YAML is whatever YAML is
    """What is wrong with it, in words; None where nothing is."""
    if not isinstance(content, dict):
        return "neither a scenario (`steps`), nor a compose.yaml (`services`), nor a CI file; is it part of a scenario?"
    lines = list(_of_github(content) if "jobs" in content else _of_gitlab(content))
    if not lines:
        return "neither a scenario (`steps`), nor a compose.yaml (`services`), nor a CI file: nothing is run in it"
    return next(filter(None, map(_command_problem, lines)), None)


def _of_github(content: dict[str, Any]) -> Iterator[str]:
    for name, job in content["jobs"].items():
        assert "on" in content, "a workflow says when it runs: `on`"
        assert "runs-on" in job, f"job {name} says nothing of where it runs: `runs-on`"
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step), f"a step of job {name} needs one of `uses` and `run`"
            yield from step.get("run", "").splitlines()


def _of_gitlab(content: dict[str, Any]) -> Iterator[str]:
    for job in content.values():
        if isinstance(job, dict):
            for section in ("before_script", "script", "after_script"):
                yield from job.get(section, [])


def _command_problem(line: str) -> str | None:
    """Of a line with `labctl COMMAND …`: what labctl's own parser has against it."""
    words = shlex.split(line, comments=True)
    at = next((number for number, word in enumerate(words) if word.rpartition("/")[2] == "labctl"), None)
    if at is None or len(words) == at + 1:
        return None
    name, *rest = words[at + 1 :]
    command = cli.get_command(click.Context(cli), name) if isinstance(cli, click.Group) else None
    if command is None:
        return None if name.startswith("-") else f"{line}: labctl has no command {name}"
    ends = [number for number, word in enumerate(rest) if word in ("&&", "||", ";", "|", ">", ">>")]
    try:
        command.make_parser(click.Context(command, info_name=name)).parse_args(rest[: ends[0]] if ends else rest)
    except click.UsageError as error:
        return f"{line}: {error.format_message()}"
    return None
