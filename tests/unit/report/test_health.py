"""What the engines need, told to people and to programs."""

from __future__ import annotations

import json

from labctl.engine.contract import Finding, Readiness
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
