"""Scenarios told as lessons: some of the shipped ones by their golden text, all of them by what must hold."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from labctl.report.frame import cells
from labctl.report.lesson import lesson
from labctl.report.look import PLAIN, Look
from labctl.runner.select import ScenarioFile, load, scenario_id

ROOT = Path(__file__).parents[4]
GOLDEN = ROOT / "tests" / "golden" / "lesson"
SHIPPED = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml") if ".labctl" not in path.parts)
TOLD = ("basic", "multiple-clients", "no-port", "server-waits")


def lines_of(path: Path, look: Look = PLAIN) -> list[str]:
    """The lesson that a file makes."""
    loaded = load([ScenarioFile(scenario_id(path.relative_to(ROOT / "scenarios")), path)])
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    first = loaded.selected[0]
    return list(lesson("it", first.scenario, first.plan, [one.plan.family for one in loaded.selected], look))


def one_line(lines: Iterable[str]) -> str:
    """Text with whatever breaks it into lines taken out."""
    return "".join("".join(lines).split())


@pytest.mark.parametrize("name", TOLD)
def test_a_scenario_is_told_by_its_golden_text(name: str) -> None:
    assert "\n".join(lines_of(ROOT / "scenarios" / f"{name}.yaml")) + "\n" == (GOLDEN / f"{name}.txt").read_text()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: scenario_id(path.relative_to(ROOT / "scenarios")))
def test_every_shipped_scenario_can_be_told_in_80_columns(path: Path) -> None:
    """Nothing of what it says is lost, no line is too wide, and none has blanks at its end."""
    lines = lines_of(path)
    scenario = load([ScenarioFile("it", path)]).selected[0].scenario
    text = one_line(lines)

    assert [line for line in lines if cells(line) > 80] == []
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in text
    assert one_line(scenario.about) in text
    assert all(one_line(step.why) in text for step in scenario.steps if step.why)
    assert len([line for line in lines if re.match(r" {0,2}\d+\. ", line)]) >= len(scenario.steps)
    assert lines.count("System calls at play") == 1


def test_colours_change_nothing_but_colours() -> None:
    path = ROOT / "scenarios" / "basic.yaml"
    coloured = lines_of(path, Look(colour=True))

    assert coloured != lines_of(path)
    assert [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in coloured] == lines_of(path)


def test_without_unicode_the_drawing_and_the_marks_are_ascii() -> None:
    lines = lines_of(ROOT / "scenarios" / "basic.yaml", Look(beyond_ascii=False))

    assert "  | cheerios |  | client |" in lines
    assert all(line.isascii() for line in lines)


def told(text: str, folder: Path) -> list[str]:
    """The lesson of a scenario of this text."""
    compose = (ROOT / "compose.yaml").read_text().replace("./images", str(ROOT / "images"))
    (folder / "compose.yaml").write_text(compose)
    (folder / "x.yaml").write_text(text)
    loaded = load([ScenarioFile("labs/my x", folder / "x.yaml")])
    assert not loaded.problems, "\n".join(map(str, loaded.problems))
    first = loaded.selected[0]
    return list(lesson(first.id, first.scenario, first.plan, [one.plan.family for one in loaded.selected], PLAIN))


def test_the_heading_says_where_it_runs_and_where_not(tmp_path: Path) -> None:
    text = "name: a\ntags: [tcp, slow]\nip: [4, 6]\nskip: {docker: its bridge}\nsteps: [{on: client, run: ls}]\n"

    assert told(text, tmp_path)[:5] == [
        "a",
        "  run it          labctl run 'labs/my x[ipv4]'",
        "  tags            tcp, slow",
        "  network         once with each of IPv4 and IPv6",
        "  not on docker   its bridge",
    ]


def test_hosts_are_drawn_and_what_is_special_about_them_is_said(tmp_path: Path) -> None:
    """Copies share a box, an absent host isn't wired; other names are told where the scenario uses them."""
    text = """\
hosts:
  cheerios: {sysctls: {net.core.somaxconn: 2}}
  client: {count: 50}
  nobody: {absent: true}
steps: [{on: client-1, run: client breakfast 51717, expect: {exit: 1}}]
"""
    lines = told(text, tmp_path)
    first = lines.index("On the network") + 2

    assert lines[first : first + 7] == [
        "  ┌──────────┐  ┌───────────────────────┐   ┄┄┄┄┄┄┄┄",
        "  │ cheerios │  │ client-1 to client-50 │    nobody",
        "  └─────┬────┘  └───────────┬───────────┘   ┄┄┄┄┄┄┄┄",
        "  ──────┴───────────────────┴────────────────────────",
        "  cheerios: can be called breakfast, too",
        "  cheerios: net.core.somaxconn is set to 2",
        "  nobody: a name and an address, and no machine",
    ]


def test_more_hosts_than_fit_are_drawn_below(tmp_path: Path) -> None:
    absent = ", ".join(f"a-host-that-has-a-long-name-{letter}: {{absent: true}}" for letter in "abcdef")
    lines = told(f"hosts: {{client: {{}}, {absent}}}\nsteps: [{{on: client, run: ls}}]\n", tmp_path)

    assert all(cells(line) <= 80 for line in lines)
    assert [line for line in lines if "a-host-that-has-a-long-name-f" in line]
