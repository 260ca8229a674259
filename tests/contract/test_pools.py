"""Labs on Docker bring their own subnets: other networks in the way, or Docker's pools at their end, keep none off."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from labctl.engine.contract import Engine, EngineError
from labctl.engine.docker import up
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.docker.subnets import RANGES4, candidates
from labctl.plan.image import HOST_IMAGE
from tests.contract.conftest import NETWORKED, engine_named
from tests.contract.hosts import StandingLab, silently
from tests.contract.plans import plan_of
from tests.torture.private_daemon import PrivateDaemon, private_daemon, why_not

PLAN = plan_of("left", "right")


@pytest.fixture(scope="module")
def docker() -> Engine:
    """The engine on the machine's daemon."""
    if "docker" not in NETWORKED:
        pytest.skip("Docker is not asked for")
    engine = engine_named("docker")
    engine.prepare(PLAN, silently)
    return engine


@pytest.fixture
def block(docker: Engine) -> Iterator[Callable[[str], None]]:
    """Make a network of that subnet."""
    with ExitStack() as undo:

        def create(subnet: str) -> None:
            name = f"in-the-way-{uuid4().hex[:8]}"
            words = ["docker", "network", "create", "--internal", f"--subnet={subnet}", name]
            subprocess.run(words, check=True, capture_output=True)
            undo.callback(subprocess.run, ["docker", "network", "rm", name], check=True, capture_output=True)

        yield create


def test_a_lab_whose_first_subnets_are_taken_gets_another_one(
    docker: Engine, block: Callable[[str], None], tmp_path: Path
) -> None:
    """The larger network around the first, and the second itself, are somebody's."""
    lab = uuid4().hex[:12]
    first, second, *_ = (str(subnet4) for subnet4, _ in candidates(lab, len(PLAN.hosts)))
    block(str(next(candidates(lab, len(PLAN.hosts)))[0].supernet(new_prefix=24)))
    block(second)
    with StandingLab(docker, PLAN, tmp_path, lab=lab) as standing:
        assert str(standing.plan.subnet4) not in (first, second)
        assert standing.host("left").run("getent", "hosts", "right").stdout.split()[:1] == [
            standing.address("right").encode()
        ]


def test_two_labs_that_choose_the_same_subnet_at_the_same_moment_both_come_up(
    docker: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of them gives way."""
    monkeypatch.setattr(up, "candidates", lambda lab, hosts: candidates(f"same as {tmp_path}", hosts))
    with ThreadPoolExecutor() as pool, ExitStack() as undo:
        labs = list(
            pool.map(
                lambda number: StandingLab(DockerEngine(), PLAN, tmp_path, lab=f"{number}{uuid4().hex[:8]}"), range(3)
            )
        )
        for lab in labs:
            undo.enter_context(lab)
        subnets = {str(lab.plan.subnet4) for lab in labs}
        assert len(subnets) == 3
        assert str(next(candidates(f"same as {tmp_path}", len(PLAN.hosts)))[0]) in subnets


@pytest.fixture
def starved(docker: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateDaemon]:
    """A daemon whose own pools have no subnet left."""
    if reason := why_not():
        pytest.skip(f"no second daemon: {reason}")
    with private_daemon(default_address_pools=[{"base": "10.200.0.0/26", "size": 28}]) as daemon:
        daemon.load(HOST_IMAGE)
        monkeypatch.setenv("DOCKER_HOST", daemon.host)
        for number in range(4):
            daemon.docker("network", "create", f"somebodys-{number}")
        with pytest.raises(subprocess.CalledProcessError):
            daemon.docker("network", "create", "one-more")
        yield daemon


def test_dockers_pools_at_their_end_keep_no_lab_off(starved: PrivateDaemon, tmp_path: Path) -> None:
    """Nor does a network over all of the range that labs are in as a rule; when all ranges are covered it is said."""
    with StandingLab(DockerEngine(), PLAN, tmp_path) as lab:
        assert lab.plan.subnet4 is not None
        assert lab.plan.subnet4.subnet_of(RANGES4[0])

    starved.docker("network", "create", f"--subnet={RANGES4[0]}", "covers-the-first")
    with StandingLab(DockerEngine(), PLAN, tmp_path) as lab:
        assert lab.plan.subnet4 is not None
        assert lab.plan.subnet4.subnet_of(RANGES4[1])

    for number, whole in enumerate(RANGES4[1:]):
        starved.docker("network", "create", f"--subnet={whole}", f"covers-{number}")
    with pytest.raises(EngineError, match="no free subnet for a lab of 2 hosts") as caught:
        DockerEngine().up(PLAN, lab=uuid4().hex[:12], folder=tmp_path, say=silently)
    assert all(str(whole) in str(caught.value) for whole in RANGES4)
    assert "docker network rm" in caught.value.hint
    assert DockerEngine().labs() == []
