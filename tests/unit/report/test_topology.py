"""Who is on a scenario's network, as values, text and SVG."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from labctl.report.look import PLAIN, Look
from labctl.report.mermaid import flowchart
from labctl.report.topology import Change, Place, Topology, Wire, boxes, topology
from labctl.report.topology_svg import svg
from labctl.runner.select import ScenarioFile, load
from labctl.scenario.names import host_specs

SCENARIOS = Path(__file__).parents[3] / "scenarios"
HOSTILE = "<script>\x1b[31m&\"'"


def of_scenario(name: str) -> Topology:
    """The topology of a shipped scenario."""
    one = load([ScenarioFile(name, SCENARIOS / f"{name}.yaml")]).selected[0]
    specs = host_specs(one.scenario, tuple(dict.fromkeys(host.service for host in one.plan.hosts)))
    return topology(name, one.plan, specs, one.scenario.steps)


def test_hosts_and_what_becomes_of_links_come_from_the_plan() -> None:
    """Each change with its step."""
    assert of_scenario("faults/partition") == Topology(
        name="faults/partition",
        networks=("10.51.0.0/24",),
        places=(Place("cheerios", ("10.51.0.2",)), Place("client", ("10.51.0.3",))),
        changes=(
            Change(
                step=4,
                kind="fault",
                words="cut silent",
                where="client ↔ cheerios",
                sender=1,
                receiver=0,
                both=True,
            ),
            Change(step=10, kind="heal", words="heal", where="client ↔ cheerios", sender=1, receiver=0, both=True),
        ),
    )


def test_copies_of_a_host_are_one_place() -> None:
    """With the range of their addresses."""
    places = of_scenario("serving/fifty-clients").places
    assert places[1] == Place("client-1 to client-5", ("10.51.0.3 to 10.51.0.7",))


def test_a_host_that_is_halted_is_a_change_of_its_own() -> None:
    """At the host, not at a link."""
    halted = [change for change in of_scenario("closing/host-down").changes if change.kind == "halt"]
    assert [(change.words, change.sender == change.receiver) for change in halted] == [("halt", True)]


def test_the_text_shows_hosts_on_one_wire() -> None:
    """One that is no machine hangs on none."""
    assert list(boxes(of_scenario("connecting/absent-host"))) == [
        "    ┌───────────┐  ┌───────────┐  ┌┄┄┄┄┄┄┄┄┄┄┄┄┐",
        "    │ cheerios  │  │ client    │  ┆ nobody     ┆",
        "    │ 10.51.0.2 │  │ 10.51.0.3 │  ┆ 10.51.0.4  ┆",
        "    │           │  │           │  ┆ no machine ┆",
        "    └─────┬─────┘  └─────┬─────┘  └┄┄┄┄┄┄┄┄┄┄┄┄┘",
        "  ────────┴──────────────┴──────────────────────",
        "  one network: 10.51.0.0/24",
    ]


def test_changes_of_links_are_listed_below() -> None:
    """In plain ASCII too."""
    assert list(boxes(of_scenario("faults/udp-packet-loss"), Look(beyond_ascii=False)))[-3:] == [
        "  one network: 10.51.0.0/24",
        "",
        "  step 2  client -> cheerios  drop [2, 4] of udp 51717",
    ]


def test_hosts_that_do_not_fit_come_below() -> None:
    """No line is wider than asked for."""
    it = Topology(name="x", networks=("10.0.0.0/8",), places=tuple(Place(f"host{n}", ("10.0.0.1",)) for n in range(9)))
    lines = list(boxes(it, width=60))
    assert max(map(len, lines)) <= 60
    assert sum("┌" in line for line in lines) == 3


@pytest.mark.parametrize(
    "name", ["basic", "faults/partition", "connecting/absent-host", "closing/host-down", "families/both"]
)
def test_the_svg_is_well_formed_and_needs_nothing_from_elsewhere(name: str) -> None:
    """All texts lie within it."""
    text = svg(of_scenario(name))
    root = ElementTree.fromstring(text)
    width, height = float(root.get("width", "0")), float(root.get("height", "0"))
    shown = [node for node in root.iter() if node.tag.endswith("}text")]
    assert len(shown) > 3
    for node in shown:
        assert float(node.get("x", "")) + 8 * len(node.text or "") <= width
        assert 0 < float(node.get("y", "")) <= height
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text


def test_no_name_becomes_markup_or_steers_a_terminal() -> None:
    """Names of hosts are checked elsewhere; words of faults are free texts."""
    change = Change(step=1, kind="fault", words=HOSTILE, where=HOSTILE, sender=None, receiver=0)
    it = Topology(name=HOSTILE, networks=(HOSTILE,), places=(Place(HOSTILE, (HOSTILE,)),), changes=(change,))
    assert "<script" not in svg(it)
    ElementTree.fromstring(svg(it))
    assert all(line.isprintable() for line in boxes(it, PLAIN, width=200))


def two_networks() -> Topology:
    """A host between two networks, and a fault for whoever sends to it."""
    return Topology(
        name="two",
        networks=("10.1.0.0/24", "10.2.0.0/24"),
        places=(
            Place("client", ("10.1.0.2",), on={0: ("10.1.0.2",)}),
            Place("web", ("10.1.0.3", "10.2.0.2"), on={0: ("10.1.0.3",), 1: ("10.2.0.2",)}),
            Place("db", ("10.2.0.3",), on={1: ("10.2.0.3",)}),
        ),
        changes=(Change(step=1, kind="fault", words="drop [1]", where="any → web", sender=None, receiver=1),),
        wires=(Wire("front", ("10.1.0.0/24",)), Wire("back", ("10.2.0.0/24",))),
    )


def test_each_of_several_networks_has_its_wire() -> None:
    """With the hosts that are on it, and their addresses there."""
    assert "\n".join(boxes(two_networks())) == (
        "    ┌──────────┐  ┌──────────┐\n"
        "    │ client   │  │ web      │\n"
        "    │ 10.1.0.2 │  │ 10.1.0.3 │\n"
        "    └─────┬────┘  └─────┬────┘\n"
        "  ────────┴─────────────┴─────\n"
        "  network front: 10.1.0.0/24\n"
        "\n"
        "    ┌──────────┐  ┌──────────┐\n"
        "    │ web      │  │ db       │\n"
        "    │ 10.2.0.2 │  │ 10.2.0.3 │\n"
        "    └─────┬────┘  └─────┬────┘\n"
        "  ────────┴─────────────┴─────\n"
        "  network back: 10.2.0.0/24\n"
        "\n"
        "  step 1  any → web  drop [1]"
    )


def test_the_svg_has_a_dot_where_a_host_is_on_a_network() -> None:
    """A stem passes the wires of the networks that its host isn't on without one."""
    drawn = svg(two_networks())
    root = ElementTree.fromstring(drawn)
    dots = [one.get("cx") for one in root.iter() if one.tag.endswith("circle")]
    assert len(dots) == 4
    assert len(set(dots)) == 3
    assert all(text in drawn for text in ("front: 10.1.0.0/24", "back: 10.2.0.0/24"))


def test_a_flowchart_has_a_node_for_each_network() -> None:
    """And one for all hosts together, where a step says `any`."""
    lines = [line.strip() for line in flowchart(two_networks())]
    assert [line for line in lines if " --- " in line] == ["h0 --- net0", "h1 --- net0", "h1 --- net1", "h2 --- net1"]
    assert 'net(["any host"])' in lines
