"""`healthcheck` of compose.yaml -> what is run, how often and for how long."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.plan.compose_file import Service, read_compose
from labctl.plan.make import make_plan
from labctl.plan.model import Health
from labctl.scenario.model import Family, Healthy, Scenario, Start
from labctl.scenario.problems import Position, ScenarioError


def service(folder: Path, healthcheck: str) -> Service:
    file = folder / "compose.yaml"
    file.write_text(f"services:\n  a:\n    image: labctl-host\n    healthcheck: {healthcheck}\n")
    return read_compose(file).services["a"]


@pytest.mark.parametrize(
    ("test", "command"),
    [
        ("[CMD, client, localhost]", ("client", "localhost")),
        ("[CMD-SHELL, 'a && b $$C']", ("/bin/sh", "-c", "a && b $C")),
        ("a || exit 1", ("/bin/sh", "-c", "a || exit 1")),
    ],
)
def test_a_test_is_words_or_a_text_for_the_shell(tmp_path: Path, test: str, command: tuple[str, ...]) -> None:
    """With Docker's own times where nothing else is said."""
    assert service(tmp_path, f"{{test: {test}}}").health == Health(
        command=command, interval_s=30, timeout_s=30, start_period_s=0, retries=3
    )


def test_times_and_retries_are_read(tmp_path: Path) -> None:
    text = "{test: x, interval: 1m30s, timeout: 500ms, start_period: 2s, retries: 7, start_interval: 1s}"

    health = service(tmp_path, text).health

    assert health is not None
    assert (health.interval_s, health.timeout_s, health.start_period_s, health.retries) == (90, 0.5, 2, 7)


@pytest.mark.parametrize("text", ["{test: [NONE]}", "{disable: true}", "{test: x, disable: true}"])
def test_a_healthcheck_can_be_turned_off(tmp_path: Path, text: str) -> None:
    assert service(tmp_path, text).health is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("x", "4:18: a map with 'test' is expected here"),
        ("{test: [curl, x]}", "4:26: 'curl' begins no healthcheck"),
        ("{test: [CMD]}", "4:26: 'CMD' takes the words of a command"),
        ("{test: [CMD-SHELL, a, b]}", "4:26: 'CMD-SHELL' takes one text"),
        ("{test: x, interval: 5}", "4:38: a time like `1m30s` or `500ms` is expected here"),
        ("{test: x, interval: 5 s}", "4:38: a time like"),
        ("{test: x, retries: often}", "4:37: a whole number is expected here"),
    ],
)
def test_what_is_wrong_with_a_healthcheck_has_its_place(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        service(tmp_path, text)

    [found] = caught.value.problems
    assert f"{found.at.line}:{found.at.column}: {found.message}".startswith(problem)


def test_an_images_own_healthcheck_is_not_known(tmp_path: Path) -> None:
    [note] = service(tmp_path, "{interval: 1s}").notes

    assert note.endswith("compose.yaml:4:18: a lab knows no healthcheck of an image's own: write its `test`")


def test_who_waits_to_be_healthy_needs_a_healthcheck(tmp_path: Path) -> None:
    """It is told at the step."""
    at = Position("a.yaml", 3, 5)
    step = Start(at=at, on="a", command=("x",), name="x", ready=Healthy())
    scenario = Scenario(path=Path("a.yaml"), name="a", steps=(step,))
    (tmp_path / "compose.yaml").write_text("services: {a: {image: labctl-host}}\n")

    with pytest.raises(ScenarioError) as caught:
        make_plan(scenario, read_compose(tmp_path / "compose.yaml"), Family.IPV4)

    [problem] = caught.value.problems
    assert (problem.at, problem.message) == (at, "'a' has no healthcheck in compose.yaml")
    service(tmp_path, "{test: x}")
    plan = make_plan(scenario, read_compose(tmp_path / "compose.yaml"), Family.IPV4)
    assert plan.host("a").health == Health(command=("/bin/sh", "-c", "x"))
