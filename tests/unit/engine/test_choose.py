"""`auto` takes Docker where it works and has the images, else namespaces, and says why."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from labctl.engine import choose as choosing
from labctl.engine.choose import choose, maker_of, readiness_of_all
from labctl.engine.contract import Engine, EngineError, Finding
from labctl.engine.docker import compose, glance
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.fake.engine import Fake
from labctl.plan.image import SIDECAR_IMAGE
from labctl.plan.model import Plan
from labctl.plan.shipped import shipped
from labctl.runner.select import whole_lab

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")


class Daemon:
    """Answers as told. `labels` are those of every image, None where it has none."""

    def __init__(self, labels: dict[str, str] | None, error: EngineError | None = None) -> None:
        self._labels, self._error = labels, error

    def version(self) -> tuple[str, tuple[int, int]]:
        if self._error is not None:
            raise self._error
        return "28.0", (1, 48)

    def image_labels(self, image: str) -> dict[str, str] | None:
        return self._labels


@pytest.fixture
def plan() -> Plan:
    return whole_lab(shipped("scenarios"))


def auto(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, daemon: Daemon) -> tuple[str, list[str]]:
    """The engine that is chosen where that daemon is, and what is said."""

    def look(endpoint: Endpoint, *, answers_within_s: int) -> Daemon:
        return daemon

    (tmp_path / "docker.sock").touch()
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(glance, "look", look)
    monkeypatch.setattr(compose, "find_compose", lambda: ("docker-compose",))
    said: list[str] = []
    return choose("auto", [plan], said.append).name, said


def test_docker_where_the_daemon_answers_and_has_the_images(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert auto(plan, monkeypatch, tmp_path, Daemon({})) == (
        "docker",
        ["engine docker: the daemon answers and the images are there"],
    )


def test_namespaces_where_an_image_is_missing(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name, said = auto(plan, monkeypatch, tmp_path, Daemon(None))

    assert name == "netns"
    assert said == [f"engine netns: Docker has no image '{plan.hosts[0].image}' (`labctl build` makes it)"]


def test_a_plan_that_attends_hosts_or_is_closed_asks_for_the_sidecars_image(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class WithoutSidecars(Daemon):
        def image_labels(self, image: str) -> dict[str, str] | None:
            return None if image == SIDECAR_IMAGE else {}

    opened = replace(plan, internet=True)

    assert auto(opened, monkeypatch, tmp_path, WithoutSidecars({}))[0] == "docker"
    for asking in (plan, replace(opened, attended=(plan.hosts[0].name,))):
        assert auto(asking, monkeypatch, tmp_path, WithoutSidecars({})) == (
            "netns",
            [f"engine netns: Docker has no image '{SIDECAR_IMAGE}' (`labctl build` makes it)"],
        )


def test_namespaces_where_the_daemon_does_not_answer(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    name, said = auto(plan, monkeypatch, tmp_path, Daemon({}, EngineError("the daemon does not answer")))

    assert (name, said) == ("netns", ["engine netns: the daemon does not answer"])


def test_namespaces_where_there_is_no_daemon(plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    said: list[str] = []

    assert choose("auto", [plan], said.append).name == "netns"
    assert said == [f"engine netns: no Docker daemon is at {tmp_path}/none.sock"]


def test_an_engine_that_is_asked_for_is_taken_without_a_word(plan: Plan) -> None:
    said: list[str] = []

    assert [choose("docker", [plan], said.append).name, choose("netns", [plan], said.append).name] == [
        "docker",
        "netns",
    ]
    assert said == []


def test_without_linux_and_docker_there_is_no_engine(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    monkeypatch.setattr(sys, "platform", "darwin")

    with pytest.raises(EngineError, match="no engine works here: no Docker daemon"):
        choose("auto", [plan], lambda words: None)
    with pytest.raises(EngineError, match="needs Linux"):
        choose("netns", [plan], lambda words: None)


def test_looking_for_docker_imports_no_sdk() -> None:
    script = """
import sys
from labctl.engine.choose import choose
choose("auto", [], lambda words: None)
sys.exit("docker" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_an_engine_is_made_again_in_its_own_kind(plan: Plan) -> None:
    for name in ("docker", "netns"):
        assert maker_of(choose(name, [plan], lambda words: None))().name == name


def test_an_engine_that_cannot_be_had_is_told_by_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> Engine:
        raise EngineError("it needs what is not there", hint="get it")

    monkeypatch.setattr(choosing, "docker", fail)
    finding = readiness_of_all()[0].findings[0]

    assert (finding.works, finding.detail, finding.mend) == (False, "it needs what is not there", "get it")


def test_mechanisms_that_cannot_be_tried_are_told_by_the_doctor(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine works all the same."""

    class Works(Fake):
        name = "docker"

    def fail() -> tuple[Finding, ...]:
        raise EngineError("there is no image", hint="run `labctl build`")

    monkeypatch.setattr(choosing, "docker", Works)
    monkeypatch.setattr(choosing, "_mechanisms_on_docker", fail)
    found = readiness_of_all()[0]

    assert found.works
    assert found.mechanisms == (
        Finding("faults", works=False, detail="not tried: there is no image", mend="run `labctl build`"),
    )
