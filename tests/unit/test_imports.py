"""Imports go one way, as the pipeline does: scenario -> plan -> engine -> hosts -> runner -> report -> cli."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import labctl

ROOT = Path(labctl.__file__).parent

ALLOWED: dict[str, set[str]] = {
    "agent": set(),
    "sidecar": {"agent"},
    "scenario": set(),
    "plan": {"scenario"},
    "fault": {"scenario"},
    "observe": {"agent", "sidecar"},
    "engine": {"agent", "plan", "scenario", "sidecar"},
    "check": {"agent", "engine", "hosts", "observe", "plan", "scenario"},
    "hosts": {"agent", "check", "engine", "plan", "scenario"},
    "runner": {"agent", "check", "engine", "fault", "hosts", "observe", "plan", "scenario"},
    "grade": {"engine", "observe", "plan", "programs", "runner", "scenario"},
    "programs": {"engine", "hosts", "plan", "runner", "scenario"},
    "standing": {"agent", "engine", "fault", "hosts", "plan", "runner", "scenario"},
    "report": {"engine", "grade", "observe", "plan", "runner", "scenario"},
    "lab": {"agent", "check", "engine", "hosts", "observe", "plan", "report", "runner", "scenario"},
    "starter": set(),
    "under_pytest": {"check", "engine", "hosts", "lab", "plan", "runner", "scenario"},
    "pytest_plugin": {"cli", "engine", "lab", "plan", "report", "runner", "scenario", "under_pytest"},
    "cli": {
        *("agent", "check", "engine", "grade", "hosts", "observe", "plan", "programs", "report", "runner", "scenario"),
        *("standing", "starter"),
    },
    "__main__": {"cli"},
}
"""Each room of labctl, and whose words it may use. Engines are known by their contract: see below."""


def modules() -> list[str]:
    """Every module of labctl's, with dots."""
    paths = [path.relative_to(ROOT.parent).with_suffix("") for path in sorted(ROOT.rglob("*.py"))]
    return [".".join(path.parts).removesuffix(".__init__") for path in paths]


def imported(module: str) -> Iterator[str]:
    """Every module that a module imports, wherever in its text; of `from a import b` both a and a.b."""
    folder = ROOT.parent.joinpath(*module.split("."))
    path = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports by a relative name"
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The second word of a module's name; empty for labctl itself."""
    return module.split(".")[1] if "." in module else ""


def of_labctl(module: str) -> set[str]:
    """What it imports of labctl."""
    known = set(modules())
    return {name for name in imported(module) if name in known and name != "labctl"}


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_a_room_uses_only_what_comes_before_it(name: str) -> None:
    """No module imports from a room that comes later in the pipeline."""
    for module in (one for one in modules() if room(one) == name):
        wrong = {one for one in of_labctl(module) if room(one) not in ALLOWED[name] | {name}}
        assert not wrong, f"{module} imports {sorted(wrong)}"


def test_every_room_has_its_place() -> None:
    """A new room says here what it may use."""
    assert {room(module) for module in modules()} - {""} == set(ALLOWED)


def test_the_agent_needs_nothing_but_the_standard_library() -> None:
    """It runs on hosts, where labctl isn't installed."""
    for module in (one for one in modules() if room(one) == "agent"):
        tops = {name.split(".")[0] for name in imported(module)} - {"labctl"}
        assert tops <= set(sys.stdlib_module_names), f"{module} imports {sorted(tops)}"
        assert {room(name) for name in of_labctl(module)} <= {"agent"}


@pytest.mark.parametrize("module", ["engine.netns.supervisor", "engine.fake.parent"])
def test_a_labs_owner_needs_nothing_but_the_standard_library(module: str) -> None:
    """It is executed without site-packages: neither it nor what it imports may use them."""
    waiting, seen = [f"labctl.{module}"], set[str]()
    while waiting:
        one = waiting.pop()
        seen.add(one)
        tops = {name.split(".")[0] for name in imported(one)} - {"labctl"}
        assert tops <= set(sys.stdlib_module_names), f"{one} imports {sorted(tops)}"
        waiting += [name for name in of_labctl(one) if name not in seen]
    assert len(seen) > 5


def test_nobody_but_who_chooses_knows_an_engine() -> None:
    """All others see engines as their contract says. `choose` makes them; doctor may ask one engine for itself."""
    engines = {"docker", "netns", "fake"}
    for module in modules():
        if module == "labctl.engine.choose" or module.split(".")[1:2] == ["engine"]:
            continue
        known = {name.split(".")[2] for name in of_labctl(module) if name.startswith("labctl.engine.") and "." in name}
        assert not known & engines, f"{module} knows {sorted(known & engines)}"


def test_engines_do_not_know_each_other() -> None:
    """What two of them need lies beside them."""
    engines = {"docker", "netns", "fake"}
    for module in (one for one in modules() if one.split(".")[1:2] == ["engine"] and one.count(".") > 2):
        own = module.split(".")[2]
        others = {name.split(".")[2] for name in of_labctl(module) if name.count(".") > 2 and room(name) == "engine"}
        assert not others & (engines - {own}), module


@pytest.mark.parametrize(
    ("module", "owner"),
    [
        ("docker", "labctl.engine.docker.daemon"),
        ("testinfra", "labctl.check"),
        ("click", "labctl.cli"),
        ("jinja2", "labctl.report"),
        ("yaml", "labctl.scenario"),
    ],
)
def test_a_library_has_one_owner(module: str, owner: str) -> None:
    """Only its owner imports it; the others ask the owner."""
    for one in modules():
        if any(name.split(".")[0] == module for name in imported(one)):
            assert one == owner or one.startswith(f"{owner}."), f"{one} imports {module}"
