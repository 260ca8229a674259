"""The hosts: each with its addresses and programs, copies as one, those that are no machine without a wire."""

from __future__ import annotations

from msgspec.structs import replace

from labctl.observe.story import HostSeen
from labctl.report.html.hosts_svg import hosts_svg
from tests.unit.report.html.reading import Read
from tests.unit.report.stories import BASIC, IMPAIRED, crowd


def test_a_host_has_its_name_addresses_and_programs() -> None:
    """In the story's order."""
    assert Read(hosts_svg(BASIC)).texts("text") == [
        "cheerios",
        "10.51.0.2",
        "▪ server",
        "client",
        "10.51.0.3",
        "▪ client",
    ]


def test_copies_of_a_host_are_one_place() -> None:
    """With how many programs ran there."""
    assert Read(hosts_svg(crowd(200))).texts("text")[3:] == [
        "client-1 to client-200",
        "10.51.0.4",
        "…",
        "▪ 200 programs",
    ]


def test_a_host_that_is_no_machine_has_no_wire() -> None:
    """Its frame is dotted, and it says so."""
    found = Read(hosts_svg(IMPAIRED))

    assert len(found.attributes("circle")) == 2
    assert len(found.attributes("g", **{"class": "host absent"})) == 1
    assert "no machine" in found.texts("text")


def test_each_of_several_networks_has_a_drawing_of_its_own() -> None:
    """With the hosts that are on it; one that is on both is in both."""
    hosts = (
        HostSeen("client", ("10.1.0.2",), networks=("front",)),
        HostSeen("web", ("10.1.0.3", "10.2.0.2"), networks=("front", "back")),
        HostSeen("db", ("10.2.0.3",), networks=("back",)),
    )
    found = Read(f"<div>{hosts_svg(replace(BASIC, hosts=hosts, lanes=()))}</div>")

    labels = [one["aria-label"] for one in found.attributes("svg")]
    assert labels == ["hosts on the network front: client, web", "hosts on the network back: web, db"]
    assert [text for text in found.texts("text") if text in ("front", "back", "client", "web", "db")] == [
        "front",
        "client",
        "web",
        "back",
        "web",
        "db",
    ]
