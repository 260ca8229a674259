"""What a test borrows of its lab is given back whatever ends the test, and knows all networks of the lab."""

from __future__ import annotations

from pathlib import Path

import pytest

from labctl.engine.contract import Engine
from tests.live.own.project import Project

TWO_NETWORKS = """\
services:
  client: {image: labctl-host, networks: [front]}
  web: {image: labctl-host, networks: [front, back]}
  db: {image: labctl-host, networks: [back]}
networks: {front: {}, back: {}}
"""


@pytest.fixture
def project(tmp_path: Path, engine: Engine) -> Project:
    return Project(tmp_path, engine)


@pytest.mark.parametrize("ending", ["pytest.fail('no')", "pytest.skip('no')", "assert False"])
def test_a_fault_is_healed_whatever_ends_the_test(project: Project, ending: str) -> None:
    """pytest's own ways to end one are no interrupts: the next test of the module has a link without faults."""
    project.write(
        "test_it.py",
        "import pytest\n"
        "def test_first(module_lab):\n"
        "    with module_lab.fault('client -> cheerios', cut='silent'):\n"
        f"        {ending}\n"
        "def test_second(module_lab):\n"
        "    assert module_lab.run('client', 'ping -c 1 -W 5 cheerios').exit == 0\n",
    )
    said = project.pytest()

    assert "1 passed" in said.stdout, said.stdout
    assert "error" not in said.stdout.splitlines()[-1], said.stdout


def test_a_capture_has_the_packets_of_every_network(project: Project) -> None:
    """A host on two has an interface on each."""
    project.write("compose.yaml", TWO_NETWORKS)
    project.write(
        "test_it.py",
        "def test_it(lab):\n"
        "    with lab.capture() as capture:\n"
        "        lab.run('client', 'ping -c 1 -W 5 web')\n"
        "        lab.run('web', 'ping -c 1 -W 5 db')\n"
        "    assert sum('echo' in packet.words for packet in capture.packets) == 4\n",
    )
    said = project.pytest()

    assert said.returncode == 0, said.stdout
