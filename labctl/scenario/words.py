"""Words people bring from other tools, and what they are told."""

from __future__ import annotations

from labctl.scenario.reading import Words

_COUNT = dict.fromkeys(("copies", "replicas", "scale", "times", "instances"), "write `count`")
_LEFT_OUT = {
    "user": "leave it out: programs never have privileges",
    "sudo": "leave it out: programs never have privileges",
    "privileged": "leave it out: programs never have privileges",
    "cap_add": "leave it out: programs never have privileges",
    "observe": "leave it out, and call `labctl run --see`",
    "capture": "leave it out, and call `labctl run --see`",
    "trace": "leave it out, and call `labctl run --see`",
    "needs": "leave it out: nothing needs to be said",
    "healthcheck": "write it in compose.yaml, and `ready: healthy` in a `start` step",
    "depends_on": "leave it out: steps come in order of time, and `ready` says when a start is over",
    "cwd": "write `run: sh -c 'cd … && …'`",
    "shell": "write `run: sh -c '…'`",
    "files": "put files into the image, or write them with `run: sh -c '…'`",
    "retry": "leave it out, and wait until something is so",
    "retries": "leave it out, and wait until something is so",
    "if": "leave it out: a scenario has no conditions; use a `pytest` step",
    "when": "leave it out: a scenario has no conditions; use a `pytest` step",
    "loop": "use `count`, or a `pytest` step: a scenario has no loops",
    "vars": "write the values out: a scenario has no variables",
    "register": "use a `pytest` step: a scenario keeps no values",
    "include": "write the steps out: a scenario includes no other",
    "<<": "write the keys out: a scenario has no merge keys",
}
_FAULTS = {
    "loss": "`drop: 20%`",
    "lose": "`drop: 20%`",
    "latency": "`delay: 40ms`",
    "bandwidth": "`rate: 1mbit`",
    "partition": "`cut: silent`",
    "down": "`cut: silent`",
    "reset": "`cut: reset`",
    "unreachable": "`cut: host-unreachable`, `net-unreachable` or `port-unreachable`",
    "reject": "`cut: reset` or `cut: port-unreachable`",
}
_HALT = dict.fromkeys(
    ("power", "power-off", "power_off", "poweroff", "power off", "shutdown", "shut-down", "crash", "unplug", "die"),
    "write `halt: HOST`",
)
NO_SLEEP = "wait until something is so: `wait: tcp 51717`, or `wait: PROGRAM` with `until: {output: …}`"
_OUTPUT_WAIT = "write `wait: PROGRAM` with `until: {output: …}`"

TOP_WORDS = Words(
    "a scenario",
    {
        **_LEFT_OUT,
        "title": "write `name`",
        "description": "write `about`",
        "timeout": "write it in the step that may take so long",
        "services": "write `hosts`",
        "machines": "write `hosts`",
        "nodes": "write `hosts`",
        "host": "write `hosts`",
        "family": "write `ip`",
        "expect": "write it in a step",
        "network": "leave it out: all hosts share one network",
        "networks": "leave it out: all hosts share one network",
    },
)
HOST_WORDS = Words(
    "a host",
    {
        **_COUNT,
        **_LEFT_OUT,
        "image": "write it in compose.yaml",
        "ip": "leave it out: addresses are given, and steps use names",
        "ports": "leave it out: all ports of a host can be reached within the lab",
        "sysctl": "write `sysctls`",
        "command": "write a `start` step",
        "env": "write it in the `start` or `run` step",
        "environment": "write `env` in the `start` or `run` step",
        "missing": "write `absent`",
    },
)
STEP_WORDS = Words(
    "a step",
    {
        **_COUNT,
        **_LEFT_OUT,
        **{word: f"write a step `link: A -> B` with {right}" for word, right in _FAULTS.items()},
        **_HALT,
        "down": "write `halt: HOST` for a host, and for a link a step `link: A -> B` with `cut: silent`",
        "flap": "write a step `link: A -> B` with `cut: silent`, then `heal: A -> B`",
        "host": "write `on`",
        "at": "write `on`",
        "await": _OUTPUT_WAIT,
        "expect_output": _OUTPUT_WAIT,
        "sleep": NO_SLEEP,
        "pause": NO_SLEEP,
        "packets": "write `check: A -> B`",
        "kill": "write `signal: KILL` for a program, and `halt: HOST` for a host",
        **dict.fromkeys(("reboot", "boot", "power-on"), "leave it out: a halted host stays halted"),
        "restart": "write `stop`, then `start`; a halted host stays halted",
        "exec": "write `run`",
        "cmd": "write `run` or `start`",
        "command": "write `run` or `start`",
        "spawn": "write `start`",
        "background": "write `start` instead of `run`",
        "type": "write `send`",
        "input": "write `stdin` with `run`, or a `send` step",
        "environment": "write `env`",
        "assert": "write `expect`",
        "description": "write `why`",
        "comment": "write `why`",
    },
)
LINK_WORDS = Words(
    "a `link` step",
    {
        **{word: f"write {right}" for word, right in _FAULTS.items()},
        "flap": "write `cut: silent`, then a step `heal: A -> B`",
        "percent": "write `drop: 20%`",
        "port": "write `only: tcp 51717`",
        "protocol": "write `only: tcp` or `only: udp`",
        "for": "write a `heal` step where it shall end",
        **dict.fromkeys(("dup", "copy"), "write `duplicate: [3]`"),
        **dict.fromkeys(("damage", "corruption"), "write `corrupt: [3]`"),
        **dict.fromkeys(("limit", "buffer"), "write `queue: 50ms`"),
    },
)
LINK_STATE_WORDS = Words(
    "a link's state",
    {
        **dict.fromkeys(("lost", "loss", "drops"), "write `dropped`"),
        **dict.fromkeys(("received", "delivered"), "write `arrived`"),
        **dict.fromkeys(("packets", "count", "transmitted"), "write `sent` or `arrived`"),
        **dict.fromkeys(("retransmissions", "retransmits", "repeated"), "write `retransmitted`"),
        **dict.fromkeys(("rst", "reset"), "write `resets`"),
        "established": "write `check: tcp 51717` with `on`",
        "unread": "write `check: tcp 51717` with `on`",
        "overflowed": "write `check: udp 51717` with `on`",
        "output": "write it for the program",
        "syscalls": "write it at the end of a program: `run`, `wait` or `stop` with `expect`",
        **dict.fromkeys(("sequence", "segments", "flags"), "write `order`"),
    },
)
END_WORDS = Words(
    "the end of a program",
    {
        **dict.fromkeys(("rc", "code", "exit_code", "status", "returncode", "exit_status"), "write `exit`"),
        "signal": "write `exit: KILL`",
        "output": "write `stdout` or `stderr`",
        "count": "write a list: `- {count: 2, stdout: …}`",
        "time": "write `took`",
        "duration": "write `took`",
        "out": "write `stdout`",
        "err": "write `stderr`",
        "blocked": "leave it out: an ended program blocks nowhere",
        "children": "leave it out: look at it while the program runs",
        **dict.fromkeys(("calls", "syscall", "system-calls", "strace"), "write `syscalls`"),
        "order": "write it in a step `check: A -> B` with `expect`",
    },
)
PROGRAM_WORDS = Words(
    "a program's state",
    {
        "stdout": "write `output`",
        "stderr": "write `output`",
        "contains": "write `output`",
        "prints": "write `output`",
        "exit": "leave `until` out, and write `expect: {exit: …}`",
        "took": "leave `until` out, and write `expect: {took: …}`",
        "listening": "write `wait: tcp 51717`",
        "blocked_in": "write `blocked`",
        "syscalls": "leave `until` out, and write `expect: {syscalls: …}`",
    },
)
CHECK_WORDS = Words(
    "a program's state",
    {
        "output": "write `stdout` or `stderr`: all it has printed",
        "exit": "use `wait` with `expect`: a check looks at a running program",
        "took": "use `wait` with `expect`: a check looks at a running program",
        "listening": "write `check: tcp 51717`",
        "syscalls": "use `wait` with `expect`: they are looked at when the program has ended",
        "running": "leave `expect` out: a check of a program by itself says that it runs",
    },
)
PORT_WORDS = Words(
    "a port's state",
    {
        "is_listening": "write `listening`",
        "open": "write `listening`",
        "backlog": "write `waiting`",
        "queued": "write `waiting`",
        "connected": "write `established`",
        "established_count": "write `established`",
        "time_wait": "write `time-wait`",
        "close_wait": "write `close-wait`",
        "syn_sent": "write `syn-sent`",
        "syn_received": "write `syn-received`",
        "syn-recv": "write `syn-received`",
        "fin_wait": "write `fin-wait`",
        "fin-wait-1": "write `fin-wait`",
        "fin-wait-2": "write `fin-wait`",
        "dropped": "write `overflowed`, or `check: A -> B`",
        "order": "write it in a step `check: A -> B` with `expect`",
    },
)
