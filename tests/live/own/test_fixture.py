"""On each engine: the fixture `lab` in tests of a user's own, and what pytest says of them."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from tests.live.own.project import Project


@pytest.fixture
def project(tmp_path: Path, engine: Engine) -> Project:
    return Project(tmp_path, engine)


def test_a_failure_shows_what_came_and_where_the_records_are(project: Project) -> None:
    project.write(
        "test_it.py",
        "def test_it(lab):\n"
        "    lab.start('cheerios', 'server 51717', ready='tcp 51717')\n"
        "    lab.run('client', 'client cheerios 51718', expect={'exit': 0})\n",
    )
    said = project.pytest()

    assert said.returncode == 1
    assert ">       lab.run('client', 'client cheerios 51718'" in said.stdout  # the user's line, not one of labctl's
    assert "exit: expected 0, came 1" in said.stdout
    assert "server on cheerios: server 51717 (still running)" in said.stdout
    (folder,) = (project.folder / ".labctl" / "runs").iterdir()
    assert f"records: {folder}" in said.stdout
    assert (folder / "journal.jsonl").stat().st_size > 0


def test_what_cannot_be_said_is_an_error_and_no_failure(project: Project) -> None:
    project.write(
        "test_it.py",
        "def test_never_came(lab):\n"
        "    with lab.fault('client -> cheerios', only='udp 4000', drop=[9]):\n"
        "        pass\n"
        "def test_left_in_force(lab):\n"
        "    lab.link('client -> cheerios', only='udp 4000', drop=[9])\n",
    )
    said = project.pytest("--junitxml=out.xml")
    cases = ElementTree.parse(project.folder / "out.xml").getroot().iter("testcase")

    assert said.returncode == 1
    assert [child.tag for case in cases for child in case if child.tag not in ("properties", "system-out")] == [
        "error",
        "error",
    ]
    assert said.stdout.count("UNKNOWN: ") >= 2
    assert "failed" not in said.stdout.splitlines()[-1]


def test_each_test_has_a_fresh_lab_and_a_module_may_share_one(project: Project) -> None:
    left, looked = "lab.run('client', 'touch /tmp/left', expect={'exit': 0})", ".file('/tmp/left').exists"
    project.write(
        "test_it.py",
        f"def test_leaves(lab): {left}\n"
        f"def test_is_gone(lab): assert not lab.host('client'){looked}\n"
        f"def test_leaves_in_the_modules(module_lab): {left.replace('lab.run', 'module_lab.run')}\n"
        f"def test_is_there(module_lab): assert module_lab['client']{looked}\n",
    )
    assert " 4 passed" in project.pytest().stdout

    shared = project.pytest("-o", "labctl_scope=module")
    assert "FAILED test_it.py::test_is_gone" in shared.stdout
    assert "1 failed, 3 passed" in shared.stdout


def test_a_wrong_marker_is_an_error_with_the_right_word(project: Project) -> None:
    project.write(
        "test_it.py",
        "import pytest\n"
        "@pytest.mark.labctl(host=['client'])\n"
        "def test_word(lab): pass\n"
        "@pytest.mark.labctl(hosts=['klient'])\n"
        "def test_service(lab): pass\n"
        "@pytest.mark.labctl('client')\n"
        "def test_place(lab): pass\n",
    )
    said = project.pytest().stdout

    assert " 3 errors" in said
    assert "the marker `labctl` has no word 'host'; did you mean 'hosts'?" in said
    assert "compose.yaml has no service 'klient'" in said
    assert "takes words like `hosts={...}`, not 'client'" in said


def test_a_second_capture_shows_nothing_of_what_was_over(project: Project) -> None:
    project.write(
        "test_it.py",
        "def test_it(lab):\n"
        "    ladders = []\n"
        "    for port in 4000, 4001:\n"
        "        with lab.capture() as capture:\n"
        "            server = lab.start('cheerios', f'server {port}', name=f's{port}', ready=f'tcp {port}')\n"
        "            lab.run('client', f'client cheerios {port}', stdin='hello')\n"
        "            server.wait()\n"
        "        ladders.append(capture.ladder())\n"
        "    assert all('SYN' in ladder and 'accept4' in ladder for ladder in ladders)\n"
        "    assert '4000' not in ladders[1]\n"
        "    assert capture.page().read_text().startswith('<!')\n",
    )
    said = project.pytest()

    assert said.returncode == 0, said.stdout


def test_what_cannot_be_asked_is_told_with_the_right_word(project: Project) -> None:
    project.write(
        "test_it.py",
        "import pytest\n"
        "from labctl import WrongWords\n"
        "@pytest.mark.labctl(hosts={'client': 2, 'cheerios': None})\n"
        "def test_it(lab):\n"
        "    asked = {\n"
        "        'call `lab.count': lambda: lab.check('client-1 -> cheerios', sent=1),\n"
        "        'with lab.capture': lambda: lab.check('client-1 -> cheerios', order=['-> SYN']),\n"
        "        'call `start_all`': lambda: lab.start('client', 'sleep 9'),\n"
        "        \"did you mean 'cheerios'\": lambda: lab.addresses('cheerio'),\n"
        "        'choose one of the hosts': lambda: lab.host('router'),\n"
        "    }\n"
        "    for words, ask in asked.items():\n"
        "        with pytest.raises(WrongWords, match=words) as error:\n"
        "            ask()\n"
        "        assert 'test_it.py:' in str(error.value)\n"
        "    lab.halt('client-1')\n"
        "    assert lab.hosts == ('client-2', 'cheerios')\n"
        "    with pytest.raises(WrongWords, match=\"'client-1' was halted in line 16\"):\n"
        "        lab.run('client-1', 'true')\n",
    )
    said = project.pytest()

    assert said.returncode == 0, said.stdout


def test_packets_are_counted_from_where_that_was_asked(project: Project) -> None:
    project.write(
        "test_it.py",
        "def test_it(lab):\n"
        "    lab.run('client', 'ping -c 1 cheerios', expect={'exit': 0})\n"
        "    lab.count('client -> cheerios', only='icmp')\n"
        "    lab.run('client', 'ping -c 2 cheerios', expect={'exit': 0})\n"
        "    lab.until('client -> cheerios', only='icmp', sent=2)\n"
        "    assert lab.counts('client -> cheerios', only='icmp').arrived == 2\n"
        "    lab.link('client -> cheerios', only='icmp', cut='silent')\n"
        "    lab.run('client', 'ping -c 1 -W 1 cheerios', expect={'exit': 1})\n"
        "    assert lab.counts('client -> cheerios', only='icmp').dropped == 1\n"
        "    lab.heal()\n"
        "    lab.run('client', 'ping -c 1 cheerios', expect={'exit': 0})\n",
    )
    said = project.pytest()

    assert said.returncode == 0, said.stdout
