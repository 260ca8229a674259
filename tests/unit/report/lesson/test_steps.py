"""Every verb and state of the language in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.report.lesson.steps import Told, cast_of
from labctl.report.lesson.steps import told as in_words
from labctl.scenario import model
from labctl.scenario.model import Halt
from labctl.scenario.read import scenario_of
from labctl.scenario.yaml.tree import parse

HEAD = """\
hosts: {cheerios: {}, client: {count: 3}}
steps:
  - {on: cheerios, start: server 51717, name: first}
  - {on: client, start: client cheerios 51717, name: crowd}
  - """


def told(step: str) -> Told:
    """A step, after `first` has been started on cheerios and `crowd` on three clients."""
    scenario = scenario_of(parse(f"{HEAD}{step}\n", "x.yaml"), services=["cheerios", "client"])
    return in_words(scenario.steps[-1], cast_of(scenario, ("cheerios", "client")))


@pytest.mark.parametrize(
    ("step", "deed"),
    [
        ("{on: cheerios, start: server-udp 7}", "On cheerios, start `server-udp 7`."),
        ("{on: cheerios, start: server 7, name: b}", "On cheerios, start `server 7`, called b."),
        (
            "{on: client, start: server 7}",
            "On each of client-1 to client-3, start `server 7`, called server-1 to server-3.",
        ),
        ("{on: client-2, start: server 7, count: 2}", "On client-2, start `server 7`, called server-1 and server-2."),
        ("{on: cheerios, run: ls, env: {LANG: C}}", 'On cheerios, run `ls`, with LANG="C" in its environment.'),
        ("{on: cheerios, run: ls, count: 2}", "On cheerios, run `ls`, 2 times at once."),
        ('{on: cheerios, run: ls, stdin: "a b"}', 'On cheerios, run `ls` with "a b" as input.'),
        ('{on: cheerios, run: [sh, -c, "a b\\n"]}', "On cheerios, run `sh -c 'a b'`."),
        ('{on: cheerios, run: "ls {cheerios.ip}"}', "On cheerios, run `ls {cheerios.ip}`."),
        ('{on: cheerios, run: [sh, -c, "a\\nb"]}', "On cheerios, run `sh -c …`."),
        ("{send: hello, to: first}", 'Type "hello" into the window of first.'),
        (
            'send: "{host}"\n    to: crowd',
            'Type "{host}" into the windows of crowd-1 to crowd-3 ({host} is its host\'s name).',
        ),
        (
            'send: {bytes: "\\x04"}\n    to: first',
            "Type Ctrl-D, the end of the input into the window of first.",
        ),
        ('send: {bytes: "a\\0"}\n    to: first', 'Type 2 bytes as they are, "a\\x00" into the window of first.'),
        ("{signal: STOP, to: first}", "Freeze first (SIGSTOP)."),
        ("{signal: CONT, to: crowd-2}", "Let crowd-2 go on (SIGCONT)."),
        ("{signal: KILL, to: crowd}", "Kill crowd-1 to crowd-3 (SIGKILL)."),
        ("{signal: USR1, to: first}", "Send SIGUSR1 to first."),
        ("{stop: first}", "Stop first: SIGTERM, then wait for the end."),
        ("{wait: first}", "Wait until first has ended."),
        ("{wait: crowd}", "Wait until crowd-1 to crowd-3 have ended."),
        ("{wait: first, until: {blocked: accept}}", "Wait until first sleeps in the system call accept."),
        (
            "{wait: crowd, until: {output: x}}",
            "Wait until each of crowd-1 to crowd-3 has printed: x.",
        ),
        ("{on: cheerios, wait: tcp 7}", "On cheerios, wait until a socket listens, at tcp 7."),
        ("{on: cheerios, wait: udp 7}", "On cheerios, wait until a socket is bound, at udp 7."),
        (
            "{on: client, wait: tcp localhost:7, until: {waiting: 1, unread: 0}}",
            "On each of client-1 to client-3, wait until this is so of tcp 7 of localhost:",
        ),
        (
            "{on: cheerios, wait: {file: /tmp/x}, until: {exists: true}}",
            "On cheerios, wait until this is so of the file /tmp/x:",
        ),
        ("{check: first}", "Look at first."),
        ("{on: cheerios, check: unix /tmp/x}", "On cheerios, look at unix /tmp/x."),
        (
            "{on: cheerios, check: {addr: client-1}, expect: {is_resolvable: true}}",
            "On cheerios, ask testinfra about addr client-1.",
        ),
        ("{halt: client}", "Take each of client-1 to client-3 down, as if the power were cut."),
    ],
)
def test_what_is_done(step: str, deed: str) -> None:
    assert told(step).deed == deed


@pytest.mark.parametrize(
    ("step", "outcomes"),
    [
        ("{on: cheerios, start: x, ready: tcp}", ["Goes on as soon as it listens at any tcp port"]),
        ("{on: cheerios, start: x, ready: healthy}", ["Goes on as soon as its host's healthcheck passes"]),
        ("{on: client, start: x, ready: udp 7}", ["Goes on as soon as each of them has bound udp 7"]),
        ("{on: cheerios, start: x, ready: {children: 2}}", ["Goes on as soon as it has 2 child processes"]),
        ("{on: cheerios, run: x}", ["It ends with status 0"]),
        ("{on: cheerios, run: x, expect: {exit: 1}}", ["It ends with status 1"]),
        ("{on: cheerios, run: x, expect: {exit: nonzero}}", ["It ends with a status other than 0"]),
        ("{on: cheerios, run: x, expect: {exit: any}}", ["It ends, no matter how"]),
        ("{wait: first, expect: {exit: KILL}}", ["It is ended by SIGKILL"]),
        ("{stop: first}", ["It ends with status 0, or by the SIGTERM"]),
        (
            "{on: cheerios, run: x, expect: {stdout: '', stderr: {contains: a, strict: a b}}}",
            [
                "It ends with status 0",
                "It prints nothing on stdout",
                "It prints on stderr: a",
                "It prints on stderr, if it is the lab's own program: a b",
            ],
        ),
        (
            "{on: cheerios, run: x, expect: {stdout: [a, b], stderr: {contains: c, not: [d, e], count: 3}}}",
            [
                "It ends with status 0",
                "It prints on stdout, in this order: a; b",
                "It prints on stderr 3 times: c",
                "It does not print on stderr: d",
                "It does not print on stderr: e",
            ],
        ),
        (
            "{on: cheerios, run: x, expect: {stdout: {equals: 'a'}, stderr: {matches: '^a', count: 1}}}",
            [
                "It ends with status 0",
                "It prints on stdout this and nothing else: a",
                "It prints on stderr once what fits the pattern ^a",
            ],
        ),
        (
            "{on: cheerios, run: x, expect: {took: {min: 200ms}}}",
            ["It ends with status 0", "It takes at least 0.20 s"],
        ),
        (
            "{on: cheerios, run: x, expect: {took: {min: 1s, max: 2m}}}",
            ["It ends with status 0", "It takes 1.00 s to 2 min 0 s"],
        ),
        ("{wait: crowd, expect: {exit: 1}}", ["Each ends with status 1"]),
        (
            "{wait: crowd, expect: [{count: 1, stdout: a}, {count: 2, exit: TERM, stdout: {not: a}}]}",
            [
                "Of the 3 programs, 1 ends with status 0; prints on stdout: a",
                "And 2 are ended by SIGTERM; do not print on stdout: a",
            ],
        ),
        (
            "{on: cheerios, run: x, expect: {exit: 1, syscalls: [socket, {call: bind, error: EADDRINUSE}]}}",
            ["It ends with status 1", "It calls socket, then bind (fails with EADDRINUSE)"],
        ),
        (
            "{wait: crowd, expect: {syscalls: [{call: connect, args: htons(7), returns: 0, took: {max: 2s}}]}}",
            [
                "Each ends with status 0",
                "Each calls connect (with htons(7); returns 0; takes at most 2.00 s)",
            ],
        ),
        (
            "{on: cheerios, run: x, expect: {syscalls: [{call: read, returns: {min: 1}, count: 2}, "
            "{call: write, returns: {max: 9}, count: {min: 1}}, {call: close, count: 1}, "
            "{call: bind, returns: {min: 1, max: 9}, count: 0}, fork]}}",
            [
                "It ends with status 0",
                "It calls fork",
                "It calls read (returns at least 1) 2 times",
                "It calls write (returns at most 9) at least 1 time",
                "It calls close once",
                "It never calls bind (returns 1 to 9)",
            ],
        ),
        (
            "{wait: crowd, expect: [{count: 1, syscalls: [bind]}, {count: 2, syscalls: [{call: bind, count: 0}]}]}",
            [
                "Of the 3 programs, 1 ends with status 0; calls bind",
                "And 2 end with status 0; never call bind",
            ],
        ),
        (
            "{check: client-1 -> cheerios, only: tcp 7, expect: {sent: 3, order: [-> SYN, <- SYN-ACK, -> ACK]}}",
            [
                "3 packets were sent",
                "These pass in this order, perhaps with others between them: "
                "SYN from client-1, SYN-ACK from cheerios, ACK from client-1",
            ],
        ),
        (
            "{check: any -> client, expect: {order: [<- PORT-UNREACHABLE]}}",
            ["There passes PORT-UNREACHABLE from one of client-1 to client-3"],
        ),
        (
            "{check: client <-> any, expect: {order: [-> ECHO, <- ECHO-REPLY]}}",
            [
                "These pass in this order, perhaps with others between them: "
                "ECHO from one of client-1 to client-3, ECHO-REPLY from any host",
            ],
        ),
        ("{check: first}", ["It runs"]),
        (
            "{check: crowd, expect: {blocked: read, children: 0, zombies: {min: 1}, stdout: '', stderr: x}}",
            [
                "Each sleeps in the system call read",
                "Each has no child process",
                "Each has at least 1 zombie, ended and not waited for",
                "Each has printed nothing on stdout",
                "Each has printed on stderr: x",
            ],
        ),
        (
            "{on: cheerios, check: tcp 7, expect: {listening: false, waiting: 6, unread: 1, unacked: {max: 9}}}",
            [
                "No socket listens",
                "6 connections wait for accept",
                "1 byte lies unread",
                "At most 9 bytes wait to be acknowledged",
            ],
        ),
        (
            "{on: cheerios, check: udp 7, expect: {overflowed: {min: 1, max: 3}}}",
            ["1 to 3 datagrams found no room and are lost"],
        ),
        (
            "{on: cheerios, check: tcp 7, expect: {syn-sent: 1, syn-received: 0, established: 2, time-wait: 1}}",
            [
                "1 socket has called and has no answer (SYN-SENT)",
                "No socket has answered a call and heard no more (SYN-RECEIVED)",
                "2 sockets are connected (ESTABLISHED)",
                "1 socket lingers after its end (TIME-WAIT)",
            ],
        ),
        (
            "{on: cheerios, check: tcp 7, expect: {fin-wait: 1, close-wait: 2}}",
            [
                "1 socket has closed, and its peer has not (FIN-WAIT)",
                "2 sockets have a peer that has closed (CLOSE-WAIT)",
            ],
        ),
        (
            "{on: cheerios, check: {file: /tmp/x}, expect: {exists: true, size: 3, user: lab}}",
            ["Its exists is true", "Its size is 3", "Its user is lab"],
        ),
    ],
)
def test_what_will_happen(step: str, outcomes: list[str]) -> None:
    assert list(told(step).outcomes) == outcomes


def test_a_text_of_several_lines_stays_as_it_is() -> None:
    assert told('{on: cheerios, run: [sh, -c, "if a\\nthen\\n  b\\nfi\\n"]}').script == "if a\nthen\n  b\nfi"


def test_a_module_of_tests_is_run_on_every_host(tmp_path: Path) -> None:
    (tmp_path / "t.py").write_text("")
    text = "hosts: {client: {}}\nsteps: [{pytest: t.py}]\n"
    scenario = scenario_of(parse(text, str(tmp_path / "x.yaml")), services=["client"])

    assert in_words(scenario.steps[0], cast_of(scenario, ("client",))) == Told(
        "On every host, run the tests of t.py with pytest.", ("They pass",)
    )


def test_every_verb_of_the_language_is_told() -> None:
    """A new verb has its words here: mypy says the same of `told`."""
    verbs = set(model.Step.__args__)

    assert verbs == {
        *(model.Start, model.Run, model.Send, model.Signal, model.Stop, model.Wait, model.Check, model.Pytest, Halt),
        *(model.Impair, model.Heal),
    }
