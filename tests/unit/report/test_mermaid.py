"""Drawings and topologies as Mermaid. All of these texts were once drawn by Mermaid 11."""

from __future__ import annotations

from msgspec.structs import replace

from labctl.report.drawing import Choice, drawn
from labctl.report.mermaid import MOST_CHARACTERS, MOST_ROWS, flowchart, sequence
from labctl.report.topology import Change, Place, Topology
from tests.unit.report.stories import BARE, HOSTILE, IMPAIRED, LOST, crowd


def test_packets_are_arrows_and_all_else_is_a_note() -> None:
    """A lost one ends in a cross; steps go across."""
    text = list(sequence(drawn(LOST)))
    assert text[:4] == [
        "sequenceDiagram",
        "    participant c0 as cheerios: server-udp 51717",
        "    participant c1 as client: client-udp cheerios 51717 --count 5",
        "    Note over c0,c1: 1. cheerios: start server-udp 51717",
    ]
    assert "    c1->>c0: UDP 2 #34;1\\n#34;" in text
    lost = "(lost by client -#62; cheerios, udp 51717: drop #91;2, 4#93;)"
    assert f"    c1-xc0: UDP 2 #34;2\\n#34; {lost}" in text
    assert "    Note over c0: recvfrom(3) …" in text


def test_a_packet_that_went_nowhere_is_a_note() -> None:
    """There is nobody to draw an arrow to."""
    assert "    Note over c1: DATA 9 (seen nowhere else)" in list(sequence(drawn(IMPAIRED)))


def test_a_packet_that_went_nowhere_names_the_host_that_it_was_for() -> None:
    """Where that is known."""
    story = replace(IMPAIRED, packets=tuple(replace(packet, to="nobody") for packet in IMPAIRED.packets))
    assert "    Note over c1: DATA 9 (for nobody, seen nowhere else)" in list(sequence(drawn(story)))


def test_no_text_is_taken_for_mermaids_own() -> None:
    """Neither semicolons and hashes nor markup nor a new line come through."""
    text = list(sequence(drawn(HOSTILE)))
    for line in text[1:]:
        said = line.partition(": " if " as " not in line else " as ")[2]
        for code in ("#35;", "#59;", "#60;", "#62;", "#38;", "#34;", "#91;", "#93;", "#123;", "#125;"):
            said = said.replace(code, "")
        assert not set(said) & set('#;<>&"{}[]'), line
        assert line.isprintable()


def test_a_long_story_is_cut_and_says_so() -> None:
    """Mermaid refuses what is too long, and nobody reads it."""
    drawing = drawn(crowd(40), Choice(most_columns=2))
    text = list(sequence(drawing))
    assert len(text) == 3 + MOST_ROWS + 1
    assert text[-1] == f"    Note over c0,c1: {len(drawing.rows) - MOST_ROWS} more rows are left out"
    assert sum(map(len, text)) < MOST_CHARACTERS


def test_a_story_of_nothing_is_an_empty_diagram() -> None:
    """Which Mermaid draws."""
    assert list(sequence(drawn(BARE))) == ["sequenceDiagram"]


def test_a_topology_is_a_flowchart() -> None:
    """Hosts around their network, changes of links as arrows between them."""
    change = Change(step=2, kind="fault", words="drop [2]", where="client → cheerios", sender=1, receiver=0)
    everywhere = Change(step=3, kind="heal", words="heal", where="any ↔ any", sender=None, receiver=None, both=True)
    it = Topology(
        name="x",
        networks=("10.51.0.0/24",),
        places=(Place("cheerios", ("10.51.0.2",)), Place("client", ("10.51.0.3",)), Place("nobody", (), True)),
        changes=(change, everywhere),
    )
    assert list(flowchart(it)) == [
        "flowchart TD",
        '    net(["10.51.0.0/24"])',
        '    h0["cheerios<br/>10.51.0.2"]',
        "    h0 --- net",
        '    h1["client<br/>10.51.0.3"]',
        "    h1 --- net",
        '    h2["nobody<br/>no machine"]',
        "    h2 -.- net",
        '    h1 -. "step 2: drop #91;2#93;" .-> h0',
        '    net <-. "step 3: heal" .-> net',
    ]
