"""compose.yaml -> services."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.plan.compose_file import ComposeFile, read_compose
from labctl.plan.model import Limits, ProgramFolder
from labctl.plan.shipped import shipped
from labctl.scenario.problems import ScenarioError


def read(folder: Path, text: str) -> ComposeFile:
    (folder / "compose.yaml").write_text(text)
    return read_compose(folder / "compose.yaml")


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        read(folder, text)
    return [f"{problem.at.line}:{problem.at.column}: {problem.message}" for problem in caught.value.problems]


def notes(folder: Path, text: str) -> list[str]:
    return [note.removeprefix(f"{folder}/") for note in read(folder, text).services["a"].notes]


def test_a_services_values_are_read(tmp_path: Path) -> None:
    text = """
services:
  a:
    image: x
    environment: {A: 1, B: "no", C: ""}
    sysctls: [net.ipv4.tcp_syn_retries=1]
    mem_limit: 64m
    pids_limit: 20
    ulimits: {nofile: {soft: 100, hard: 200}, fsize: 4096}
"""
    a = read(tmp_path, text).services["a"]

    assert a.environment == {"A": "1", "B": "no", "C": ""}
    assert a.sysctls == {"net.ipv4.tcp_syn_retries": "1"}
    asked = ("processes", "memory", "files", "file_size")
    assert a.limits == Limits(processes=20, memory=64 * 1024**2, files=200, file_size=4096, asked=asked)


def test_limits_that_nobody_asked_for_are_not_said_to_be_asked_for(tmp_path: Path) -> None:
    text = "services: {a: {image: x, pids_limit: 20}, b: {image: x}}\n"
    services = read(tmp_path, text).services
    assert (services["a"].limits.asked, services["b"].limits.asked) == (("processes",), ())


def test_a_service_has_its_aliases_on_each_network_apart(tmp_path: Path) -> None:
    text = """
services:
  a:
    image: x
    networks: {one: {aliases: [www, web.example]}, two: {aliases: [www, db]}, three: }
  b: {image: x, networks: [one]}
networks: {one: , two: , three: }
"""
    services = read(tmp_path, text).services

    assert [(where.network, where.aliases) for where in services["a"].networks] == [
        ("one", ("www", "web.example")),
        ("two", ("www", "db")),
        ("three", ()),
    ]
    assert [where.aliases for where in services["b"].networks] == [()]


@pytest.mark.parametrize(
    ("aliases", "problem"),
    [
        ("www", "1:52: a list of names in 'one' is expected here"),
        ("[www, 'two words']", "1:58: the name of a host"),
        ("['a\\nb']", "1:53: the name of a host"),
        ("[-www]", "1:53: the name of a host"),
        (f"[{'x' * 64}]", "1:53: the name of a host"),
        ("[{www: }]", "1:53: the name of a host"),
    ],
)
def test_an_alias_that_is_no_name_is_told_with_its_place(tmp_path: Path, aliases: str, problem: str) -> None:
    text = f"services: {{a: {{image: x, networks: {{one: {{aliases: {aliases}}}}}}}}}\nnetworks: {{one: }}"
    [found] = problems(tmp_path, text)

    assert found.startswith(problem)


def test_services_keep_their_order_and_may_share_a_map(tmp_path: Path) -> None:
    text = "x-all: &all {image: x, mem_limit: 1g}\nservices:\n  b: *all\n  a:\n    <<: *all\n    image: y\n"

    services = read(tmp_path, text).services

    assert [(s.name, s.image, s.limits.memory) for s in services.values()] == [
        ("b", "x", 1024**3),
        ("a", "y", 1024**3),
    ]


def test_what_a_dockerfile_copies_and_sets_is_the_services(tmp_path: Path) -> None:
    (tmp_path / "image/bin").mkdir(parents=True)
    (tmp_path / "image/Dockerfile").write_text("FROM debian\nCOPY bin /opt/bin\nENV PATH=/opt/bin A=1 B=1\n")

    a = read(tmp_path, "services: {a: {build: ./image, environment: {B: 2}}}").services["a"]

    assert a.programs == (ProgramFolder(tmp_path / "image/bin", "/opt/bin"),)
    assert (a.path, a.environment) == (("/opt/bin",), {"A": "1", "B": "2"})
    assert (a.build, a.dockerfile) == (tmp_path / "image", "Dockerfile")
    assert a.image == f"labctl-{tmp_path.name}-a".lower()


def test_an_image_on_top_of_labctls_own_has_the_programs_of_both(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "mine").write_text("FROM labctl-host\nCOPY bin /mine\nENV PATH=/mine:$PATH\n")

    a = read(tmp_path, "services: {a: {build: {context: ., dockerfile: mine}}}").services["a"]

    assert [folder.target for folder in a.programs] == ["/opt/lab/bin", "/mine"]
    assert a.path[:2] == ("/mine", "/opt/lab/bin")


def test_labctls_own_image_is_known_by_its_name_alone(tmp_path: Path) -> None:
    a = read(tmp_path, "services: {a: {image: labctl-host}}").services["a"]

    assert a.build == shipped("images") / "host"
    assert a.path[0] == "/opt/lab/bin"
    assert a.notes == ()


def test_the_shipped_compose_file_has_the_tutorials_hosts_and_no_notes() -> None:
    compose = read_compose(shipped("compose.yaml"))

    assert list(compose.services) == ["cheerios", "client"]
    assert compose.notes == ()
    assert [service.notes for service in compose.services.values()] == [(), ()]


def test_a_key_that_a_lab_cannot_honour_is_a_note_with_its_place(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: labctl-host\n    ports: ['80:80']\n    gpus: all\n"

    assert notes(tmp_path, text) == [
        "compose.yaml:4:5: a lab takes no 'ports' of 'a': nothing outside reaches a lab",
        "compose.yaml:5:5: a lab takes no 'gpus' of 'a'",
    ]


def test_an_image_that_is_only_named_is_a_note(tmp_path: Path) -> None:
    assert "what is in the image 'nginx' only Docker knows" in notes(tmp_path, "services: {a: {image: nginx}}")[0]


def test_keys_by_which_a_host_idles_and_is_confined_make_no_note(tmp_path: Path) -> None:
    text = "services: {a: {image: labctl-host, command: x, init: true, cap_drop: [ALL], user: lab, x-mine: 1}}"

    assert notes(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("services: {}", "1:1: no services stand here"),
        ("services: {a: {}}", "1:12: the service 'a' has neither 'image' nor 'build'"),
        ("services: {a: {image: x, mem_limit: lots}}", "1:37: a size like 512m is expected here, not the text 'lots'"),
        ("services: {a: {image: $X}}", "1:23: labctl fills in no variables: '$X'"),
        ("services: {a: {image: x, extends: b}}", "1:26: labctl does not read 'extends'"),
        ("services: {a: {build: ./none}}", "1:23: there is no folder './none'"),
        ("services: {a: {image: x, sysctls: {kernel.shmmax: 1}}}", "1:35: 'kernel.shmmax' is not the network's"),
        ("services: {a: text}", "1:15: a service, as a map is expected here, not the text 'text'"),
        ("just text", "1:1: a map with 'services' is expected here, not the text 'just text'"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, problem: str) -> None:
    assert problems(tmp_path, text) == [problem]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = "services:\n  a: {mem_limit: x}\n  b: {image: y, pids_limit: z}\n"

    assert [found.partition(":")[0] for found in problems(tmp_path, text)] == ["2", "2", "3"]


def test_a_dockerfile_that_is_not_there_is_a_problem_at_the_build(tmp_path: Path) -> None:
    found = problems(tmp_path, "services: {a: {build: .}}")

    assert len(found) == 1
    assert found[0].startswith("1:23: ")
    assert "Dockerfile" in found[0]
