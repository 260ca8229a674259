"""What the engines need, told to people and to programs."""

from __future__ import annotations

import json
from pathlib import Path

from labctl.engine.contract import Finding, Readiness
from labctl.engine.sidecar import NEEDS
from labctl.report.health import health_lines, health_text
from labctl.report.look import PLAIN

DOCKER = Readiness(
    "docker",
    (
        Finding("Docker daemon", works=True, detail="Engine 28"),
        Finding("image labctl-host", works=False, detail="it is not there", mend="labctl build"),
    ),
)
NETNS = Readiness("netns", (Finding("Linux", works=True, detail="6.18"),))


def test_each_finding_has_a_line_and_what_is_missing_its_mend() -> None:
    assert list(health_lines([DOCKER, NETNS], PLAIN)) == [
        "docker does not work",
        "  ✓ Docker daemon      Engine 28",
        "  ✗ image labctl-host  it is not there",
        "    mend:              labctl build",
        "netns works",
        "  ✓ Linux  6.18",
    ]


def test_that_none_works_is_said() -> None:
    assert list(health_lines([DOCKER], PLAIN))[-1] == "No engine works here: mend one of them."


def test_the_document_says_the_same() -> None:
    document = json.loads(health_text([DOCKER, NETNS]))

    assert document["works"]
    assert [engine["works"] for engine in document["engines"]] == [False, True]
    assert document["engines"][0]["findings"][1]["mend"] == "labctl build"


def test_the_documents_keys_are_these_and_all_of_them_are_documented() -> None:
    """Scripts rely on them: another meaning takes another `format`."""
    document = json.loads(health_text([DOCKER, tried()]))
    page = (Path(__file__).parents[3] / "docs" / "shell.md").read_text().partition("doctor --json")[2]

    assert (document.keys(), document["format"]) == ({"format", "works", "engines"}, 1)
    for engine in document["engines"]:
        assert engine.keys() == {"engine", "works", "findings", "faults", "mechanisms"}
        for finding in (*engine["findings"], *engine["mechanisms"]):
            assert finding.keys() == {"what", "works", "detail", "mend"}
    every = document.keys() | document["engines"][0].keys() | document["engines"][0]["findings"][0].keys()
    assert [key for key in sorted(every) if f"`{key}`" not in page] == []


def test_nothing_in_the_document_steers_a_terminal() -> None:
    text = health_text([Readiness("docker", (Finding("it", works=False, detail="\x1b[2Jno", mend="\x07"),))])

    assert "\x1b" not in text
    assert "\x07" not in text
    assert json.loads(text)["engines"][0]["findings"][0]["detail"] == "\x1b[2Jno"


EVERY = {name for ways in NEEDS.values() for way in ways for name in way}


def tried(**broken: Finding) -> Readiness:
    """An engine whose mechanisms work, but for those given."""
    mechanisms = [broken.get(name.replace(" ", "_"), Finding(name, works=True)) for name in sorted(EVERY)]
    return Readiness("netns", NETNS.findings, tuple(mechanisms))


def test_each_fault_has_a_line_with_the_mechanisms_that_it_needs() -> None:
    missing = Finding("nft dup", works=False, detail="there is no command 'nft' here", mend="apt-get install nftables")
    lines = list(health_lines([tried(nft_dup=missing)], PLAIN))

    assert "  ✗ duplicate           ✓ nft tables, ✓ packet queue, ✓ nft queue or ✓ iptables NFQUEUE, ✗ nft dup" in lines
    assert "  ✓ drop of fragments   ✓ nft tables, ✓ nft fragments" in lines
    assert lines[-2:] == [
        "  ✗ nft dup  there is no command 'nft' here",
        "    mend:    apt-get install nftables",
    ]


def test_one_way_to_the_queue_is_enough() -> None:
    document = json.loads(health_text([tried(nft_queue=Finding("nft queue", works=False, detail="refused"))]))

    assert set(document["engines"][0]["faults"]) == set(NEEDS)
    assert all(document["engines"][0]["faults"].values())


def test_where_mechanisms_were_not_tried_no_fault_is_promised() -> None:
    untried = Readiness("docker", (), (Finding("faults", works=False, detail="not tried: no image"),))

    assert list(health_lines([untried], PLAIN)) == ["docker works", "  ✗ faults  not tried: no image"]
    assert json.loads(health_text([untried]))["engines"][0]["faults"] == {}
