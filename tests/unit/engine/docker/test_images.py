"""Which images have to be made."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from labctl.engine.docker import images
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.images import host_image_is_current, make_images
from labctl.engine.docker.pythons import Lacking
from labctl.engine.docker.source import source_hash
from labctl.plan.image import HOST_IMAGE, SIDECAR_IMAGE
from labctl.plan.make import make_plan
from labctl.plan.model import HostPlan
from labctl.plan.shipped import shipped
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

PLAN = make_plan(scenario(host("client")), compose("client"), Family.IPV4)


class Images:
    """Images by name, with their labels."""

    def __init__(self, **labels: dict[str, str]) -> None:
        self.labels = labels
        self.asked: list[str] = []

    def version(self) -> tuple[str, tuple[int, int]]:
        return "20.10.24", (1, 41)

    def image_labels(self, image: str) -> dict[str, str] | None:
        self.asked.append(image)
        return self.labels.get(image)

    def image_id(self, image: str) -> str | None:
        return f"sha256:{image}" if image in self.labels else None


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The images that were made, instead of making them."""
    made: list[str] = []
    monkeypatch.setattr(images, "_make", lambda host, *_: made.append(host.image))
    monkeypatch.setattr(images, "_make_own_image", lambda name, *_: made.append(f"own {name}"))
    monkeypatch.setattr(images, "lacking", lambda *_: [])
    return made


def make(
    hosts: list[HostPlan],
    there: Images,
    monkeypatch: pytest.MonkeyPatch,
    *,
    attended: tuple[str, ...] = (),
    internet: bool = True,
) -> None:
    monkeypatch.setattr(images, "look", lambda _: there)
    plan = replace(PLAN, hosts=tuple(hosts), attended=attended, internet=internet)
    make_images(plan, Endpoint("unix:///x"), print)


def of(image: str, build: Path | None = None) -> HostPlan:
    return replace(PLAN.hosts[0], image=image, build=build)


def test_an_image_that_is_missing_is_made_once_for_all_its_hosts(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make([of("a"), of("b"), of("a")], Images(b={}), monkeypatch)

    assert made == ["a"]


def test_an_image_from_other_files_is_made_anew(
    made: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian")
    there = Images(old={"labctl.source": "0"}, new={"labctl.source": source_hash(tmp_path)}, by_hand={})

    make([of("old", tmp_path), of("new", tmp_path), of("by_hand", tmp_path)], there, monkeypatch)

    assert made == ["old", "by_hand"]


def test_the_sidecars_image_is_made_where_a_host_is_attended_or_the_lab_is_to_be_closed(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    current = {"labctl.source": source_hash(shipped("images") / "sidecar")}

    make([of("a")], Images(a={}), monkeypatch)
    make([of("a")], Images(a={}, **{SIDECAR_IMAGE: current}), monkeypatch, attended=("client",))
    assert made == []

    make([of("a")], Images(a={}), monkeypatch, attended=("client",))
    make([of("a")], Images(a={}, **{SIDECAR_IMAGE: {"labctl.source": "0"}}), monkeypatch, attended=("client",))
    assert made == ["own sidecar", "own sidecar"]

    make([of("a")], Images(a={}), monkeypatch, internet=False)
    assert made == ["own sidecar"] * 3


def test_labctls_own_image_is_current_only_if_made_from_the_shipped_files() -> None:
    current = source_hash(shipped("images") / "host")

    assert host_image_is_current(Images(**{HOST_IMAGE: {"labctl.source": current}}))
    assert not host_image_is_current(Images(**{HOST_IMAGE: {"labctl.source": "0"}}))
    assert not host_image_is_current(Images())


def test_a_copy_with_labctls_python_takes_it_from_the_hosts_image(
    made: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """That one is made first where it isn't there."""
    needed = [Lacking("a", "labctl-with-python:1", "there is no Python")]
    monkeypatch.setattr(images, "lacking", lambda *_: needed)
    monkeypatch.setattr(images, "_make_copies", lambda lacking, *_: made.extend(one.copy for one in lacking))

    make([of("a")], Images(a={}), monkeypatch)

    assert made == ["own host", "labctl-with-python:1"]
