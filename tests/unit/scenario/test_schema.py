"""The JSON Schema takes what the reader takes, and refuses the shapes and words that it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.scenario.schema import schema
from labctl.scenario.yaml.plain import plain
from labctl.scenario.yaml.tree import parse, read_tree

jsonschema = pytest.importorskip("jsonschema")

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.yaml"))
SCHEMA = schema()


def complaints(document: object) -> list[str]:
    return [error.json_path for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(document)]


def step(text: str) -> object:
    return plain(parse(f"steps: [{text}]", "x.yaml").root)


def test_the_schema_is_of_draft_07() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_is_valid(path: Path) -> None:
    assert complaints(plain(read_tree(path).root)) == []


@pytest.mark.parametrize(
    "text",
    [
        "{on: client}",
        "{run: ls}",
        "{on: client, run: ls, wait: x}",
        "{on: client, run: ls, stdni: x}",
        "{on: Client, run: ls}",
        "{on: client, run: ls, timeout: 10}",
        "{on: client, run: ls, expect: {exit: 256}}",
        "{on: client, run: ls, expect: {exit: SIGKILL}}",
        "{on: client, run: ls, expect: {took: 1s}}",
        "{on: client, run: ls, expect: {took: {over: 1s}}}",
        "{on: client, run: ls, expect: [{exit: 0}]}",
        "{on: client, run: ls, expect: {stdout: {regex: x}}}",
        "{on: client, run: ls, expect: {stdout: }}",
        "{on: client, run: []}",
        "{on: client, start: ls, expect: {exit: 0}}",
        "{on: client, start: ls, name: any}",
        "{on: client, start: ls, count: 0}",
        "{send: x}",
        "{halt: [client]}",
        "{halt: client, on: client}",
        "{signal: SIGKILL, to: x}",
        "{on: client, wait: tcp 51717, until: {is_listening: true}, timeout: 1}",
        "{on: client, check: {fil: /tmp}, expect: {exists: true}}",
        "{on: client, check: {file: tmp}, expect: {exists: true}}",
        "{link: a <- b, drop: [1]}",
        "{link: a -> b, cut: true}",
        "{link: a -> b, drop: 120%}",
        "{link: a -> b, only: udp, drop: [0]}",
        "{link: a -> b, only: udp, drop: [2, 2]}",
        "{link: a -> b, only: udp 0, drop: 5%}",
        "{link: a -> b, only: icmp 8, drop: 5%}",
        "{link: a -> b, drop: {first: 1, every: 2}}",
        "{link: a -> b}",
        "{link: a -> b, only: udp, seed: 3}",
        "{link: a -> b, cut: silent, jitter: 5ms}",
        "{link: a -> b, rate: 1mbps}",
        "{link: a -> b, drop: 20%, burst: 0}",
        "{link: a -> b, reorder: 20%, hold: 0}",
        "{link: a -> b, delay: 40}",
        "{check: a -> b, expect: {lost: 1}}",
        "{check: a -> b, expect: {dropped: []}}",
        "{check: a -> b, expect: {order: []}}",
        "{check: a -> b, expect: {order: -> SYN}}",
        "{check: a -> b, expect: {order: [-> syn]}}",
        "{check: a -> b, expect: {order: [->SYN]}}",
        "{check: a -> b, expect: {order: [<-> SYN]}}",
        "{wait: a -> b, until: {order: [-> SYN]}}",
        "{on: client, run: ls, expect: {syscalls: bind}}",
        "{on: client, run: ls, expect: {syscalls: []}}",
        "{on: client, run: ls, expect: {syscalls: [bnid]}}",
        "{on: client, run: ls, expect: {syscalls: [{error: EADDRINUSE}]}}",
        "{on: client, run: ls, expect: {syscalls: [{call: bind, error: EADDRINSUE}]}}",
        "{on: client, run: ls, expect: {syscalls: [{call: bind, error: EADDRINUSE, returns: 0}]}}",
        "{on: client, run: ls, expect: {syscalls: [{call: bind, returns: -1}]}}",
        "{on: client, run: ls, expect: {syscalls: [{call: bind, took: 1s}]}}",
        "{wait: x, until: {syscalls: [bind]}}",
        "{check: x, expect: {syscalls: [bind]}}",
        "{heal: true}",
        "{pytest: tests}",
    ],
)
def test_a_wrong_step_is_invalid(text: str) -> None:
    assert complaints(step(text))


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{steps: []}",
        "{steps: [{on: client, run: ls}], ip: 5}",
        "{steps: [{on: client, run: ls}], hosts: {}}",
        "{steps: [{on: client, run: ls}], hosts: {client: {copies: 3}}}",
        "{steps: [{on: client, run: ls}], hosts: {localhost: {}}}",
        "{steps: [{on: client, run: ls}], hosts: {client: {sysctls: {kernel.pid_max: 1}}}}",
        "{steps: [{on: client, run: ls}], hosts: {client: {sysctls: {net.ipv4.tcp_syn_retries: 128}}}}",
        "{steps: [{on: client, run: ls}], hosts: {client: {sysctls: {net.ipv4.tcp_rmem: 4096}}}}",
        "{steps: [{on: client, run: ls}], skip: {doker: x}}",
        "{steps: [{on: client, run: ls}], tags: tcp}",
        "{steps: [{on: client, run: ls}], sleep: 1}",
    ],
)
def test_a_wrong_top_is_invalid(text: str) -> None:
    assert complaints(plain(parse(text, "x.yaml").root))
