"""Environment and settings -> where the daemon is."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from labctl.engine.docker.endpoint import DEFAULT, Endpoint, find_endpoint

ELSEWHERE = "unix:///run/user/1000/docker.sock"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A folder of Docker settings whose current context is `mine`."""
    meta = tmp_path / "contexts/meta" / sha256(b"mine").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text(json.dumps({"Name": "mine", "Endpoints": {"docker": {"Host": ELSEWHERE}}}))
    (tmp_path / "config.json").write_text('{"currentContext": "mine"}')
    return tmp_path


def test_without_any_word_it_is_the_usual_socket(tmp_path: Path) -> None:
    assert find_endpoint({"HOME": str(tmp_path)}) == Endpoint(DEFAULT)


def test_docker_host_comes_first(settings: Path) -> None:
    known = {"DOCKER_HOST": "tcp://lab:2376", "DOCKER_TLS_VERIFY": "1", "DOCKER_CONFIG": str(settings)}

    assert find_endpoint(known) == Endpoint("tcp://lab:2376", tls=True)


def test_the_current_context_is_where_docker_would_go(settings: Path) -> None:
    assert find_endpoint({"DOCKER_CONFIG": str(settings)}).host == ELSEWHERE


def test_docker_context_wins_over_the_current_one(settings: Path) -> None:
    assert find_endpoint({"DOCKER_CONFIG": str(settings), "DOCKER_CONTEXT": "default"}).host == DEFAULT


def test_settings_that_make_no_sense_are_no_settings(settings: Path) -> None:
    (settings / "config.json").write_text("[]")

    assert find_endpoint({"DOCKER_CONFIG": str(settings)}).host == DEFAULT


def test_a_child_is_sent_to_the_same_daemon_whatever_the_context(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "other")

    environment = Endpoint(ELSEWHERE).environment()

    assert environment["DOCKER_HOST"] == ELSEWHERE
    assert "DOCKER_CONTEXT" not in environment


def test_only_a_socket_in_a_file_is_local() -> None:
    assert Endpoint(DEFAULT).socket_path == "/var/run/docker.sock"
    assert Endpoint("tcp://127.0.0.1:2375").socket_path is None
    assert not Endpoint("ssh://lab").is_local
