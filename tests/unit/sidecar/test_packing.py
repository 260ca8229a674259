"""A Python that was packed here runs elsewhere, with nothing but what was packed with it."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from labctl.agent.boot import COMMAND, FITNESS, PACKING, bundle
from labctl.agent.carried import FOLDER, begun, carried
from labctl.agent.frames import Decoder


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What this interpreter packs, as a container of the hosts' image does, unpacked in a folder."""
    words = [sys.executable, *COMMAND[1:]]
    packing = subprocess.run(words, input=bundle({}, entry=PACKING), capture_output=True, check=True)
    *pieces, (last, _) = Decoder().feed(packing.stdout)
    assert last == {"ev": "packed"}
    folder = tmp_path_factory.mktemp("host")
    packed = b"".join(body for _, body in pieces)
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        assert all(f"/{name}".startswith(FOLDER) for name in archive.getnames())
        assert {(one.uid, one.gid) for one in archive.getmembers()} == {(0, 0)}
    subprocess.run(["tar", "--extract", "--directory", folder], input=packed, check=True)
    return folder


def test_it_can_be_an_agent(unpacked: Path) -> None:
    """Every module that an agent imports was packed."""
    words = [word.replace(FOLDER, f"{unpacked}{FOLDER}") for word in begun(carried("python3"))]

    tried = subprocess.run([*words, *COMMAND[1:]], input=bundle({}, entry=FITNESS), capture_output=True, env={})

    assert [header["ev"] for header, _ in Decoder().feed(tried.stdout)] == ["fit"], tried.stderr.decode()


def test_its_libraries_are_those_that_were_packed(unpacked: Path) -> None:
    words = [word.replace(FOLDER, f"{unpacked}{FOLDER}") for word in begun(carried("python3"))]
    code = "import ctypes; print(open('/proc/self/maps').read())"

    maps = subprocess.run([*words, "-I", "-S", "-c", code], capture_output=True, env={}, check=True, text=True).stdout

    loaded = {line.split()[5] for line in maps.splitlines() if ".so" in line}
    assert loaded
    assert all(file.startswith(f"{unpacked}{FOLDER}/") for file in loaded)


def test_nobody_else_may_write_any_of_it(unpacked: Path) -> None:
    modes = {path.stat().st_mode & 0o022 for path in (unpacked / FOLDER.lstrip("/")).rglob("*")}

    assert modes == {0}
