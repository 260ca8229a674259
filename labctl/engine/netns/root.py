"""Folders of the machine -> a private root for a host: read-only programs, everything else its own.

A template is made once for the lab; each host then puts its own files into a copy of the mount namespace.
Stdlib only: runs in the lab's first process. Without a private root a program could reach the user's files
and the Docker socket.
"""

from __future__ import annotations

import os

from labctl.agent import kernel

PLACE = "/sys"
"""Where the template is put together, in the lab's own mount namespace: no folder of a person's lies there."""

_LIBRARIES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_OWN = (
    "tmp", "run", "var", "var/tmp", "home", "home/lab", "root", "proc", "sys", "dev", "etc", "usr", "opt", ".etc",
    ".host",
)  # fmt: skip
_ETC = {
    "resolv.conf": "",
    "passwd": "root:x:0:0:root:/root:/bin/sh\nlab:x:1000:1000:lab:/home/lab:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
    "group": "root:x:0:\nlab:x:1000:\nnogroup:x:65534:\n",
    "shadow": "",
    "gshadow": "",
}
_OF_A_HOST = ("hosts", "hostname", "nsswitch.conf")
_MOST_FILES = "nr_inodes=32k"
"""In one folder that programs may write to: an empty file takes a kibibyte of the kernel's memory, too."""


def make_template(folders: list[tuple[str, str]], interpreter: str | None) -> None:
    """Put the template together at PLACE. `folders`: (source, target) to be seen read-only on every host.

    `interpreter` is the folder of a Python that isn't under /usr, or None. OSError names the mount that failed.
    """
    kernel.mount("lab", PLACE, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=755,size=4m")
    for name in _OWN:
        os.mkdir(f"{PLACE}/{name}", 0o755)
    os.symlink("/run", f"{PLACE}/var/run")
    _show("/usr", "/usr")
    for name in _LIBRARIES:
        if os.path.islink(f"/{name}"):
            os.symlink(os.readlink(f"/{name}"), f"{PLACE}/{name}")
        elif os.path.isdir(f"/{name}"):
            os.mkdir(f"{PLACE}/{name}")
            _show(f"/{name}", f"/{name}")
    _make_etc()
    _make_devices()
    if interpreter is not None:
        _show(interpreter, interpreter)
    for source, target in folders:
        _show(source, target)


def enter(temporary: int, files: dict[str, str]) -> None:
    """Make the template this process's root, in a mount namespace of its own. `temporary`: bytes of /tmp.

    The caller is the first process of a new PID namespace: /proc shows that one. `files` are the host's own in
    /etc.
    """
    writable = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmp", f"{PLACE}/tmp", "tmpfs", writable, f"mode=1777,size={temporary},{_MOST_FILES}")
    kernel.mount("tmp", f"{PLACE}/var/tmp", "tmpfs", writable, f"mode=1777,size=16m,{_MOST_FILES}")
    kernel.mount("home", f"{PLACE}/home/lab", "tmpfs", writable, f"mode=755,size=64m,{_MOST_FILES}")
    kernel.mount("host", f"{PLACE}/.host", "tmpfs", writable, "mode=755,size=1m")
    for name, text in files.items():
        _write(f"{PLACE}/.host/{name}", text)
    kernel.make_read_only(f"{PLACE}/.host")
    options = "newinstance,ptmxmode=0666,mode=620"
    kernel.mount("pts", f"{PLACE}/dev/pts", "devpts", kernel.MS_NOSUID | kernel.MS_NOEXEC, options)
    kernel.mount("shm", f"{PLACE}/dev/shm", "tmpfs", writable, f"mode=1777,size=16m,{_MOST_FILES}")
    flags = kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC
    kernel.mount("proc", f"{PLACE}/proc", "proc", flags)
    os.chdir(PLACE)
    kernel.pivot_root(".", ".")
    kernel.unmount(".")
    os.chdir("/")


def seal() -> None:
    """Make the root read-only, once nothing more is to be put there, and the kernel's settings.

    Outside their own user namespace programs have the uid of the lab's root, and that is all which some settings ask
    for (kernel.pid_max, those of kernel.shm* and msg*).
    """
    kernel.make_mount_read_only("/")
    kernel.mount("/proc/sys", "/proc/sys", flags=kernel.MS_BIND)
    kernel.make_mount_read_only("/proc/sys")


def _show(source: str, target: str) -> None:
    place = PLACE + target
    if os.path.isdir(source):
        os.makedirs(place, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(place), exist_ok=True)
        _write(place, "")
    kernel.mount(source, place, flags=kernel.MS_BIND | kernel.MS_REC)
    kernel.make_read_only(place)


def _make_etc() -> None:
    """The machine's /etc behind links, but for what a host has of its own."""
    _show("/etc", "/.etc")
    for name in os.listdir("/etc"):
        if name not in _ETC and name not in _OF_A_HOST:
            os.symlink(f"../.etc/{name}", f"{PLACE}/etc/{name}")
    for name, text in _ETC.items():
        _write(f"{PLACE}/etc/{name}", text)
    for name in _OF_A_HOST:
        os.symlink(f"../.host/{name}", f"{PLACE}/etc/{name}")


def _make_devices() -> None:
    for name in ("pts", "shm"):
        os.mkdir(f"{PLACE}/dev/{name}")
    for name in _DEVICES:
        _write(f"{PLACE}/dev/{name}", "")
        kernel.mount(f"/dev/{name}", f"{PLACE}/dev/{name}", flags=kernel.MS_BIND)
    links = {"ptmx": "pts/ptmx", "fd": "/proc/self/fd", "stdin": "/proc/self/fd/0"}
    for name, target in (links | {"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}).items():
        os.symlink(target, f"{PLACE}/dev/{name}")


def _write(path: str, text: str) -> None:
    with open(path, "w") as file:
        file.write(text)
