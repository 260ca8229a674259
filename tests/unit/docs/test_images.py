"""docs/images.md shows the files of its example as they are, and quotes labctl's own words."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from labctl.engine.docker.pythons import Lacking, notes
from labctl.plan.make import make_plan
from labctl.scenario.model import Family
from labctl.scenario.read import read_scenario
from tests.unit.plan.wanted import compose, host, scenario

TOP = Path(__file__).parents[3]
TEXT = (TOP / "docs" / "images.md").read_text()
EXAMPLE = TOP / "docs" / "examples" / "own-image"


def test_each_file_that_is_shown_is_the_examples() -> None:
    shown = dict(re.findall(r"^<!-- file: own-image/(\S+) -->\n```\w+\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))

    assert set(shown) == {"compose.yaml", "netcat/Dockerfile", "talk.yaml"}
    assert shown == {name: (EXAMPLE / name).read_text() for name in shown}


def test_what_is_told_of_an_image_without_python_is_quoted_to_the_letter() -> None:
    plan = make_plan(scenario(host("netcat")), compose("netcat"), Family.IPV4)
    image = "labctl-own-image-netcat"
    plan = replace(plan, hosts=(replace(plan.hosts[0], image=image),))

    [told] = notes(plan, {image: Lacking(image, "", "there is no Python")})

    assert f"labctl: {told}\n" in TEXT


def test_the_example_is_a_scenario() -> None:
    assert read_scenario(EXAMPLE / "talk.yaml", services=None).about.startswith("Netcat")
