"""An engine tells of the labs that there are, and removes what nobody owns any more, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from labctl.engine.contract import Engine
from labctl.engine.docker.endpoint import find_endpoint
from labctl.engine.docker.labels import HOST, LAB, NAME, OWNER
from labctl.engine.owner import Owner
from labctl.plan.image import HOST_IMAGE
from tests.contract.conftest import DEMANDED, ENGINES
from tests.contract.hosts import StandingLab, silently
from tests.contract.owner import PLAN
from tests.contract.test_teardown import Traces


def test_an_engine_has_its_name(any_engine: Engine) -> None:
    """The name by which people choose it."""
    assert isinstance(any_engine, type(ENGINES[any_engine.name]()))


def test_readiness_says_what_was_found_and_leaves_nothing(any_engine: Engine) -> None:
    """Where labs can be made every finding works, each in words; looking changes nothing that stays."""
    any_engine.prepare(PLAN, silently)
    traces = Traces(any_engine)
    readiness = any_engine.readiness()
    assert (readiness.engine, readiness.works) == (any_engine.name, True), readiness
    assert all(finding.what and finding.detail for finding in readiness.findings)
    assert traces.found("") == []


def test_preparing_twice_says_nothing_new(any_engine: Engine) -> None:
    """What hosts are made from is there after the first time; the second time there is nothing to do or say."""
    any_engine.prepare(PLAN, silently)
    said: list[str] = []
    any_engine.prepare(PLAN, said.append)
    assert said == []


def test_a_lab_that_stands_is_told_of(any_engine: Engine, tmp_path: Path) -> None:
    """While a lab stands it is told of with its hosts, as its living owner's; afterwards it is not.

    A lab on namespaces is known to its owner only, who is told of by other means.
    """
    if any_engine.name == "netns":
        assert any_engine.labs() == []
        return
    with StandingLab(any_engine, PLAN, tmp_path) as lab:
        seen = next(one for one in any_engine.labs() if one.lab == lab.id)
        assert (seen.engine, seen.name, seen.hosts) == (any_engine.name, "contract", ("left", "right"))
        assert seen.alive is True
    assert not [one for one in any_engine.labs() if one.lab == lab.id]


def test_sweeping_leaves_a_living_owners_lab_alone(any_engine: Engine, tmp_path: Path) -> None:
    """A lab whose owner lives works on after a sweep."""
    with StandingLab(any_engine, PLAN, tmp_path) as lab:
        assert not [line for line in any_engine.sweep() if lab.id in line]
        assert lab.host("left").run("echo", "here").stdout == b"here\n"


@pytest.fixture
def foreign() -> Iterator[tuple[Engine, list[str]]]:
    """Docker, and containers that are not for labctl to remove: one without its labels, one of another machine's."""
    engine = ENGINES["docker"]()
    if not engine.readiness().findings[0].works:
        if "docker" in DEMANDED:
            pytest.fail("no Docker daemon answers")
        pytest.skip("no Docker daemon answers")
    engine.prepare(PLAN, silently)
    from docker import APIClient
    from docker.utils import kwargs_from_env

    client = APIClient(**kwargs_from_env(environment=find_endpoint().environment()), timeout=30)
    elsewhere = str(Owner("another-machine", "another-boot", "1", 1, 1))
    labelled = {LAB: uuid4().hex[:12], NAME: "foreign", HOST: "left", OWNER: elsewhere}
    made = [client.create_container(HOST_IMAGE, "true", labels=labels)["Id"] for labels in ({}, labelled)]
    yield engine, made
    for container in made:
        client.remove_container(container, force=True)
    client.close()


def test_sweeping_leaves_what_is_not_ours_alone(foreign: tuple[Engine, list[str]]) -> None:
    """Neither containers without labctl's labels nor those that another machine's labctl made are touched."""
    from docker import APIClient
    from docker.utils import kwargs_from_env

    engine, containers = foreign
    engine.sweep()
    client = APIClient(**kwargs_from_env(environment=find_endpoint().environment()), timeout=30)
    there = {one["Id"] for one in client.containers(all=True)}
    client.close()
    assert set(containers) <= there
    assert [one.alive for one in engine.labs() if one.name == "foreign"] == [None]
