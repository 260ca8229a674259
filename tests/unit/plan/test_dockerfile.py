"""Dockerfile -> recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.plan.dockerfile import Recipe, expanded, read_recipe


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name in ("server", "client", "server.py"):
        (tmp_path / name).write_text("")
    return tmp_path


def read(context: Path, *lines: str) -> Recipe:
    return read_recipe("\n".join(lines), file="Dockerfile", context=context)


def places(recipe: Recipe, context: Path) -> list[tuple[str, str]]:
    return [(str(folder.source.relative_to(context)), folder.target) for folder in recipe.programs]


def test_a_copied_folder_stands_at_its_target(context: Path) -> None:
    recipe = read(context, "FROM debian", "COPY bin/ /opt/lab/bin/", "copy --chmod=755 bin /srv")

    assert places(recipe, context) == [("bin", "/opt/lab/bin"), ("bin", "/srv")]
    assert recipe.notes == ()


def test_copied_files_stand_in_their_target_folder(context: Path) -> None:
    recipe = read(context, "FROM debian", "COPY server client /opt/", 'COPY ["server", "/usr/bin/tcp-server"]')

    assert places(recipe, context) == [
        ("server", "/opt/server"),
        ("client", "/opt/client"),
        ("server", "/usr/bin/tcp-server"),
    ]


def test_a_pattern_means_all_files_that_match(context: Path) -> None:
    recipe = read(context, "FROM debian", "COPY server* /opt/")

    assert places(recipe, context) == [("server", "/opt/server"), ("server.py", "/opt/server.py")]


def test_a_relative_target_stands_in_the_working_folder(context: Path) -> None:
    recipe = read(context, "FROM debian", "WORKDIR /srv", "WORKDIR app", "COPY bin .", "COPY server run")

    assert places(recipe, context) == [("bin", "/srv/app"), ("server", "/srv/app/run")]


def test_env_sets_variables_in_both_spellings_and_extends_path(context: Path) -> None:
    recipe = read(
        context, "FROM debian", "ENV A=1 B='2 3'", "ENV OLD all of this", "ENV PATH=/opt/lab/bin:$PATH C=${A}${B}"
    )

    assert recipe.environment == {
        "A": "1",
        "B": "2 3",
        "OLD": "all of this",
        "PATH": "/opt/lab/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "C": "12 3",
    }


def test_only_the_last_stage_counts(context: Path) -> None:
    recipe = read(
        context, "FROM gcc AS made", "COPY bin /src", "ENV A=1", "FROM debian", "COPY --from=made /src/x /usr/bin/x"
    )

    assert (recipe.base, recipe.programs, recipe.environment) == ("debian", (), {})
    assert recipe.notes == ("Dockerfile:5: COPY: only Docker can have what it makes",)


def test_the_base_may_be_an_argument_with_a_default(context: Path) -> None:
    assert read(context, "ARG BASE=debian:bookworm-slim", "FROM ${BASE}").base == "debian:bookworm-slim"
    assert read(context, "FROM --platform=linux/amd64 debian AS x").base == "debian"


def test_run_lines_are_not_interpreted_however_they_are_written(context: Path) -> None:
    recipe = read(
        context,
        "FROM debian",
        "RUN apt-get update \\",
        "  # a comment within",
        "  && COPY bin /no",
        "RUN <<EOF",
        "COPY bin /no",
        "EOF",
        "COPY bin /yes",
    )

    assert places(recipe, context) == [("bin", "/yes")]


def test_what_is_not_there_or_comes_from_elsewhere_is_a_note_with_its_line(context: Path) -> None:
    recipe = read(context, "FROM debian", "", "COPY nothing /x", "ADD https://example.org/x.tar /x")

    assert recipe.programs == ()
    assert recipe.notes == (
        "Dockerfile:3: COPY: 'nothing' is not there",
        "Dockerfile:4: ADD: only Docker fetches 'https://example.org/x.tar'",
    )


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("$A-${A}", "1-1"),
        ("${B:-else}", "else"),
        ("${A:-else}", "1"),
        ("${A:+then}", "then"),
        ("[$B]", "[]"),
        (r"\$A", "$A"),
    ],
)
def test_variables_are_filled_in_as_docker_does(text: str, result: str) -> None:
    assert expanded(text, {"A": "1"}) == result
