"""`build` of compose.yaml -> arguments, a stage, and what is on a host without Docker."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.engine.docker.images import source_of
from labctl.plan.compose_file import ComposeFile, read_compose
from labctl.plan.make import make_plan
from labctl.plan.model import Building, HostPlan
from labctl.scenario.model import Family
from labctl.scenario.problems import ScenarioError
from tests.unit.plan.wanted import scenario

DOCKERFILE = """\
ARG BASE=debian
FROM $BASE AS small
ARG WORD=hello
COPY bin /opt/mine
ENV GREETING=$WORD PATH=/opt/mine
FROM small AS large
ENV SIZE=large
"""


def read(folder: Path, build: str) -> ComposeFile:
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "compose.yaml").write_text(f"services:\n  a:\n    build: {build}\n")
    return read_compose(folder / "compose.yaml")


def test_a_stage_that_begins_from_another_has_what_that_has(tmp_path: Path) -> None:
    a = read(tmp_path, "{context: .}").services["a"]

    assert (a.environment, a.path) == ({"GREETING": "hello", "SIZE": "large"}, ("/opt/mine",))
    assert [folder.target for folder in a.programs] == ["/opt/mine"]


def test_a_target_ends_it_and_arguments_are_filled_in(tmp_path: Path) -> None:
    for args in ("{WORD: good morning}", "[WORD=good morning]"):
        a = read(tmp_path, f"{{context: ., target: small, args: {args}}}").services["a"]

        assert a.environment == {"GREETING": "good morning"}
        assert a.building == Building(args={"WORD": "good morning"}, target="small")


def test_a_stage_may_be_named_by_its_number(tmp_path: Path) -> None:
    assert read(tmp_path, "{context: ., target: 0}").services["a"].environment == {"GREETING": "hello"}


@pytest.mark.parametrize(
    ("build", "problem"),
    [
        ("{context: ., target: smal}", "3:12: the build's 'Dockerfile' has no stage 'smal'"),
        ("{context: ., args: x}", "3:31: a map or a list of NAME=value is expected here"),
        ("{context: ., dockerfile_inline: FROM x}", "3:25: labctl does not read 'dockerfile_inline'"),
    ],
)
def test_what_is_wrong_with_a_build_has_its_place(tmp_path: Path, build: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read(tmp_path, build)

    [found] = caught.value.problems
    assert f"{found.at.line}:{found.at.column}: {found.message}".startswith(problem)


def test_what_else_a_build_says_is_a_note(tmp_path: Path) -> None:
    [note] = read(tmp_path, "{context: ., cache_from: [x]}").services["a"].notes

    assert note.endswith("compose.yaml:3:25: a lab takes no 'cache_from' of a build")


def test_an_image_is_built_anew_when_how_it_is_built_has_changed(tmp_path: Path) -> None:
    """Its arguments, its stage, or which Dockerfile; not when all is as it was."""

    def planned(build: str) -> HostPlan:
        return make_plan(scenario(), read(tmp_path, build), Family.IPV4).host("a")

    (tmp_path / "other").write_text(DOCKERFILE)
    ways = (
        "{context: .}",
        "{context: ., target: small}",
        "{context: ., args: {WORD: x}}",
        "{context: ., dockerfile: other}",
    )
    sources = [source_of(planned(build)) for build in ways]

    assert len(set(sources)) == len(ways)
    assert sources == [source_of(planned(build)) for build in ways]
