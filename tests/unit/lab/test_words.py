"""What a test says is read as a scenario that says the same, and what makes no sense is told with the right word."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from labctl.lab.errors import WrongWords
from labctl.lab.words import callers_place, read_step, read_wishes, time_of, typed
from labctl.scenario.model import Family, HostSpec, Impair, Input, Port, Run, Start, Which
from labctl.scenario.problems import Position

AT = Position("test_it.py", 7, 1)
HOSTS = (HostSpec("cheerios", AT), HostSpec("client", AT, 2))
SERVICES = ("cheerios", "client")


def test_a_step_is_what_a_scenario_would_say() -> None:
    step = read_step(
        {"on": "cheerios", "start": "server 51717", "ready": "tcp 51717", "name": None}, AT, (), HOSTS
    ).step

    assert step == Start(at=AT, on="cheerios", command=("server", "51717"), name="server", ready=Port("tcp", 51717))


def test_words_of_a_list_are_taken_as_they_are() -> None:
    step = read_step({"on": "cheerios", "run": ["echo", "a b", "5"], "stdin": typed(b"\xff\x00")}, AT, (), HOSTS).step

    assert isinstance(step, Run)
    assert step.command == ("echo", "a b", "5")
    assert step.stdin == Input("\xff\x00", verbatim=True)


def test_faults_take_numbers_lists_and_maps() -> None:
    words: dict[str, object] = {
        "link": "client -> cheerios",
        "only": "udp 4000",
        "drop": [2, 4],
        "duplicate": {"first": 3},
        "delay": "40ms",
    }
    step = read_step(words, AT, (), HOSTS).step

    assert isinstance(step, Impair)
    assert [fault.name for fault in step.faults] == ["drop", "duplicate", "delay"]
    assert step.faults[0].which == Which(ordinals=(2, 4))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"on": "cheerio", "run": "true"}, "did you mean 'cheerios'"),
        ({"on": "client", "run": "true", "expect": {"exot": 1}}, "did you mean 'exit'"),
        ({"wait": "server"}, "unknown program 'server'"),
        ({"link": "client -> cheerios", "loss": "20%"}, "drop: 20%"),
        ({"link": "client -> nowhere", "delay": "1s"}, "unknown host 'nowhere'"),
        ({"on": "cheerios", "start": "server 1", "ready": "51717"}, "is not a PORT|neither a port|is no port|tcp"),
    ],
)
def test_what_makes_no_sense_is_told_with_the_right_word(words: dict[str, object], message: str) -> None:
    with pytest.raises(WrongWords, match=message) as error:
        read_step(words, AT, (), HOSTS)
    assert str(error.value).startswith("test_it.py:7:1: ")


def test_a_name_that_is_taken_is_told_with_the_line_that_took_it() -> None:
    first = read_step({"on": "cheerios", "start": "server 51717"}, AT, (), HOSTS)

    with pytest.raises(WrongWords, match="a program is called 'server' already, in line 7"):
        read_step({"on": "cheerios", "start": "server 51718"}, Position("test_it.py", 8, 1), [first], HOSTS)


def test_a_lab_is_asked_for_with_the_words_of_a_scenario() -> None:
    words: dict[str, object] = {
        "hosts": {"client": 3, "cheerios": None, "gone": {"absent": True}},
        "ip": "dual",
        "seed": 5,
    }
    scenario = read_wishes(words, AT, SERVICES, Path("lab/compose.yaml"))

    assert scenario.hosts == (
        HostSpec("client", AT, 3),
        HostSpec("cheerios", AT),
        HostSpec("gone", AT, absent=True),
    )
    assert (scenario.families, scenario.seed, scenario.name) == ((Family.DUAL,), 5, "lab")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"hosts": ["klient"]}, "no service 'klient'"),
        ({"hosts": {"client": 0}}, "'0' is not from 1"),
        ({"ip": [4, 6]}, "is of one family"),
        ({"ip": 5}, "'5' is not a family"),
        ({"hosts": "client"}, "a map of hosts is expected"),
    ],
)
def test_a_lab_that_makes_no_sense_is_told(words: dict[str, object], message: str) -> None:
    with pytest.raises(WrongWords, match=message):
        read_wishes(words, AT, SERVICES, Path("compose.yaml"))


def test_times_and_places() -> None:
    assert (time_of(0.5), time_of("2m"), time_of(None)) == ("0.500000s", "2m", None)
    assert callers_place().file == __file__


def test_importing_labctl_imports_nothing_of_a_lab() -> None:
    script = (
        "import labctl, sys; before = [n for n in sys.modules if n.startswith('labctl.')]; "
        "from labctl import Lab; print(before, Lab.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)

    assert done.stdout == "[] Lab\n"
    with pytest.raises(ImportError):
        from labctl import Nonsense  # noqa: F401
