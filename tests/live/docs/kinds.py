"""A block -> what is done with it: one runner for each kind. A kind that has none is a mistake of the page."""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
import xml.etree.ElementTree as xml
from collections.abc import Callable
from pathlib import Path
from textwrap import indent

import yaml

from tests.live.docs.blocks import BadPage, Block
from tests.live.docs.ci_files import check_ci, is_ci
from tests.live.docs.console import commands_of, difference
from tests.live.docs.place import Place, Window

ONLY_AS_FILE = ("dockerfile", "makefile")
"""Kinds that are nothing by themselves: a console block after them uses them."""


class Page:
    """A page while it is run: its name, where, and the windows that its blocks have opened."""

    def __init__(self, name: str, place: Place) -> None:
        self.name = name
        self.place = place
        self._windows: list[tuple[Block, Window]] = []

    def take(self, block: Block) -> None:
        """Do what is to be done with a block. BadPage if it doesn't come out as the page says."""
        if "not run" in block.marks or self._is_elsewhere(block):
            return
        if "in" in block.marks:
            self.place.go(block.marks["in"])
        if "file" in block.marks:
            self._write(block, self.place.here / block.marks["file"])
            if is_ci(block.marks["file"]):
                self.check(block, check_ci(yaml.load(block.text, yaml.BaseLoader)))
            return
        RUNNERS[block.kind](self, block)

    def finish(self) -> None:
        """See each window to its end."""
        for block, window in self._windows:
            status = window.end()
            (command,) = commands_of(block.text, block.line, self.name)
            self._judge(block, command.printed, status, window.printed, wanted=int(block.marks.get("exit", "0")))

    def console(self, block: Block) -> None:
        """Each command ends with 0, but for the last where `exit` says so, and prints what the page shows."""
        typed = _typed(block)
        commands = commands_of(block.text, block.line, self.name)
        if "window" in block.marks:
            (command,) = commands
            opened = self.place.window(command.text, typed=typed, is_there=block.marks["window"])
            self._windows.append((block, opened))
            return
        for command in commands:
            status, printed = self.place.run(command.text, typed=typed)
            wanted = int(block.marks.get("exit", "0")) if command is commands[-1] else 0
            self._judge(block, command.printed, status, printed, wanted=wanted, line=command.line)

    def yaml(self, block: Block) -> None:
        """A scenario is run; a compose.yaml brings a lab up and down; a CI file is checked, and its labctl commands."""
        text = _within(block)
        content = yaml.load(text, yaml.BaseLoader)
        if isinstance(content, dict) and "steps" in content:
            file = self._write(Block(block.kind, text, block.line), self.place.here / f"block-{block.line}.yaml")
            self._run_file(block, f"labctl run '{file.name}'")
        elif isinstance(content, dict) and "services" in content:
            folder = self.place.here / f"block-{block.line}"
            self._write(block, folder / "compose.yaml")
            self._run_file(block, f"labctl up '{folder}' -n block && labctl down block")
        elif (problem := check_ci(content)) is not None:
            self.check(block, problem)

    def python(self, block: Block) -> None:
        """A module with tests is given to pytest, another one is run."""
        has_tests = "\ndef test_" in f"\n{block.text}"
        file = self._write(block, self.place.here / f"{'test_' if has_tests else ''}block_{block.line}.py")
        engine = f"--labctl-engine {self.place.engine}"
        self._run_file(block, f"pytest {engine} '{file.name}'" if has_tests else f"python '{file.name}'")

    def c(self, block: Block) -> None:
        """It compiles, without a warning."""
        file = self._write(block, self.place.here / f"block-{block.line}.c")
        assert shutil.which("cc"), "there is no C compiler here: install gcc"
        done = subprocess.run(["cc", "-Wall", "-Werror", "-fsyntax-only", file], capture_output=True, text=True)
        self.check(block, done.stderr or None)

    def shell(self, block: Block) -> None:
        """A script is run."""
        file = self._write(block, self.place.here / f"block-{block.line}.sh")
        self._run_file(block, f"bash -eu '{file.name}'")

    def parsed(self, block: Block, parse: Callable[[str], object]) -> None:
        """It can be read as what it is."""
        try:
            parse(block.text)
        except (ValueError, xml.ParseError) as error:
            raise BadPage(f"{self.name}:{block.line}: {error}") from error

    def check(self, block: Block, problem: str | None) -> None:
        """BadPage if there is a problem."""
        if problem is not None:
            raise BadPage(f"{self.name}:{block.line}: {problem}")

    def _is_elsewhere(self, block: Block) -> bool:
        return any(f"only on {engine}" in block.marks for engine in ("docker", "netns") if engine != self.place.engine)

    def _run_file(self, block: Block, command: str) -> None:
        status, printed = self.place.run(command, typed=_typed(block))
        self._judge(block, (), status, printed, wanted=int(block.marks.get("exit", "0")))

    def _judge(
        self,
        block: Block,
        expected: tuple[str, ...],
        status: int | None,
        printed: str,
        *,
        wanted: int,
        line: int | None = None,
    ) -> None:
        where = f"{self.name}:{line or block.line}"
        if status != wanted:
            raise BadPage(f"{where}: it ended with {status}, not {wanted}, on {self.place.engine}:\n{printed}")
        if expected and (parted := difference(expected, printed)) is not None:
            raise BadPage(f"{where}: on {self.place.engine}, {parted}")

    def _write(self, block: Block, path: Path) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text)
        if block.text.startswith("#!"):
            path.chmod(0o755)
        return path


def _typed(block: Block) -> str:
    return f"{block.marks['typed']}\n" if "typed" in block.marks else ""


def _within(block: Block) -> str:
    """The text, put where `…` stands as a line in the scenario that the mark `within` gives around it."""
    around = block.marks.get("within")
    if around is None:
        return block.text
    lines = around.split("\n")
    place = next(number for number, line in enumerate(lines) if line.strip() == "…")
    gap = lines[place][: len(lines[place]) - len(lines[place].lstrip())]
    return "\n".join([*lines[:place], indent(block.text, gap).rstrip("\n"), *lines[place + 1 :]]) + "\n"


RUNNERS: dict[str, Callable[[Page, Block], None]] = {
    "console": Page.console,
    "yaml": Page.yaml,
    "python": Page.python,
    "c": Page.c,
    "sh": Page.shell,
    "json": lambda page, block: page.parsed(block, json.loads),
    "toml": lambda page, block: page.parsed(block, tomllib.loads),
    "xml": lambda page, block: page.parsed(block, xml.fromstring),
}


def nobody_runs(block: Block) -> str | None:
    """Why nobody runs this block, None where somebody does."""
    if "not run" in block.marks or "file" in block.marks or block.kind in RUNNERS:
        return None
    if block.kind in ONLY_AS_FILE:
        return f"a {block.kind} is only run as a file: put `<!-- file: PATH -->` before it"
    kind = f"of the kind '{block.kind}'" if block.kind else "without a kind"
    return f"nobody runs a block {kind}: put a kind of {', '.join(RUNNERS)} on it, or `<!-- not run: WHY -->` before it"


def not_used(blocks: list[Block]) -> list[str]:
    """Files that a page writes, and that no command after them uses; a message for each."""
    problems = []
    for number, block in enumerate(blocks):
        path = Path(block.marks.get("file", ""))
        if block.marks.get("not run") or not path.name or is_ci(str(path)):
            continue
        after = "\n".join(later.text for later in blocks[number + 1 :] if later.kind == "console")
        names = {*path.parts, path.stem, block.marks.get("in", path.name)}
        if not any(name in after for name in names) and not (after and path.name in _TAKEN_BY_ITSELF):
            problems.append(f"{block.line}: nothing after it uses {path}")
    return problems


_TAKEN_BY_ITSELF = ("compose.yaml", "Dockerfile", "Makefile", "conftest.py", "pyproject.toml")
