"""docs/ci.md: every block of it is read as what it says it is, and its commands are labctl's own."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from labctl.cli.commands import cli, run_labctl
from labctl.cli.defaults import _KEYS, SECTION, defaults

TOP = Path(__file__).parents[3]
TEXT = (TOP / "docs" / "ci.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def blocks(kind: str) -> list[str]:
    return [text for its, text in BLOCKS if its == kind]


def written_commands() -> Iterator[list[str]]:
    """Every labctl command of the page's files and consoles, as words."""
    for text in blocks("yaml"):
        for line in re.findall(r"(?:run: |- )(?:/\S+/)?labctl (.*)", text):
            yield shlex.split(line)
    for text in blocks("console"):
        for line in re.findall(r"^\$ labctl (.*)$", text, re.MULTILINE):
            yield shlex.split(line)


def test_every_block_is_of_a_kind_that_is_looked_at() -> None:
    assert [kind for kind, _ in BLOCKS] == ["yaml", "yaml", "console", "toml", "console"]


def test_the_workflow_is_one() -> None:
    """GitHub's keys, where they belong; each step does one thing."""
    workflow: dict[Any, Any] = yaml.load(blocks("yaml")[0], yaml.BaseLoader)  # Any: YAML's own types
    job = workflow["jobs"]["labs"]

    assert list(workflow) == ["name", "on", "jobs"]
    assert set(job) <= {"runs-on", "timeout-minutes", "steps"}
    for step in job["steps"]:
        assert set(step) <= {"name", "uses", "run", "with", "if", "continue-on-error"}
        assert ("uses" in step) != ("run" in step)
    assert any("labs.xml" in step.get("run", "") for step in job["steps"])


def test_gitlabs_file_is_one_and_gives_the_report_to_it() -> None:
    job: dict[Any, Any] = yaml.load(blocks("yaml")[1], yaml.BaseLoader)["labs"]  # Any: YAML's own types

    assert set(job) <= {"image", "before_script", "script", "artifacts"}
    assert f"--junit {job['artifacts']['reports']['junit']}" in job["script"][0]


@pytest.mark.parametrize("words", list(written_commands()), ids=" ".join)
def test_every_command_is_labctls_with_options_that_it_has(words: list[str]) -> None:
    """As click reads it: an option that there isn't, or a value that it doesn't take, is an error."""
    command = cli.get_command(click.Context(cli), words[0])
    assert command is not None

    assert command.make_context(words[0], words[1:]).args == []


def test_the_mend_for_ubuntu_is_doctors() -> None:
    readiness = (TOP / "labctl/engine/netns/readiness.py").read_text()
    [mend] = re.findall(r"sudo (sysctl -w \S+)", blocks("yaml")[0])

    assert f'"{mend}"' in readiness


def test_the_projects_section_has_every_key_and_can_be_used(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(blocks("toml")[0])

    assert set(tomllib.loads(blocks("toml")[0])["tool"][SECTION.partition(".")[2]]) == set(_KEYS)
    assert defaults(tmp_path).jobs == 2


def test_the_dry_run_of_the_page_works_from_the_top(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(TOP)
    [line] = [words for words in written_commands() if "--dry-run" in words]

    assert run_labctl(line) == 0
    assert "scenarios would be run on " in capsys.readouterr().out
