"""Images where there is no daemon: an error for who asked for them, a word for make."""

from __future__ import annotations

import pytest

from labctl.cli.commands import run_labctl


@pytest.fixture(autouse=True)
def _no_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")


def test_without_a_daemon_build_can_not_say_that_images_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The lab could not be built: exit 3, with the reason."""
    assert run_labctl(["build"]) == 3
    assert "does not answer" in capsys.readouterr().err


def test_if_possible_goes_on_without_them(capsys: pytest.CaptureFixture[str]) -> None:
    """Namespaces need no image, so make goes on; but it is said."""
    assert run_labctl(["build", "--if-possible"]) == 0
    assert "no images for Docker" in capsys.readouterr().err
