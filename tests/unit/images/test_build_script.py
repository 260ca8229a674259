"""What `images/build` and `images/base/build` promise to `labctl build`, to make and to a person."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

IMAGES = Path(__file__).parents[3] / "images"
TOOLS = ["bash", "dirname", "realpath", "sed"]  # of the scripts, besides Docker and mmdebstrap


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A copy of images/ that a test may change."""
    return Path(shutil.copytree(IMAGES, tmp_path / "images"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A folder to be the whole PATH: the scripts' own tools, no Docker and no mmdebstrap."""
    folder = tmp_path / "path"
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found is not None
        (folder / tool).symlink_to(found)
    return folder


def give(path: Path, command: str, *, script: str) -> None:
    """Put a command of this name there, which does what the script says."""
    (path / command).write_text(f"#!{path}/bash\n{script}\n")
    (path / command).chmod(0o755)


def built(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """images/build, run with this PATH."""
    words = [sys.executable, str(IMAGES / "build"), *arguments]
    return subprocess.run(words, env={"PATH": str(path)}, check=False, capture_output=True, text=True)


def source_of(images: Path, name: str = "host") -> str:
    words = [sys.executable, str(images / "build"), name, "--print-source"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def test_the_same_files_have_the_same_source(images: Path) -> None:
    """A copy elsewhere, with other times and other rights for others, would give the same image."""
    (images / "host" / "Dockerfile").chmod(0o600)
    assert source_of(images) == source_of(IMAGES)


def test_another_content_is_another_source(images: Path) -> None:
    """A program that was changed is built anew."""
    (images / "host" / "bin" / "server").write_text("changed")
    assert source_of(images) != source_of(IMAGES)


def test_another_name_is_another_source(images: Path) -> None:
    """A program that was renamed is built anew."""
    (images / "host" / "bin" / "server").rename(images / "host" / "bin" / "servers")
    assert source_of(images) != source_of(IMAGES)


def test_a_program_that_may_not_be_executed_is_another_source(images: Path) -> None:
    """Of a file's mode, the bit that git keeps counts."""
    (images / "host" / "bin" / "server").chmod(0o644)
    assert source_of(images) != source_of(IMAGES)


def test_what_tools_leave_behind_is_no_source(images: Path) -> None:
    """A linter's cache in the folder makes nobody wait for a build."""
    (images / "host" / "bin" / ".mypy_cache").mkdir()
    (images / "host" / "bin" / ".mypy_cache" / "junk").touch()
    assert source_of(images) == source_of(IMAGES)


def test_without_docker_it_says_so(path: Path) -> None:
    """Status 3 is for what has to be there first; the line says what to do."""
    result = built(path)
    assert (result.returncode, result.stderr) == (
        3,
        "labctl-host:latest is not built: there is no 'docker' command: install Docker\n",
    )


def test_a_daemon_that_is_not_there_is_named(path: Path) -> None:
    """The reason is Docker's own last line."""
    give(path, "docker", script="echo 'warning' >&2; echo 'Cannot connect to the daemon' >&2; exit 1")
    result = built(path)
    assert (result.returncode, result.stderr) == (
        3,
        "labctl-host:latest is not built: no Docker daemon can be asked (Cannot connect to the daemon): start it\n",
    )


def test_a_user_who_may_not_ask_the_daemon_is_told_what_to_do(path: Path) -> None:
    """It is the socket's group that is missing, not the daemon."""
    give(path, "docker", script="echo 'permission denied while trying to connect' >&2; exit 1")
    result = built(path)
    assert result.returncode == 3
    assert result.stderr.endswith("join the group that owns its socket, often 'docker'\n")


def test_an_image_from_the_same_files_is_not_built_again(path: Path) -> None:
    """Docker is asked for the label, and for nothing else."""
    give(
        path,
        "docker",
        script=f"""
            case "$*" in
            version*) ;;
            "image inspect"*" labctl-host:latest") echo {source_of(IMAGES)} ;;
            "image inspect"*" labctl-sidecar:latest") echo {source_of(IMAGES, "sidecar")} ;;
            *) echo "asked for: $*" >&2; exit 1 ;;
            esac
        """,
    )
    result = built(path)
    said = "labctl-host:latest is up to date\nlabctl-sidecar:latest is up to date\n"
    assert (result.returncode, result.stdout, result.stderr) == (0, said, "")


def test_one_of_the_images_can_be_asked_for(path: Path) -> None:
    """Where the other one is missing, too, it is let be."""
    give(
        path,
        "docker",
        script=f"""
            case "$*" in
            version*) ;;
            "image inspect"*" labctl-sidecar:latest") echo {source_of(IMAGES, "sidecar")} ;;
            *) echo "asked for: $*" >&2; exit 1 ;;
            esac
        """,
    )
    result = built(path, "sidecar")
    assert (result.returncode, result.stdout, result.stderr) == (0, "labctl-sidecar:latest is up to date\n", "")


def test_what_is_no_image_is_refused(path: Path) -> None:
    """Bad arguments are status 2, with those there are."""
    result = built(path, "hosts")
    assert result.returncode == 2
    assert "'host', 'sidecar'" in result.stderr


def test_where_a_registry_answers_its_base_is_taken(path: Path, tmp_path: Path) -> None:
    """Each build gets Debian's own image, and the label with the hash of the files."""
    asked = tmp_path / "asked"
    give(
        path,
        "docker",
        script=f"""
            echo "$*" >>{asked}
            case "$1" in image) [ "$2" = prune ] ;; esac
        """,
    )
    assert built(path).returncode == 0
    for name in ("host", "sidecar"):
        assert (
            f"build --build-arg BASE=debian:bookworm-slim --label labctl.source={source_of(IMAGES, name)} "
            f"--tag labctl-{name}:latest {IMAGES / name}"
        ) in asked.read_text().splitlines()


def test_where_none_answers_and_mmdebstrap_is_missing_it_says_how_to_get_it(path: Path) -> None:
    """The registry's failure is told on the way; the last line is what to do."""
    give(path, "docker", script='case "$1" in version) ;; *) echo "no such host" >&2; exit 1 ;; esac')
    result = built(path)
    assert result.returncode == 3
    assert "no registry to pull it from: no such host\n" in result.stdout
    assert result.stderr == (
        "labctl-host:latest is not built: mmdebstrap is missing: "
        "run 'apt-get install mmdebstrap', or let Docker reach an image registry\n"
    )


def test_a_base_that_holds_other_packages_is_not_taken_for_ours(path: Path) -> None:
    """It was made before the Dockerfile asked for more, and the build would need a network."""
    give(path, "docker", script="echo python3")
    words = ["bash", str(IMAGES / "base" / "build"), "--is-there"]
    assert subprocess.run(words, env={"PATH": str(path)}, check=False).returncode == 1


def test_the_base_holds_the_packages_of_both_images_each_of_them_once(path: Path, images: Path) -> None:
    """So that neither build needs a network."""
    (images / "host" / "Dockerfile").write_text('ARG PACKAGES="python3 iproute2"\n')
    (images / "sidecar" / "Dockerfile").write_text('ARG PACKAGES="iproute2 nftables"\n')
    give(path, "docker", script="echo python3 iproute2 nftables")
    words = ["bash", str(images / "base" / "build"), "--is-there"]
    assert subprocess.run(words, env={"PATH": str(path)}, check=False).returncode == 0
