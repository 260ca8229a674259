"""DIR and PROGRAM=COMMAND become programs on hosts, or what is wrong with them is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from labctl.plan.given import FOLDER
from labctl.programs.finding import Building
from labctl.programs.place import place
from labctl.programs.taking import Taken, take
from labctl.programs.unusable import Unusable

NAMES = ("server", "client")


class Builder:
    """Builds by writing down what it was asked for: each source becomes a program."""

    def __init__(self, said: str = "") -> None:
        self.asked: list[tuple[Building, Path]] = []
        self._said = said

    def build(self, source: Path, building: Building, to: Path, *, origin: Path) -> str:
        self.asked.append((building, origin))
        to.mkdir()
        for file in building.sources:
            (to / Path(file).stem).write_text((source / file).read_text())
            (to / Path(file).stem).chmod(0o755)
        return self._said


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a server, seen from the folder above it."""
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "server").write_text("#!/bin/sh\necho mine\n")
    (mine / "server").chmod(0o755)
    (tmp_path / "place").mkdir()
    monkeypatch.chdir(tmp_path)
    return mine


def taken(*words: str, builder: Builder | None = None) -> Taken:
    """What comes of these words."""
    return take(words, NAMES, place=Path("place"), builder=builder or Builder())


def test_a_folders_programs_are_on_every_host(mine: Path) -> None:
    """By the path that hosts have them at; and it is known whose they are."""
    [program] = taken("mine").given.programs

    assert program.name == "server"
    assert program.words == (f"{FOLDER}/1/server",)
    assert program.origin == "mine/server"


def test_sources_are_built_and_the_result_is_taken(mine: Path) -> None:
    (mine / "client.c").write_text("int main;")
    builder = Builder("client.c:1: warning: 'main' is usually a function\n")
    came = taken("mine", builder=builder)

    assert builder.asked == [(Building(sources=("client.c",)), Path("mine"))]
    assert came.given.names == ("client",)
    assert "warning" in came.warnings


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("nc -l", ("nc", "-l")),
        ("./mine/server", (f"{FOLDER}/1/server",)),
        ("sh mine/server -v", ("sh", f"{FOLDER}/1/server", "-v")),
        ("socat - 'TCP:a b'", ("socat", "-", "TCP:a b")),
        ("/opt/not/here", ("/opt/not/here",)),  # perhaps it is on the host
        ("/bin/sh -c true", ("/bin/sh", "-c", "true")),  # every host has its own
        ("cat /dev/null", ("cat", "/dev/null")),
    ],
)
def test_a_command_takes_the_place_of_one_program(mine: Path, command: str, words: tuple[str, ...]) -> None:
    """Files among its words are brought to the hosts."""
    [program] = taken(f"server={command}").given.programs

    assert (program.name, program.words, program.origin) == ("server", words, command)


def test_a_script_comes_with_what_lies_beside_it(mine: Path) -> None:
    """It may import it."""
    (mine / "words.py").write_text("")
    [folder] = taken("server=mine/server").given.folders

    assert sorted(file.name for file in folder.source.iterdir()) == ["server", "words.py"]


def test_a_binary_comes_alone(mine: Path) -> None:
    """Its folder may be a large one, like /usr/bin."""
    shutil.copy("/bin/true", mine / "binary")
    [folder] = taken("server=mine/binary").given.folders

    assert [file.name for file in folder.source.iterdir()] == ["binary"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nowhere"], "the folder 'nowhere' is not there"),
        (["mine/server"], "the folder 'mine/server' is not a folder"),
        (["sever=./mine/server"], "no command of these scenarios begins with 'sever'"),
        (["server="], "'server' has no command"),
        (["server='a"], "can't be read: No closing quotation"),
        (["server=./not-here"], "there is no file './not-here'"),
        (["mine", "server=nc"], "no program is found in 'mine'"),
        (["mine", "mine"], "'server' is given twice: 'mine/server' and 'mine/server'"),
        (["server=./mine/notes"], "'./mine/notes' is not executable"),
    ],
)
def test_what_can_not_be_used_is_told(mine: Path, words: list[str], message: str) -> None:
    (mine / "notes").write_text("#!/bin/sh\n")
    with pytest.raises(Unusable) as raised:
        taken(*words)

    assert message in str(raised.value)


def test_a_near_name_is_told(mine: Path) -> None:
    with pytest.raises(Unusable) as raised:
        taken("sever=nc")

    assert "server" in raised.value.hint


def test_the_place_is_gone_after_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts of another uid can look into what lies in it, and not list it."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with place() as made:
        assert made.stat().st_mode & 0o777 == 0o711
        assert made.parent == tmp_path
    assert not made.exists()

    with place(may_stay=True, stays=lambda: True) as kept:
        pass
    with place():
        assert kept.exists()


def test_what_a_killed_run_has_left_is_removed_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what a living one has, or somebody whose owner can't be told, is left alone."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    from labctl.engine.owner import myself

    me = myself()
    owners = {"dead": f"{me.machine}:{me.boot}:{me.pid_namespace}:{2**22 + 1}:7", "mine": str(me), "odd": "?"}
    for name, owner in owners.items():
        (tmp_path / f"labctl-programs-{name}").mkdir()
        (tmp_path / f"labctl-programs-{name}" / "owner").write_text(owner)

    with place():
        left = sorted(folder.name.removeprefix("labctl-programs-") for folder in tmp_path.iterdir())

    assert {"mine", "odd"} <= set(left)
    assert "dead" not in left


def test_a_command_leaves_the_rest_to_the_folder(mine: Path) -> None:
    """Whatever their order."""
    (mine / "client").write_text("#!/bin/sh\n")
    (mine / "client").chmod(0o755)
    given = taken("mine", "server=nc -l").given

    assert {program.name: program.origin for program in given.programs} == {"server": "nc -l", "client": "mine/client"}


def test_a_link_to_itself_is_no_program_and_no_mistake(mine: Path) -> None:
    (mine / "loop").symlink_to("loop")

    assert taken("mine").given.names == ("server",)
