"""Where standing labs are found, and whose the folder is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from labctl.engine.contract import EngineError
from labctl.standing.keep import claim_free
from labctl.standing.places import claim, folder, forget_if_dead, socket_path


@pytest.fixture(autouse=True)
def _own_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


def test_the_folder_is_the_users_alone() -> None:
    """Nobody else may connect to a lab's socket."""
    assert folder().stat().st_mode & 0o077 == 0


def test_a_folder_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    """Somebody could have put a socket of theirs there."""
    (tmp_path / "labctl").mkdir(mode=0o755)
    (tmp_path / "labctl").chmod(0o755)
    with pytest.raises(EngineError, match="not this user's alone"):
        folder()


@pytest.mark.parametrize("name", ["", "../other", ".hidden", "a/b", "x" * 200])
def test_what_can_not_be_a_name_is_refused(name: str) -> None:
    """A name becomes a file's name, and that an address of at most 107 bytes."""
    with pytest.raises(EngineError, match="name"):
        socket_path(name)


def test_a_name_is_claimed_by_one() -> None:
    """The second who wants it is told; after the first has gone it is free."""
    first = claim("lab")
    assert first is not None
    assert claim("lab") is None
    os.close(first)
    again = claim("lab")
    assert again is not None
    os.close(again)


def test_a_free_name_is_the_titles_own_with_a_number_if_need_be() -> None:
    """Two labs of one scenario stand side by side."""
    first, one = claim_free("Port in use!")
    second, two = claim_free("Port in use!")
    assert (first, second) == ("port-in-use", "port-in-use-2")
    os.close(one)
    os.close(two)


def test_a_holder_that_lives_keeps_its_socket_however_slow_it_answers() -> None:
    """Only when nobody has the name any more its socket is a leftover."""
    claimed = claim("slow")
    assert claimed is not None
    socket_path("slow").touch()
    forget_if_dead("slow")
    assert socket_path("slow").exists()
    os.close(claimed)
    forget_if_dead("slow")
    assert not socket_path("slow").exists()
