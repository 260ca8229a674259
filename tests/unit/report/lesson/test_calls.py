"""Which system calls a lesson names, and what it says of them."""

from __future__ import annotations

import re

import pytest

from labctl.plan.shipped import shipped
from labctl.report.lesson.calls import ORDER, calls_at_play
from labctl.report.lesson.programs import PROGRAMS
from labctl.scenario.links.order import PASSING
from labctl.scenario.read import scenario_of
from labctl.scenario.states.kinds import SOCKET_STATES
from labctl.scenario.yaml.tree import parse


def pages(steps: str, top: str = "") -> dict[str, list[str]]:
    """The pages of a scenario with these steps, and what is said of each."""
    scenario = scenario_of(parse(f"{top}\nsteps: [{steps}]\n", "x.yaml"), services=["cheerios", "client"])
    return dict(calls_at_play(scenario))


def of_command(command: str) -> dict[str, list[str]]:
    return pages(f"{{on: client, start: {command}, name: s}}")


def test_every_program_of_the_lab_is_in_the_table() -> None:
    assert set(PROGRAMS) == {program.name for program in (shipped("images") / "host" / "bin").iterdir()}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_option_that_the_table_knows_is_one_of_the_programs(program: str) -> None:
    """And every page is one that has its place in the order."""
    text = (shipped("images") / "host" / "bin" / program).read_text()
    uses = PROGRAMS[program]

    for word in (word for use in uses for word in (use.flag, use.unless) if word is not None):
        assert f'"{word}"' in text
    assert {use.page for use in uses} <= set(ORDER)
    assert all(use.says[0].islower() and not use.says.endswith(".") for use in uses)


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_call_of_the_table_is_in_the_programs_text(program: str) -> None:
    """By the name that Python has for it."""
    text = (shipped("images") / "host" / "bin" / program).read_text()
    spelt = {
        "write": r"\.sendall\(",
        "read": r"\.recv\(",
        "send": r"\.sendto\(|\.send\(",
        "recv": r"\.recvfrom\(",
        "sigaction": r"signal\.signal\(",
        "unlink": r"os\.unlink\(|TemporaryDirectory\(",
        "socket": r"socket\.socket\(",
    }
    for page in {use.page for use in PROGRAMS[program] if not use.page.endswith("(7)")}:
        call = page[: page.index("(")]
        assert re.search(spelt.get(call, rf"\b{call}\("), text), f"{program} makes no {call}"


def test_the_server_and_the_client_of_the_tutorial() -> None:
    assert list(of_command("server 51717")) == [
        *("socket(2)", "bind(2)", "listen(2)", "accept(2)", "write(2)", "read(2)", "close(2)")
    ]
    assert list(of_command("client cheerios 51717")) == [
        *("getaddrinfo(3)", "socket(2)", "connect(2)", "write(2)", "read(2)", "close(2)")
    ]


@pytest.mark.parametrize(
    ("command", "page", "says"),
    [
        ("server --reuse 7", "setsockopt(2)", "SO_REUSEADDR"),
        ("server 7 --address cheerios", "bind(2)", "at one address of the host only"),
        ("server --address=cheerios 7", "getaddrinfo(3)", "its own address"),
        ("server --buffer 10 7", "read(2)", "--buffer"),
        ("server --linger 7", "read(2)", "nothing more to come"),
        ("client --half-close cheerios 7", "shutdown(2)", "goes on reading"),
        ("server-fork 7", "waitpid(2)", "every ended child"),
        ("server-fork --reap one 7", "waitpid(2)", "one child for each signal"),
        ("server-fork --keep-open 7", "close(2)", "forgotten"),
        ("server-udp --receive-buffer 5000 7", "setsockopt(2)", "SO_RCVBUF"),
        ("server-udp --reuse 7", "setsockopt(2)", "SO_REUSEADDR"),
        ("client-udp --connect cheerios 7", "connect(2)", "sends nothing"),
        ("client-udp cheerios 7", "send(2)", "sendto"),
        ("server-unix /tmp/x", "unlink(2)", "file"),
        ("client-unix-datagram /tmp/x", "unix(7)", "path"),
        ("/usr/local/bin/server 7", "listen(2)", "kernel"),
    ],
)
def test_an_option_brings_its_call(command: str, page: str, says: str) -> None:
    assert any(says in note for note in of_command(command)[page])


@pytest.mark.parametrize(
    ("command", "page"),
    [
        ("server 7", "setsockopt(2)"),
        ("server-fork --reap none 7", "waitpid(2)"),
        ("client-udp cheerios 7", "connect(2)"),
        ("client-udp --count 3 cheerios 7", "recv(2)"),
    ],
)
def test_a_call_that_is_not_made_is_not_named(command: str, page: str) -> None:
    assert page not in of_command(command)


@pytest.mark.parametrize(
    "command", ["server", "server x", "server 65536", "client cheerios", "client 7 cheerios", "client x 0", "ls 7"]
)
def test_a_program_that_ends_before_its_first_call_names_none(command: str) -> None:
    assert of_command(command) == {}


@pytest.mark.parametrize(
    ("step", "page", "note"),
    [
        ("{signal: STOP, to: s}", "kill(2)", "signal: sends one to a process"),
        ("{signal: KILL, to: s}", "signal(7)", "KILL: ends a program"),
        ("{stop: s}", "signal(7)", "TERM: asks a program to end"),
        ("{send: x, to: s}", "pty(7)", "send: what is typed"),
        ("{wait: s, until: {blocked: accept}}", "accept(2)", "blocked: sleeps until there is a connection"),
        ("{wait: s, until: {blocked: futex}}", "futex(2)", "blocked: sleeps until"),
        ("{wait: s, until: {children: 2}}", "fork(2)", "children: "),
        ("{check: s, expect: {zombies: 0}}", "wait(2)", "zombies: "),
        ("{on: client, wait: tcp 7}", "listen(2)", "listening: from here on"),
        ("{on: client, wait: udp 7}", "bind(2)", "listening: a datagram socket"),
        ("{on: client, check: tcp 7, expect: {waiting: 1}}", "listen(2)", "waiting: "),
        ("{on: client, check: tcp 7, expect: {unread: 1}}", "tcp(7)", "unread: "),
        ("{on: client, check: tcp 7, expect: {unacked: 1}}", "tcp(7)", "unacked: "),
        ("{on: client, check: udp 7, expect: {overflowed: 1}}", "udp(7)", "overflowed: "),
        ("{on: client, check: unix /x, expect: {unread: 1}}", "unix(7)", "unread: "),
        ("{link: client -> cheerios, only: udp, drop: [2]}", "udp(7)", "drop: what is lost is lost in silence"),
        ("{link: client -> cheerios, only: tcp 7, drop: [2]}", "tcp(7)", "drop: what is not acknowledged"),
        ("{link: client -> cheerios, drop: fragments}", "ip(7)", "fragments: "),
        ("{link: client -> cheerios, cut: reset}", "tcp(7)", "cut: reset: the answer"),
        ("{link: client -> cheerios, cut: host-unreachable}", "icmp(7)", "cut: host-unreachable: "),
        ("{check: client -> cheerios, expect: {retransmitted: 1}}", "tcp(7)", "retransmitted: "),
        ("{wait: client -> cheerios, until: {resets: 1}}", "tcp(7)", "resets: "),
        ("{wait: s, expect: {syscalls: [accept4]}}", "accept(2)", "syscalls: is looked for"),
        ("{stop: s, expect: {syscalls: [{call: bind, error: EACCES}]}}", "errno(3)", "EACCES: Permission denied"),
        *(
            (f"{{check: client -> cheerios, expect: {{order: [-> {word}]}}}}", f"{protocol}(7)", f"{word}: ")
            for word, protocol in PASSING.items()
        ),
        *((f"{{on: client, check: tcp 7, expect: {{{name}: 1}}}}", "tcp(7)", f"{name}: ") for name in SOCKET_STATES),
    ],
)
def test_a_step_names_the_calls_that_it_is_about(step: str, page: str, note: str) -> None:
    said = pages(f"{{on: client, start: cat, name: s}}, {step}")

    assert any(one.startswith(note) for one in said[page])


def test_a_call_that_is_looked_for_is_named_once_where_more_is_known_of_it() -> None:
    said = pages("{on: client, run: server 7, expect: {syscalls: [socket, bind]}}")

    assert said["bind(2)"] == ["server: gives it the port, at every address of the host"]


def test_settings_and_families_name_their_pages() -> None:
    settings = "net.core.somaxconn: 2, net.ipv4.neigh.eth0.mcast_solicit: 1, net.ipv4.tcp_rmem: 1 2 3"
    said = pages("{on: client, run: ls}", f"ip: [4, 6]\nhosts: {{client: {{sysctls: {{{settings}}}}}}}")

    assert list(said) == ["listen(2)", "ipv6(7)", "tcp(7)", "arp(7)"]
    assert said["arp(7)"][0].startswith("mcast_solicit: ")


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("[sh, -c, 'cd /tmp && server --reuse 0 > slip']", {"setsockopt(2)", "listen(2)"}),
        ("[sh, -c, 'client cheerios $(cat slip) | cat']", {"connect(2)"}),
        ('[python3, -c, "s = socket.socket()\\ns.bind(a)\\ns.append(1)"]', {"socket(2)", "bind(2)"}),
    ],
)
def test_what_a_shell_or_python_is_given_names_its_calls(command: str, found: set[str]) -> None:
    said = of_command(command)

    assert found <= set(said)
    assert set(said) <= set(ORDER)


def test_programs_that_do_the_same_share_a_line() -> None:
    said = pages("{on: cheerios, start: server 7}, {on: client, run: client cheerios 7}")

    assert said["socket(2)"] == ["server, client: makes a socket, which has no address yet"]


def test_a_link_that_is_cut_in_silence_and_one_of_any_packets_name_no_page() -> None:
    assert pages("{link: client -> cheerios, cut: silent}, {link: cheerios -> client, delay: 40ms}, {heal: all}") == {}
