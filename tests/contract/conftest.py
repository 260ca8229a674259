"""Every engine keeps the same promises: `lab` is one of netns and Docker, `any_lab` one of the fake engine's too.

netns always runs. Docker runs where a daemon answers. LABCTL_TEST_ENGINES (`netns,docker`) names the engines that
run and must work: what is missing then fails.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labctl.engine.contract import Engine, EngineError
from labctl.engine.docker.engine import DockerEngine
from labctl.engine.fake.engine import Fake
from labctl.engine.netns.engine import Netns
from labctl.hosts.conversation import LabBroke
from labctl.plan.model import Plan
from tests.contract.captures import PLAN
from tests.contract.hosts import StandingLab
from tests.contract.plans import plan_of
from tests.contract.without_python import WithoutPython

ENGINES: dict[str, Callable[[], Engine]] = {
    "netns": Netns,
    "docker": DockerEngine,
    "docker-without-python": WithoutPython,
    "fake": Fake,
}
DEMANDED = [name.strip() for name in os.environ.get("LABCTL_TEST_ENGINES", "").split(",") if name.strip()]
NETWORKED = DEMANDED or ["netns", "docker"]


def engine_named(name: str) -> Engine:
    """An engine that works. Where it wasn't asked for and there is no daemon, the test is skipped."""
    engine = ENGINES[name]()
    if name.startswith("docker") and not DEMANDED:
        daemon = engine.readiness().findings[0]
        if not daemon.works:
            pytest.skip(f"no Docker daemon answers: {daemon.detail}")
    return engine


@pytest.fixture(scope="module", params=NETWORKED)
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine with networks."""
    return engine_named(request.param)


@pytest.fixture(scope="module", params=[*NETWORKED, "fake"])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """An engine, the fake one among them."""
    return engine_named(request.param)


class Shared:
    """A module's lab: cleared after each test, made anew when a test has broken it."""

    def __init__(self, engine: Engine, plan: Plan, folder: Path, *, traced: bool = False) -> None:
        self._engine, self._plan, self._folder, self._traced = engine, plan, folder, traced
        self._standing: StandingLab | None = None

    def take(self) -> StandingLab:
        """The lab, made if need be."""
        if self._standing is None:
            self._standing = StandingLab(self._engine, self._plan, self._folder, traced=self._traced)
        return self._standing

    def give_back(self) -> None:
        """End what the test has left."""
        if self._standing is not None:
            try:
                self._standing.clear()
            except (LabBroke, AssertionError, OSError):
                self.end()
                raise

    def end(self) -> None:
        """Take it down."""
        standing, self._standing = self._standing, None
        if standing is not None:
            standing.lab.down()


@pytest.fixture(scope="module")
def shared(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The module's lab on an engine with networks: the hosts left and right, and the name nobody."""
    yield from _shared(engine, tmp_path_factory)


@pytest.fixture(scope="module")
def any_shared(any_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The module's lab on any engine."""
    yield from _shared(any_engine, tmp_path_factory)


def _shared(engine: Engine, folders: pytest.TempPathFactory, *, traced: bool = False) -> Iterator[Shared]:
    plan = plan_of("left", "right", absent=["nobody"])
    lab = Shared(engine, plan, folders.mktemp(engine.name), traced=traced)
    yield lab
    lab.end()


@pytest.fixture
def lab(shared: Shared) -> Iterator[StandingLab]:
    """A lab of left and right on a network of their own, with nothing running on them."""
    yield shared.take()
    shared.give_back()


@pytest.fixture
def any_lab(any_shared: Shared) -> Iterator[StandingLab]:
    """A lab of left and right, perhaps without a network, with nothing running on them."""
    yield any_shared.take()
    any_shared.give_back()


@pytest.fixture(scope="module")
def traced_shared(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The module's lab on an engine with networks, every program on it traced."""
    yield from _shared(engine, tmp_path_factory, traced=True)


@pytest.fixture(scope="module")
def any_traced_shared(any_engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """The module's lab on any engine, every program on it traced."""
    yield from _shared(any_engine, tmp_path_factory, traced=True)


@pytest.fixture
def traced_lab(traced_shared: Shared) -> Iterator[StandingLab]:
    """A lab of left and right on a network of their own, where programs are traced."""
    yield traced_shared.take()
    traced_shared.give_back()


@pytest.fixture
def any_traced_lab(any_traced_shared: Shared) -> Iterator[StandingLab]:
    """A lab of left and right, perhaps without a network, where programs are traced."""
    yield any_traced_shared.take()
    any_traced_shared.give_back()


@pytest.fixture
def own_lab(engine: Engine, tmp_path: Path) -> Iterator[StandingLab]:
    """A lab for a test that breaks something."""
    with StandingLab(engine, PLAN, tmp_path) as lab:
        yield lab


__all__ = ["EngineError"]
