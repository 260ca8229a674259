"""What lies on the machine is out of a host's reach, and what a program leaves on a host goes with the host."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from labctl.engine.contract import Engine
from tests.contract.hosts import Host, StandingLab
from tests.contract.plans import plan_of


@pytest.fixture(params=["/tmp", "/var/tmp", str(Path.home()), os.getcwd()])
def secret(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A file of this machine's that everybody here may read."""
    if not os.access(request.param, os.W_OK):
        pytest.skip(f"{request.param} is not ours to write to")
    with TemporaryDirectory(dir=request.param) as folder:
        os.chmod(folder, 0o755)
        file = Path(folder) / "secret"
        file.write_text("secret")
        yield file


def is_there(host: Host, path: Path | str) -> bool:
    """Whether a program on a host finds something at that path."""
    answer = host.tell("import json, os, sys; print(json.dumps(os.path.lexists(sys.argv[1])))", path)
    assert isinstance(answer, bool)
    return answer


def test_the_machines_files_are_not_there(lab: StandingLab, secret: Path) -> None:
    """A file in a folder of the machine's, readable for everybody, isn't on a host."""
    assert secret.read_text() == "secret"
    assert is_there(lab.host("left"), "/usr/bin")  # so that "not there" means something
    assert not is_there(lab.host("left"), secret)
    assert not is_there(lab.host("left"), secret.parent)


@pytest.mark.parametrize("path", ["/var/run/docker.sock", "/run/docker.sock", "/run/systemd", "/run/dbus"])
def test_the_machines_services_are_not_there(lab: StandingLab, path: str) -> None:
    """Neither Docker's socket nor another service's is within reach."""
    assert not is_there(lab.host("left"), path)


def test_the_machines_processes_are_not_there(lab: StandingLab) -> None:
    """A host's first process is its agent, and this test's process is none of its."""
    listed = lab.host("left").run("ps", "axww", "-o", "pid,args").stdout.decode().splitlines()
    assert listed[1].split()[0] == "1"
    assert not [line for line in listed if "pytest" in line]
    assert len(listed) < 20


@pytest.mark.parametrize("folder", ["/", "/usr", "/usr/bin", "/etc", "/bin", "/var", "/proc/sys/kernel"])
def test_the_system_is_read_only(lab: StandingLab, folder: str) -> None:
    """A program can't write where a system's files are."""
    refused = lab.host("left").tell(
        """
        import errno, json, os, sys
        try:
            os.close(os.open(sys.argv[1] + "/new", os.O_WRONLY | os.O_CREAT))
        except OSError as error:
            print(json.dumps(errno.errorcode[error.errno]))
        """,
        folder,
    )
    assert refused in ("EROFS", "EACCES", "ENOENT")


@pytest.mark.parametrize("folder", ["/tmp", "/home/lab", "/dev/shm", "/var/tmp"])
def test_a_host_has_folders_to_write_to_of_its_own(engine: Engine, tmp_path: Path, folder: str) -> None:
    """Such a folder is empty at first, takes files that can be executed from home, and no other host sees them."""
    with StandingLab(engine, plan_of("left", "right"), tmp_path) as lab:
        left, right = lab.host("left"), lab.host("right")
        assert left.run("find", folder, "-mindepth", "1").stdout == b""
        assert left.run("sh", "-c", f"echo mine > {folder}/mine && cat {folder}/mine").stdout == b"mine\n"
        assert is_there(left, f"{folder}/mine")
        assert not is_there(right, f"{folder}/mine")


def test_a_program_that_was_made_on_the_host_runs_there(lab: StandingLab) -> None:
    """What a program writes to its home can be executed."""
    left = lab.host("left")
    left.run("sh", "-c", "printf '#!/bin/sh\\necho made here\\n' > made && chmod 700 made")
    assert left.run("./made").stdout == b"made here\n"


def test_a_program_can_not_read_another_users_secrets(lab: StandingLab) -> None:
    """Passwords of the machine's or the image's are not for programs."""
    assert lab.host("left").run("cat", "/etc/shadow").stdout == b""


def test_no_descriptor_of_labctls_reaches_a_program(lab: StandingLab) -> None:
    """A program has its three streams and nothing else open, not even when many run."""
    left = lab.host("left")
    for _ in range(5):
        left.begin("cat", window=True)
    listed = left.run("ls", "/proc/self/fd").stdout.split()
    assert listed == [b"0", b"1", b"2", b"3"]  # 3 is ls's own


def test_the_labs_programs_are_there_and_stay_as_they_are(lab: StandingLab) -> None:
    """The programs of images/host are on every host, and none of them can be changed there."""
    left = lab.host("left")
    refused = left.run("server")
    assert (refused.ending, b"no port provided" in refused.stderr) == ("exit 1", True)
    found = left.run("sh", "-c", "command -v server").stdout.decode().strip()
    assert left.run("sh", "-c", f"echo > {found}").ending != "exit 0"
    assert left.run("server").ending == "exit 1"


def test_a_labs_tools_are_on_every_host(lab: StandingLab) -> None:
    """What people look around with is there: a shell, Python, ip, ps."""
    for program in ("sh", "python3", "ip", "ps"):
        found = lab.host("left").run("sh", "-c", f"command -v {program}")
        assert found.ending == "exit 0", program
