"""Which images no agent can run in, and what is done and said about it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from labctl.engine.docker import pythons
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.pythons import Lacking, copies, lacking, names_of, notes
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.scenario.model import Family
from tests.unit.plan.wanted import compose, host, scenario

LOCAL = Endpoint("unix:///x")
NONE = pythons.NO_PYTHON
PLAN = make_plan(scenario(host("client"), host("server")), compose("client", "server"), Family.IPV4)


class Images:
    """A daemon's images: labels by name. An image's id is made of its name."""

    def __init__(self, **labels: dict[str, str]) -> None:
        self.labels = labels

    def version(self) -> tuple[str, tuple[int, int]]:
        return "20.10.24", (1, 41)

    def image_labels(self, image: str) -> dict[str, str] | None:
        return self.labels.get(image)

    def image_id(self, image: str) -> str | None:
        return f"sha256:{image}" if image in self.labels else None


class Tries:
    """Images that were tried, in order. None of them has a Python but `fit`."""

    def __init__(self) -> None:
        self.images: list[str] = []

    def __call__(self, image: str) -> str:
        self.images.append(image)
        return "" if image == "fit" else NONE


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tries:
    """What tries images, in a home where nothing is known of any."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return Tries()


def of(*images: str) -> Plan:
    return replace(PLAN, hosts=tuple(replace(PLAN.hosts[at], image=image) for at, image in enumerate(images)))


def silently(_: str) -> None:
    """Nobody listens to progress here."""


def copy_of(image: str, *, source: str = "") -> dict[str, dict[str, str]]:
    """Such an image, with the labels that it has."""
    return {f"labctl-with-python:{image}": {"labctl.source": source or pythons.source(), "labctl.why": NONE}}


def test_labctls_own_image_is_never_tried(tries: Tries) -> None:
    assert lacking(of("labctl-host", "labctl-host:latest"), Images(), tries, silently) == []
    assert tries.images == []


def test_an_image_without_python_needs_a_copy_that_is_found_by_its_id(tries: Tries) -> None:
    needed = lacking(of("bare", "bare"), Images(bare={}), tries, silently)

    assert needed == [Lacking("bare", "labctl-with-python:bare", NONE)]
    assert tries.images == ["bare"]


def test_one_that_has_its_copy_is_not_tried_again(tries: Tries) -> None:
    assert lacking(of("bare"), Images(bare={}, **copy_of("bare")), tries, silently) == []
    assert tries.images == []


def test_a_copy_of_another_labctls_is_made_anew(tries: Tries) -> None:
    there = Images(bare={}, **copy_of("bare", source="0"))

    assert [one.image for one in lacking(of("bare"), there, tries, silently)] == ["bare"]


def test_that_an_image_needs_none_is_remembered(tries: Tries) -> None:
    for _ in range(2):
        assert lacking(of("fit"), Images(fit={}), tries, silently) == []

    assert tries.images == ["fit"]


def test_where_nothing_can_be_remembered_it_is_tried_each_time(tries: Tries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")

    for _ in range(2):
        assert lacking(of("fit"), Images(fit={}), tries, silently) == []

    assert tries.images == ["fit", "fit"]


def test_hosts_run_from_copies_that_this_labctl_has_made(monkeypatch: pytest.MonkeyPatch) -> None:
    there = Images(a={}, b={}, **copy_of("a"), **copy_of("b", source="0"))
    monkeypatch.setattr(pythons, "look", lambda _: there)

    assert names_of(copies(of("a", "b"), LOCAL)) == {"a": "labctl-with-python:a"}


def test_labctls_own_hosts_cost_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(pythons, "look")

    assert copies(of("labctl-host"), LOCAL) == {}


def test_the_user_is_told_in_a_line_for_each_image() -> None:
    copied = {"bare": Lacking("bare", "labctl-with-python:bare", NONE)}

    assert notes(of("bare", "fit"), copied) == (
        "host client: there is no Python in the image 'bare', so labctl puts its own into a copy of it",
    )
    assert notes(of("bare", "bare"), copied)[0].startswith("hosts client, server: there is no Python")
