"""Of a folder of somebody else's nothing is taken but files, folders, and links within it."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from contextlib import suppress
from pathlib import Path

import pytest

from labctl.programs import copying
from labctl.programs.copying import copy, copy_file, leads_out, unpack
from labctl.programs.unusable import Unusable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A submission as it should be."""
    folder = tmp_path / "submission"
    (folder / "lib").mkdir(parents=True)
    (folder / "server").write_text("#!/bin/sh\n")
    (folder / "server").chmod(0o700)
    (folder / "lib" / "words.txt").write_text("hello")
    (folder / "latest").symlink_to("lib/words.txt")
    return folder


def test_files_and_folders_and_links_within_are_copied(folder: Path, tmp_path: Path) -> None:
    """Readable for everybody; a program stays one."""
    copy(folder, tmp_path / "copy")

    assert (tmp_path / "copy" / "latest").read_text() == "hello"
    assert os.readlink(tmp_path / "copy" / "latest") == "lib/words.txt"
    assert (tmp_path / "copy" / "server").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "copy" / "lib" / "words.txt").stat().st_mode & 0o7777 == 0o644
    assert (tmp_path / "copy" / "lib").stat().st_mode & 0o7777 == 0o755


def test_what_is_hidden_is_left_behind(folder: Path, tmp_path: Path) -> None:
    """Among it a repository's history, and what could not be copied anyway."""
    (folder / ".git").mkdir()
    (folder / ".git" / "config").symlink_to("/etc/passwd")
    (folder / "__pycache__").mkdir()

    copy(folder, tmp_path / "copy")

    assert sorted(entry.name for entry in (tmp_path / "copy").iterdir()) == ["latest", "lib", "server"]


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "lib/../../secret", "..", "."])
def test_a_link_that_leads_out_is_refused(folder: Path, tmp_path: Path, target: str) -> None:
    """By its name and where it leads. A link to its own folder doesn't lead out."""
    (tmp_path / "secret").write_text("secret")
    (folder / "answer").symlink_to(target)

    if target == ".":
        copy(folder, tmp_path / "copy")
        return
    with pytest.raises(Unusable, match=r"'answer' is a link that leads out of its folder, to '"):
        copy(folder, tmp_path / "copy")


@pytest.mark.parametrize(
    ("link", "target", "answer"),
    [("a", "b", False), ("d/a", "../b", False), ("a", "../b", True), ("d/a", "../../b", True), ("a", "/b", True)],
)
def test_where_a_link_leads_is_reckoned_from_its_place(link: str, target: str, answer: bool) -> None:
    assert leads_out(Path(link), target) is answer


def test_a_pipe_is_refused_and_not_waited_for(folder: Path, tmp_path: Path) -> None:
    """Reading it would wait for a writer."""
    os.mkfifo(folder / "pipe")

    with pytest.raises(Unusable, match="'pipe' is neither a file nor a folder"):
        copy(folder, tmp_path / "copy")


def test_a_socket_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("here")
        with pytest.raises(Unusable, match="'here' is neither"):
            copy(folder, tmp_path / "copy")


def test_too_much_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In bytes, and in files. A file that seems to be huge takes no longer than what it may have."""
    with (folder / "huge").open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(Unusable, match="holds more than 48 MiB"):
        copy(folder, tmp_path / "copy")

    (folder / "huge").unlink()
    monkeypatch.setattr(copying, "MOST_ENTRIES", 3)
    with pytest.raises(Unusable, match="3 files"):
        copy(folder, tmp_path / "again")


def test_a_single_file_is_copied_alone(folder: Path, tmp_path: Path) -> None:
    copy_file(folder / "server", tmp_path / "copy")

    assert os.listdir(tmp_path / "copy") == ["server"]
    assert os.access(tmp_path / "copy" / "server", os.X_OK)


def entry(name: str, kind: bytes = tarfile.REGTYPE, *, to: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    """An entry of an archive."""
    made = tarfile.TarInfo(name)
    made.type, made.linkname, made.mode = kind, to, mode
    return made


def archive(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An archive as a hostile Makefile could have it made."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for info, data in entries:
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return content.getvalue()


def test_what_was_built_is_unpacked(tmp_path: Path) -> None:
    built = archive(
        (entry(".", tarfile.DIRTYPE), b""),
        (entry("./server", mode=0o6777), b"program"),
        (entry("./also", tarfile.LNKTYPE, to="./server", mode=0o755), b""),
        (entry("./link", tarfile.SYMTYPE, to="server"), b""),
    )

    unpack(built, tmp_path / "built", origin=Path("mine"))

    assert (tmp_path / "built" / "server").stat().st_mode & 0o7777 == 0o755
    assert (tmp_path / "built" / "also").read_bytes() == b"program"
    assert (tmp_path / "built" / "link").read_bytes() == b"program"


@pytest.mark.parametrize(
    "entries",
    [
        [(entry("../escaped"), b"x")],
        [(entry("/tmp/../escaped"), b"x")],
        [(entry("link", tarfile.SYMTYPE, to=".."), b""), (entry("link/escaped"), b"x")],
        [(entry("d", tarfile.SYMTYPE, to="."), b""), (entry("d/../../escaped"), b"x")],
        [(entry("pipe", tarfile.FIFOTYPE), b"")],
        [(entry("device", tarfile.CHRTYPE), b"")],
        [(entry("passwd", tarfile.SYMTYPE, to="/etc/passwd"), b"")],
    ],
)
def test_nothing_is_unpacked_outside_and_nothing_odd_inside(
    tmp_path: Path, entries: list[tuple[tarfile.TarInfo, bytes]]
) -> None:
    """Whatever the archive says."""
    (tmp_path / "room").mkdir()
    with suppress(Unusable):  # or it is refused as a whole
        unpack(archive(*entries), tmp_path / "room" / "built", origin=Path("mine"))

    assert [path for path in tmp_path.rglob("*") if path.name == "escaped"] == []
    inside = list((tmp_path / "room" / "built").iterdir())
    assert all((path.is_symlink() and not os.path.isabs(os.readlink(path))) or path.is_file() for path in inside)


def test_an_archive_that_claims_to_be_huge_is_refused(tmp_path: Path) -> None:
    """Before a byte of it is written."""
    info = entry("bomb")
    info.size = 1 << 40
    with pytest.raises(Unusable, match="more than"):
        unpack(info.tobuf() + bytes(1024), tmp_path / "built", origin=Path("mine"))


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="what was built from 'mine' can't be read"):
        unpack(b"\xff" * 2048, tmp_path / "built", origin=Path("mine"))


def test_links_that_lead_out_together_are_refused(folder: Path, tmp_path: Path) -> None:
    """Each by itself stays within, as it is written."""
    (folder / "s" / "t" / "u").mkdir(parents=True)
    (folder / "s" / "t" / "u" / "d").symlink_to("../../..")
    (folder / "answer").symlink_to("s/t/u/d/../secret")
    (tmp_path / "secret").write_text("secret")

    with pytest.raises(Unusable, match="'answer' is a link that leads out of its folder"):
        copy(folder, tmp_path / "copy")


def test_folders_within_folders_end_somewhere(folder: Path, tmp_path: Path) -> None:
    """Each costs a descriptor while it is read."""
    (folder / Path(*["d"] * 60)).mkdir(parents=True)

    with pytest.raises(Unusable, match="has folders more than 32 deep"):
        copy(folder, tmp_path / "copy")


def test_a_hard_link_costs_what_its_target_does(tmp_path: Path) -> None:
    """It takes no room in the archive, and all of it when it is unpacked."""
    links = [(entry(f"l{n}", tarfile.LNKTYPE, to="whole", mode=0o755), b"") for n in range(60)]
    built = archive((entry("whole"), bytes(1024 * 1024)), *links)

    with pytest.raises(Unusable, match="holds more than 48 MiB"):
        unpack(built, tmp_path / "built", origin=Path("mine"))


def test_links_in_a_circle_are_no_mistake_of_ours(tmp_path: Path) -> None:
    """Those that name nothing that was unpacked, too."""
    built = archive(
        (entry("a", tarfile.SYMTYPE, to="b"), b""),
        (entry("b", tarfile.SYMTYPE, to="a"), b""),
        (entry("c", tarfile.LNKTYPE, to="a"), b""),
    )

    with suppress(Unusable):
        unpack(built, tmp_path / "built", origin=Path("mine"))
