"""A test, or its module -> its lab, for as long as that lasts."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from labctl.engine.contract import Engine
from labctl.lab import Lab
from labctl.lab.opening import opened, wanted
from labctl.plan.model import Plan
from labctl.under_pytest.telling import told


def lent(
    request: pytest.FixtureRequest, engine_for: Callable[[pytest.Config, Plan], Engine], *, slack: float
) -> Iterator[Lab]:
    """The lab that the marker `labctl` of the test asks for (of its module, where it is the module's)."""
    node = request.node
    name = node.name if node is not request.session else request.path.stem
    with told():
        asked = wanted(request.path, _line(request), _words(node))
        engine = engine_for(request.config, asked.plan)
        with opened(asked, engine, test=request.path, name=os.path.basename(name), slack=slack, say=_nobody) as lab:
            yield lab


def _words(node: pytest.Item | pytest.Collector) -> dict[str, object]:
    """What the markers say: those of a module for all of it, those nearer to the test go before."""
    words: dict[str, object] = {}
    for marker in reversed(list(node.iter_markers("labctl"))):
        if marker.args:
            raise pytest.fail.Exception(
                f"{node.nodeid}: the marker `labctl` takes words like `hosts={{...}}`, not {marker.args[0]!r}",
                pytrace=False,
            )
        words |= marker.kwargs
    return words


def _line(request: pytest.FixtureRequest) -> int:
    """Where the test is, from 1; 1 for a module."""
    return (request.node.reportinfo()[1] or 0) + 1 if isinstance(request.node, pytest.Item) else 1


def _nobody(words: str) -> None:
    """Nobody waits for what an engine does now: pytest shows it when a test has ended."""
