"""A testinfra test module -> what failed in it, run against hosts of a lab."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import pytest
import testinfra.host

from labctl.check.backend import TookTooLong, host_of
from labctl.check.overdue import Overdue, time_limit
from labctl.hosts.conversation import Cancelled, Conversation, LabBroke
from labctl.hosts.launch import NotStarted

_UNWANTED = ("cacheprovider", "labctl", "pytest11.testinfra")
"""Plugins that are left out. testinfra's would give a test the machine itself as its `host`."""
_NO_VERDICT = (Cancelled, LabBroke, NotStarted, Overdue, TookTooLong)
"""What ends a module without saying anything of the lab's programs."""
_one_at_a_time = Lock()
"""pytest changes what the whole process shares (sys.modules, sys.stdout): one module at a time."""


class LabHosts(dict[str, testinfra.host.Host]):
    """The hosts of a lab by name, each as testinfra's Host: what the fixture `lab` is."""


class _Fixtures:
    """Gives tests their `host` and `lab`, and keeps what failed."""

    def __init__(self, lab: LabHosts, names: Sequence[str]) -> None:
        self._lab = lab
        self._names = names
        self.failures: list[str] = []
        self.passed = 0
        self.without_verdict: BaseException | None = None

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """A test that takes `host` is run once for each host of the step."""
        if "host" in metafunc.fixturenames:
            hosts = [self._lab[name] for name in self._names]
            metafunc.parametrize("host", hosts, ids=list(self._names), scope="session")

    @pytest.fixture(scope="session")
    def lab(self) -> LabHosts:
        """All hosts of the lab, by name."""
        return self._lab

    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> None:
        """pytest takes every exception for a test's failure: keep those that are none, and stop."""
        if call.excinfo is not None and isinstance(call.excinfo.value, _NO_VERDICT):
            self.without_verdict = call.excinfo.value
            item.session.shouldstop = str(call.excinfo.value)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failures.append(f"{report.nodeid}: {report.when}\n{report.longreprtext}")
        elif report.when == "call" and report.passed:
            self.passed += 1

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.failures.append(f"{report.nodeid}: could not be collected\n{report.longreprtext}")


def run_pytest(
    file: Path, conversation: Conversation, names: Sequence[str], everybody: Sequence[str], *, seconds: float
) -> list[str]:
    """What failed, a text each; none when every test passed. A module without a test is a failure too.

    Overdue when it takes longer than `seconds`. TookTooLong, NotStarted, LabBroke and Cancelled go through, as from
    any other step.
    """
    lab = LabHosts({name: host_of(conversation, name, seconds=seconds) for name in everybody})
    fixtures = _Fixtures(lab, names)
    words = [str(file), "-q", "--no-header", "--rootdir", str(file.parent)]
    for plugin in _UNWANTED:
        words += ["-p", f"no:{plugin}"]
    said = io.StringIO()
    with (
        _one_at_a_time,
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(said),
        time_limit(seconds),
    ):
        status = pytest.main([*words, "-c", "/dev/null", "--capture=sys"], plugins=[fixtures])
    if fixtures.without_verdict is not None:
        raise fixtures.without_verdict
    if fixtures.failures:
        return fixtures.failures
    if status != pytest.ExitCode.OK or not fixtures.passed:
        return [f"pytest ended with {pytest.ExitCode(status).name}\n{said.getvalue().strip()}"]
    return []
