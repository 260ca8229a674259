"""Some ways that ground breaks, once; the campaign (`make torture-broken_ground`) runs all of them, again and again.

On Docker only what is over in seconds, with a daemon of its own: where root runs this, and the machine's daemon has the
images.
"""

from __future__ import annotations

import subprocess

import pytest

from tests.torture.broken_ground import CAMPAIGN
from tests.torture.campaign import failures_of
from tests.torture.private_daemon import why_not

ON_NAMESPACES = (
    "no descriptors",
    "no processes",
    "no namespaces",
    "the supervisor is killed",
    "a host or a sidecar is killed",
    "the disk is full",
)
QUICK = ("dockerd is killed", "no subnet is free")


@pytest.mark.parametrize("case", ON_NAMESPACES)
def test_what_breaks_under_a_lab_on_namespaces_is_told_and_leaves_nothing(case: str) -> None:
    """Exit 3 in time and in words, or a run that was over; and the next one passes."""
    if case not in {one.name for one in CAMPAIGN.cases("netns")}:
        pytest.skip("only root can have a small disk")
    assert failures_of(CAMPAIGN, "netns", case=case) == []


@pytest.mark.parametrize("case", QUICK)
def test_what_breaks_under_a_lab_on_docker_is_told_and_leaves_nothing(case: str) -> None:
    """The same, and what was left is gone after `labctl down --all`."""
    if reason := why_not() or _no_images():
        pytest.skip(reason)
    assert failures_of(CAMPAIGN, "docker", case=case) == []


def _no_images() -> str:
    asked = subprocess.run(["docker", "image", "inspect", "labctl-host", "labctl-sidecar"], capture_output=True)
    return "the machine's daemon has no images to give" if asked.returncode else ""
