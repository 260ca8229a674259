"""A scenario file becomes typed values; what the language says of each key is so."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import pytest

from labctl.scenario.model import (
    Check,
    End,
    Family,
    Halt,
    HostSpec,
    Input,
    Match,
    Num,
    Output,
    Port,
    PortState,
    ProgramRef,
    ProgramState,
    Pytest,
    Run,
    Scenario,
    Send,
    Signal,
    Span,
    Start,
    Step,
    Stop,
    Thing,
    ThingState,
    Wait,
)
from labctl.scenario.names import hosts_of
from labctl.scenario.problems import Position, ScenarioError
from labctl.scenario.read import read_scenario, scenario_of
from labctl.scenario.yaml.tree import parse

EXAMPLES = Path(__file__).parent / "examples"
READABLE = ("crowd", "faults", "one-message", "states", "things")
HOSTS = "hosts: {cheerios: {}, client: {count: 2}}\n"
STARTED = "  - {on: cheerios, start: server 51717}\n"

S = TypeVar("S", bound=Step)


def scenario(text: str, *, services: tuple[str, ...] | None = ("cheerios", "client")) -> Scenario:
    return scenario_of(parse(text, "folder/x.yaml"), services=services)


def step(kind: type[S], text: str) -> S:
    """The last step of a scenario that has started `server` before."""
    last = scenario(f"{HOSTS}steps:\n{STARTED}  - {text}\n").steps[-1]
    assert isinstance(last, kind)
    return last


def end(text: str) -> End:
    (only,) = step(Run, f"{{on: cheerios, run: server, expect: {text}}}").expect
    return only


def stdout(text: str) -> Match:
    match = end(f"{{stdout: {text}}}").stdout
    assert match is not None
    return match


@pytest.mark.parametrize("name", READABLE)
def test_an_example_is_read_without_a_warning(name: str) -> None:
    assert read_scenario(EXAMPLES / f"{name}.yaml", services=["cheerios", "client"]).warnings == ()


def test_what_comes_later_is_said_at_its_place() -> None:
    with pytest.raises(ScenarioError) as raised:
        read_scenario(EXAMPLES / "later.yaml", services=None)

    said = [(problem.at.line, problem.message.split("`")[1]) for problem in raised.value.problems]
    assert said == [(7, "syscalls"), (10, "order")]
    assert all("is not there yet" in problem.message for problem in raised.value.problems)


# The top of a file


def test_the_top_of_a_file_is_read() -> None:
    read = read_scenario(EXAMPLES / "crowd.yaml", services=["cheerios", "client"])

    assert read.name == "a crowd"
    assert read.tags == ("tcp", "crowd")
    assert read.families == (Family.IPV4, Family.IPV6)
    assert read.several_families
    assert read.seed == 7
    assert read.skip == {"docker": "the reason, with a comma"}
    assert hosts_of(read, []) == ("cheerios", "client-1", "client-2", "client-3", "nobody")


def test_a_title_comes_from_the_file_name() -> None:
    assert scenario("steps: [{on: client, run: ls}]").name == "x"


def test_what_is_left_out_has_the_languages_defaults() -> None:
    read = scenario("steps: [{on: client, run: ls}]")

    assert (read.families, read.seed, read.hosts, read.allow_internet) == ((Family.IPV4,), 1, None, False)


def test_a_single_family_is_not_several() -> None:
    assert not scenario("ip: [6]\nsteps: [{on: client, run: ls}]").several_families


def test_a_host_may_have_an_empty_value() -> None:
    assert scenario("hosts: {client: }\nsteps: [{on: client, run: ls}]").hosts == (
        HostSpec("client", Position("folder/x.yaml", 1, 9)),
    )


def test_an_absent_host_need_not_be_a_service() -> None:
    assert scenario("hosts: {client: {}, nobody: {absent: true}}\nsteps: [{on: client, run: ls}]").hosts


def test_without_known_services_no_host_is_unknown() -> None:
    assert scenario("steps: [{on: anything, run: ls}]", services=None).steps


def test_without_named_hosts_the_services_are_the_hosts() -> None:
    with pytest.raises(ScenarioError, match="unknown host 'clinet'"):
        scenario("steps: [{on: clinet, run: ls}]")


# Steps


def test_a_start_has_its_commands_first_word_as_its_name() -> None:
    assert step(Start, "{on: client, start: ./client cheerios 51717}").name == "client"


def test_a_start_is_read_whole() -> None:
    read = step(
        Start,
        "{why: x, on: client, start: [client, a b], name: crowd, count: 3, env: {V: 1.10}, "
        "ready: {output: hi}, timeout: 0.5s}",
    )

    assert read == Start(
        at=Position("folder/x.yaml", 4, 5),
        why="x",
        on="client",
        command=("client", "a b"),
        name="crowd",
        count=3,
        env={"V": "1.10"},
        ready=ProgramState(output=Output(text="hi")),
        timeout_s=0.5,
    )


def test_a_command_is_split_as_a_shell_would() -> None:
    assert step(Run, """{on: client, run: "sh -c 'echo  $HOME' x"}""").command == (
        "sh",
        "-c",
        "echo  $HOME",
        "x",
    )


def test_a_run_expects_exit_0_and_has_no_input() -> None:
    read = step(Run, "{on: client, run: client}")

    assert read.expect == (End(),)
    assert read.stdin == Input("", verbatim=True)
    assert read.timeout_s == 10.0


def test_an_empty_stdin_is_empty_and_gets_no_enter() -> None:
    assert step(Run, '{on: client, run: client, stdin: ""}').stdin == Input("", verbatim=True)


@pytest.mark.parametrize("text", ["5", "no", "1.10", "true", "22:22"])
def test_the_key_decides_the_type_not_the_spelling(text: str) -> None:
    assert step(Send, f"{{send: {text}, to: server}}").input == Input(text)
    assert stdout(text) == Match(contains=(text,))


def test_bytes_are_sent_as_they_are() -> None:
    assert step(Send, '{send: {bytes: "\\x04"}, to: server}').input == Input("\x04", verbatim=True)


def test_a_signal_has_its_name_without_sig() -> None:
    assert step(Signal, "{signal: STOP, to: server}").signal == "STOP"


def test_a_stop_is_read() -> None:
    assert step(Stop, "{stop: server, expect: {exit: TERM}, timeout: 2m}") == Stop(
        at=Position("folder/x.yaml", 4, 5), program="server", expect=(End(exit="TERM"),), timeout_s=120.0
    )


def test_a_wait_for_a_program_is_for_its_end() -> None:
    read = step(Wait, "{wait: server}")

    assert (read.subject, read.until, read.expect) == (ProgramRef("server"), None, (End(),))


def test_a_wait_for_a_program_may_be_for_a_state() -> None:
    read = step(Wait, "{wait: server, until: {blocked: accept, children: 2, zombies: {max: 1}}}")

    assert read.until == ProgramState(blocked="accept", children=Num(2, 2), zombies=Num(None, 1))
    assert read.expect is None


def test_a_wait_for_a_port_is_until_it_listens() -> None:
    read = step(Wait, "{on: cheerios, wait: tcp 51717}")

    assert (read.subject, read.until) == (Port("tcp", 51717), PortState(listening=True))


def test_a_check_of_a_port_expects_that_it_listens() -> None:
    assert step(Check, "{on: cheerios, check: udp 7}").expect == PortState(listening=True)


def test_a_check_of_a_program_by_itself_expects_only_that_it_runs() -> None:
    assert step(Check, "{check: server}").expect is None


def test_sockets_are_counted_by_state() -> None:
    read = step(Check, "{on: cheerios, check: tcp 7, expect: {time-wait: 1, established: {min: 2}}}")

    assert read.expect == PortState(sockets={"established": Num(2, None), "time-wait": Num(1, 1)})


def test_a_thing_is_a_module_with_its_argument() -> None:
    read = step(Check, "{on: cheerios, check: {file: /tmp/x}, expect: {exists: true, mode: 0640, user: root}}")

    assert read.subject == Thing("file", "/tmp/x")
    assert read.expect == ThingState({"exists": True, "mode": 0o640, "user": "root"})


def test_a_process_is_found_by_filters() -> None:
    read = step(Wait, "{on: cheerios, wait: {process: {comm: server}}, until: {ppid: 1}}")

    assert read.subject == Thing("process", {"comm": "server"})
    assert read.until == ThingState({"ppid": 1})


def test_a_pytest_step_has_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("")
    (tmp_path / "x.yaml").write_text("steps: [{pytest: test_it.py}]")

    (read,) = read_scenario(tmp_path / "x.yaml", services=None).steps

    assert isinstance(read, Pytest)
    assert (read.file, read.on) == (Path("test_it.py"), None)


# Ports


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("tcp 51717", Port("tcp", 51717)),
        ("udp 7", Port("udp", 7)),
        ("tcp localhost:51717", Port("tcp", 51717, "localhost")),
        ("tcp cheerios:51717", Port("tcp", 51717, "cheerios")),
        ("tcp client-2:51717", Port("tcp", 51717, "client-2")),
        ("tcp 127.0.0.1:51717", Port("tcp", 51717, "127.0.0.1")),
        ("'tcp [::1]:51717'", Port("tcp", 51717, "::1")),
        ("unix /tmp/a b.sock", Port("unix", path="/tmp/a b.sock")),
        ("unix @lab", Port("unix", path="@lab")),
    ],
)
def test_a_port_is_a_protocol_and_a_place(text: str, port: Port) -> None:
    assert step(Wait, f"\n      on: cheerios\n      wait: {text}").subject == port


@pytest.mark.parametrize("port", [Port("tcp"), Port("udp")])
def test_ready_takes_any_port_of_a_protocol(port: Port) -> None:
    assert step(Start, f"{{on: client, start: x, ready: {port.protocol}}}").ready == port


# What is expected


@pytest.mark.parametrize(
    ("text", "exit"), [("0", 0), ("255", 255), ("KILL", "KILL"), ("nonzero", "nonzero"), ("any", "any")]
)
def test_an_exit_is_a_status_a_signal_nonzero_or_any(text: str, exit: int | str) -> None:
    assert end(f"{{exit: {text}}}").exit == exit


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("{min: 40ms}", Span(0.04, None)),
        ("{max: 2m}", Span(None, 120.0)),
        ("{min: 0s, max: 1.5s}", Span(0.0, 1.5)),
    ],
)
def test_took_is_a_range_of_times(text: str, span: Span) -> None:
    assert end(f"{{took: {text}}}").took == span


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("hello", Match(contains=("hello",))),
        ("[a, b]", Match(contains=("a", "b"))),
        ('""', Match(contains=("",))),
        ("{contains: a, count: 3}", Match(contains=("a",), count=Num(3, 3))),
        ("{equals: a}", Match(equals="a")),
        ("{matches: '^a$', count: {min: 1}}", Match(matches="^a$", count=Num(1, None))),
        ("{not: [a, b]}", Match(absent=("a", "b"))),
        ("{contains: a, strict: b}", Match(contains=("a",), strict="b")),
    ],
)
def test_a_match_is_a_text_a_list_or_a_map(text: str, match: Match) -> None:
    assert stdout(text) == match


def test_a_list_of_ends_accounts_for_every_program() -> None:
    read = step(Run, "{on: client, run: client, count: 2, expect: [{count: 1}, {count: 3, exit: any}]}")

    assert read.expect == (End(count=1), End(exit="any", count=3))


# Warnings


def test_a_run_of_sleep_is_a_warning() -> None:
    (warning,) = scenario("steps: [{on: client, run: sleep 1}]").warnings

    assert (str(warning.at), warning.message) == (
        "folder/x.yaml:1:27",
        "a sleep makes a scenario slow or wrong",
    )


def test_a_shell_word_in_a_list_is_meant() -> None:
    assert scenario("steps: [{on: client, run: [echo, '|']}]").warnings == ()


def test_a_status_that_a_shell_gives_for_a_signal_is_a_warning() -> None:
    (warning,) = scenario("steps: [{on: client, run: sh, expect: {exit: 143}}]").warnings

    assert "ended by TERM" in warning.message


# Names in order of time


def test_a_copy_of_a_counted_program_has_a_name_of_its_own() -> None:
    text = f"{HOSTS}steps:\n  - {{on: client, start: client, count: 2}}\n  - {{stop: client-4}}\n"

    assert isinstance(scenario(text).steps[-1], Stop)


def test_a_run_may_be_named_twice() -> None:
    assert scenario("steps: [{on: client, run: ls, name: look}, {on: client, run: ls, name: look}]").steps


def test_a_step_that_cannot_be_read_makes_no_program_unknown() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("steps: [{on: client, strat: server}, {wait: server}]")

    assert len(raised.value.problems) == 1


def test_a_start_on_an_unknown_host_still_gives_its_names() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("steps: [{on: clinet, start: server, count: 2}, {wait: server}, {stop: server-2}]")

    assert [problem.message for problem in raised.value.problems] == ["unknown host 'clinet'"]


def test_problems_of_all_parts_of_a_file_come_at_once() -> None:
    with pytest.raises(ScenarioError) as raised:
        scenario("nmae: x\nhosts: {clinet: {}}\nsteps:\n  - {on: client, run: ls, timeout: 5}\n  - {stop: x}\n")

    assert [problem.at.line for problem in raised.value.problems] == [1, 2, 4, 4, 5]


def test_halt_names_a_host_or_a_counted_host() -> None:
    assert step(Halt, "{halt: cheerios, why: gone}").host == "cheerios"
    assert step(Halt, "{halt: client}").host == "client"


@pytest.mark.parametrize(
    "later",
    [
        "{on: client-1, start: server 51717, name: other}",
        "{check: stays}",
        "{check: many-1}",
        '{on: client-1, check: "tcp cheerios:51717"}',
        "{on: client-1, check: {addr: cheerios}, expect: {is_resolvable: true}}",
        "{on: client-1, run: 'ping {cheerios.ip}'}",
    ],
)
def test_after_a_halt_the_others_and_the_halted_hosts_name_may_be_used(later: str) -> None:
    """Only what would have to happen on the halted host is refused."""
    before = (
        "  - {on: client-1, start: cat, name: stays}\n"
        "  - {on: client, start: cat, name: many}\n"
        "  - {on: cheerios, start: server 51717}\n"
    )
    assert scenario(f"{HOSTS}steps:\n{before}  - halt: cheerios\n  - {later}\n").steps


@pytest.mark.parametrize("later", ["{on: here, run: ls}", "{wait: server}", "{halt: here}"])
def test_what_comes_after_a_halt_is_looked_at_where_nobody_knows_the_hosts(later: str) -> None:
    """Without compose.yaml a name is taken for one host."""
    text = f"steps:\n  - {{on: here, start: server 51717}}\n  - halt: here\n  - {later}\n"
    with pytest.raises(ScenarioError, match="halted in line 3"):
        scenario(text, services=None)
