"""Whether a Python can be an agent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import namedtuple

import pytest

from labctl.agent import fitness
from labctl.agent.boot import COMMAND, FITNESS, bundle
from labctl.agent.frames import Decoder, Header

Version = namedtuple("Version", "major minor micro releaselevel serial")


def said() -> Header:
    """What it says to a pipe."""
    come, go = os.pipe()
    fitness.main({}, go)
    os.close(go)
    with os.fdopen(come, "rb") as pipe:
        [(header, _)] = Decoder().feed(pipe.read())
    return header


def test_this_python_is_fit() -> None:
    """It runs from its bundle, as in a container: what it imports it has brought along."""
    words = [sys.executable, *COMMAND[1:]]
    tried = subprocess.run(words, input=bundle({}, entry=FITNESS), capture_output=True, cwd="/", env={}, check=True)

    [(header, _)] = Decoder().feed(tried.stdout)
    assert header == {"ev": "fit", "python": ".".join(map(str, sys.version_info[:2]))}


@pytest.mark.parametrize(("minor", "is_fit"), [(8, False), (9, True)])
def test_one_that_is_too_old_is_not(monkeypatch: pytest.MonkeyPatch, minor: int, is_fit: bool) -> None:
    monkeypatch.setattr(sys, "version_info", Version(3, minor, 0, "final", 0))

    header = said()

    assert header["ev"] == ("fit" if is_fit else "unfit")
    assert is_fit or header["detail"].startswith("ImportError: it is Python 3.8, and 3.9 is the least")


def test_one_that_lacks_a_module_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("labctl.agent.s")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "selectors", None)
    monkeypatch.delitem(sys.modules, "labctl.agent.loop", raising=False)

    header = said()

    assert header["ev"] == "unfit"
    assert "selectors" in header["detail"]
