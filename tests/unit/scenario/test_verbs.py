"""A step becomes a typed value; what the language says of each key is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.scenario.model import (
    Check,
    End,
    Halt,
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
    Send,
    Signal,
    Start,
    Stop,
    Thing,
    ThingState,
    Wait,
)
from labctl.scenario.problems import Position
from labctl.scenario.read import read_scenario
from tests.unit.scenario.written import stdout, step


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


def test_halt_names_a_host_or_a_counted_host() -> None:
    assert step(Halt, "{halt: cheerios, why: gone}").host == "cheerios"
    assert step(Halt, "{halt: client}").host == "client"
