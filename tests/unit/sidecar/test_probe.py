"""Mechanisms are tried in a network namespace of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from labctl.sidecar.probe import MECHANISMS

ROOT = Path(__file__).parents[3]


def asked(code: str, path: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a scratch network, with this PATH."""
    unshare = shutil.which("unshare") or "/usr/bin/unshare"
    words = [unshare, "--user", "--map-root-user", "--net", sys.executable, "-c", code]
    return subprocess.run(words, cwd=ROOT, env={"PATH": path}, capture_output=True, text=True, timeout=60, check=False)


def test_every_mechanism_works_or_says_why_not() -> None:
    """Refused is not the same as not looked at; no table of the probe's is left."""
    code = """
import json, subprocess
from labctl.sidecar import probe
found = probe.probe()
left = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True).stdout
print(json.dumps([found, left]))
"""
    done = asked(code, "/usr/sbin:/usr/bin:/sbin:/bin")
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    found, left = json.loads(done.stdout)
    assert list(found) == list(MECHANISMS)
    assert "labctl" not in left
    if found["nft tables"] == "":
        assert found["packet queue"] == ""
        assert "" in (found["nft queue"], found["iptables NFQUEUE"])


def test_commands_that_are_missing_are_named(tmp_path: Path) -> None:
    """What is needed of the kernel alone works without them."""
    done = asked("import json; from labctl.sidecar import probe; print(json.dumps(probe.probe()))", str(tmp_path))
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    found = json.loads(done.stdout)
    assert found["nft tables"] == "there is no command 'nft' here"
    assert found["iptables NFQUEUE"] == "there is no command 'iptables' here"
    assert found["packet queue"] == ""


def test_a_queue_of_nftables_own_is_the_one_that_passes_packets() -> None:
    """The quick look at a rule agrees with the packet that went through it."""
    code = """
import json
from labctl.sidecar import probe
print(json.dumps([probe.has_own_queue(), probe.probe()["nft queue"]]))
"""
    done = asked(code, "/usr/sbin:/usr/bin:/sbin:/bin")
    if done.returncode and "unshare" in done.stderr:
        pytest.skip(done.stderr)
    has_one, why_not = json.loads(done.stdout)
    assert has_one == (why_not == "")
