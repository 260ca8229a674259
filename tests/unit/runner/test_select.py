"""Scenario files -> plans, or every problem of every file."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.plan.shipped import shipped
from labctl.runner.outcome import Verdict
from labctl.runner.select import Loaded, ScenarioFile, jobs_of, load, scenario_id, whole_lab
from labctl.scenario.model import Family

SCENARIO = "hosts: {client: {}}\nsteps:\n  - on: client\n    run: hostname\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With compose.yaml and a.yaml."""
    compose = shipped("compose.yaml").read_text().replace("./images", str(shipped("images")))
    (tmp_path / "compose.yaml").write_text(compose)
    (tmp_path / "a.yaml").write_text(SCENARIO)
    return tmp_path


def loaded(folder: Path, *names: str, family: Family | None = None) -> Loaded:
    return load([ScenarioFile(name, folder / f"{name}.yaml", family) for name in names])


def test_a_scenario_gets_its_plan(folder: Path) -> None:
    (one,) = loaded(folder, "a").selected

    assert (one.id, one.scenario.path, [host.name for host in one.plan.hosts]) == ("a", folder / "a.yaml", ["client"])


def test_each_family_is_one_of_its_own(folder: Path) -> None:
    (folder / "a.yaml").write_text(SCENARIO + "ip: [4, dual]\n")

    assert [(one.id, one.plan.family) for one in loaded(folder, "a").selected] == [
        ("a[ipv4]", Family.IPV4),
        ("a[dual]", Family.DUAL),
    ]


def test_one_family_may_be_asked_for(folder: Path) -> None:
    (folder / "a.yaml").write_text(SCENARIO + "ip: [4, 6]\n")

    assert [one.id for one in loaded(folder, "a", family=Family.IPV6).selected] == ["a[ipv6]"]


@pytest.mark.parametrize(
    ("more", "hint"), [("ip: [4, 6]\n", "choose one of a[ipv4], a[ipv6]"), ("ip: 6\n", "name it a")]
)
def test_a_family_that_there_is_not_is_a_problem(folder: Path, more: str, hint: str) -> None:
    (folder / "a.yaml").write_text(SCENARIO + more)
    (problem,) = loaded(folder, "a", family=Family.DUAL).problems

    assert (problem.message, problem.hint) == ("this scenario is not run with [dual]", hint)


def test_problems_of_all_files_come_together(folder: Path) -> None:
    (folder / "b.yaml").write_text(SCENARIO + "nonsense: 1\n")
    (folder / "c.yaml").write_text("hosts: {nobody: {}}\nsteps:\n  - on: nobody\n    run: hostname\n")
    found = loaded(folder, "a", "b", "c", "missing")

    assert [Path(problem.at.file).stem for problem in found.problems] == ["b", "c", "missing"]
    assert [one.id for one in found.selected] == ["a"]


def test_what_is_wrong_with_compose_yaml_is_told_once(folder: Path) -> None:
    (folder / "b.yaml").write_text(SCENARIO)
    (folder / "compose.yaml").write_text("services: 5\n")
    found = loaded(folder, "a", "b")

    assert [Path(problem.at.file).name for problem in found.problems] == ["compose.yaml"]
    assert found.selected == ()


def test_what_cannot_hold_on_an_engine_is_no_job(folder: Path) -> None:
    (folder / "b.yaml").write_text(SCENARIO + "skip: {docker: no IPv6 there}\n")
    selected = loaded(folder, "a", "b").selected
    jobs, skipped = jobs_of(selected, engine="docker")

    assert [job.id for job in jobs] == ["a"]
    assert [(one.id, one.verdict, one.reason) for one in skipped] == [("b", Verdict.SKIPPED, "no IPv6 there")]
    assert len(jobs_of(selected, engine="netns")[0]) == 2


@pytest.mark.parametrize(
    ("path", "id_"),
    [("./a.yaml", "a"), ("x/../labs/a.yaml", "labs/a"), ("/labs/a.yaml", "/labs/a"), ("a.yml", "a.yml")],
)
def test_an_id_is_a_path_without_yaml(path: str, id_: str) -> None:
    assert scenario_id(path) == id_


def test_the_whole_lab_has_every_service(folder: Path) -> None:
    assert [host.name for host in whole_lab(folder).hosts] == ["cheerios", "client"]
