"""The testinfra modules that a scenario can look at: what argument each takes, which attributes it has."""

from __future__ import annotations

from msgspec import Struct


class Shape(Struct, frozen=True):
    """A testinfra module as a scenario sees it.

    `argument` names the kind of its argument (see thing_kinds.py), `attributes` the kind of each attribute's
    value: bool, int, mode (octal), text, or texts (a list, in any order).
    """

    argument: str
    attributes: dict[str, str]


# pytest-testinfra 10.2, testinfra/modules: properties without arguments whose values YAML can spell.
THINGS: dict[str, Shape] = {
    "socket": Shape("socket", {"is_listening": "bool"}),
    "file": Shape(
        "path",
        {
            "exists": "bool",
            "is_file": "bool",
            "is_directory": "bool",
            "is_executable": "bool",
            "is_pipe": "bool",
            "is_socket": "bool",
            "is_symlink": "bool",
            "linked_to": "text",
            "user": "text",
            "uid": "int",
            "group": "text",
            "gid": "int",
            "mode": "mode",
            "size": "int",
            "md5sum": "text",
            "sha256sum": "text",
            "content_string": "text",
        },
    ),
    "addr": Shape(
        "address",
        {
            "is_resolvable": "bool",
            "is_reachable": "bool",
            "ip_addresses": "texts",
            "ipv4_addresses": "texts",
            "ipv6_addresses": "texts",
        },
    ),
    "interface": Shape("interface", {"exists": "bool", "speed": "int", "addresses": "texts"}),
    "process": Shape(
        "filters",
        {
            "comm": "text",
            "args": "text",
            "user": "text",
            "group": "text",
            "ruser": "text",
            "pid": "int",
            "ppid": "int",
            "pgid": "int",
            "sid": "int",
            "uid": "int",
            "gid": "int",
            "nlwp": "int",
            "ni": "int",
            "rss": "int",
            "vsz": "int",
            "stat": "text",
            "state": "text",
            "tty": "text",
            "wchan": "text",
        },
    ),
    "command": Shape(
        "command",
        {
            "rc": "int",
            "exit_status": "int",
            "stdout": "text",
            "stderr": "text",
            "succeeded": "bool",
            "failed": "bool",
        },
    ),
    "user": Shape(
        "name",
        {
            "exists": "bool",
            "uid": "int",
            "gid": "int",
            "group": "text",
            "groups": "texts",
            "home": "text",
            "shell": "text",
            "gecos": "text",
        },
    ),
    "group": Shape("name", {"exists": "bool", "gid": "int", "members": "texts"}),
    "mount_point": Shape("path", {"exists": "bool", "filesystem": "text", "device": "text", "options": "texts"}),
}

# What `addr: HOST:PORT` has: testinfra's `addr(HOST).port(PORT)`.
ADDR_PORT = Shape("address", {"is_reachable": "bool"})

# Modules that are there and don't fit: why, and what to do instead.
ELSEWHERE: dict[str, str] = {
    "service": "use `process`: a lab host has no service manager",
    "package": "use `command`: a lab host need not have a package database",
    "pip": "use a `pytest` step",
    "docker": "use the lab's own states: a lab host has no Docker",
    "podman": "use the lab's own states: a lab host has no Podman",
    "sysctl": "use `file` with `/proc/sys/…` and `content_string`",
    "environment": "use `command: env`",
    "system_info": "use a `pytest` step",
    "iptables": "use a `pytest` step",
    "block_device": "use a `pytest` step",
    "run": "write `command`",
    "port": "write `addr: HOST:PORT` with `is_reachable`",
    "ping": "write `addr: HOST` with `is_reachable`",
    "dns": "write `addr: HOST` with `is_resolvable`",
}

# Attributes that take arguments, or whose values YAML cannot spell.
ARGUED: dict[str, dict[str, str]] = {
    "file": {
        "contains": "use `content_string`, or a `pytest` step",
        "content": "write `content_string`",
        "mtime": "use a `pytest` step",
        "listdir": "use a `pytest` step",
    },
    "addr": {"port": "write `addr: HOST:PORT` with `is_reachable`"},
    "socket": {
        "listening": "write `is_listening`, or look at a PORT: `check: tcp 51717`",
        "clients": "use a `pytest` step, or look at a PORT with `established`",
    },
    "interface": {"routes": "use a `pytest` step", "link": "use a `pytest` step"},
    "command": {"exit": "write `rc`", "stdout_bytes": "write `stdout`", "stderr_bytes": "write `stderr`"},
    "process": {"exists": "use `command` with pgrep: a process that is not there has no attributes"},
}
