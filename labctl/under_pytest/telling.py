"""What labctl raises -> what pytest reports: errors without a traceback, and what happened in a test's lab."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from labctl.engine.contract import EngineError
from labctl.hosts.conversation import LabBroke
from labctl.hosts.launch import NotStarted
from labctl.lab import Lab, LabError, WrongWords
from labctl.scenario.problems import ScenarioError

_NO_VERDICT = (EngineError, LabBroke, LabError, NotStarted)
"""What ends a test without saying anything of what it tests."""


@contextmanager
def told() -> Iterator[None]:
    """What is wrong with a file or a lab becomes an error without a traceback."""
    try:
        yield
    except (ScenarioError, WrongWords) as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None
    except (EngineError, LabBroke) as error:
        hint = f"\n  hint: {error.hint}" if error.hint else ""
        raise pytest.fail.Exception(f"UNKNOWN: {error}{hint}", pytrace=False) from None
    except LabError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


def tell(report: pytest.TestReport, error: BaseException, given: Iterable[object]) -> None:
    """Add to a report what happened in the labs among what the test was given.

    pytest knows errors by their coming before or after the test, and so does JUnit: what can't be said comes before.
    """
    if not report.failed:
        return
    if isinstance(error, _no_verdict()) and report.when == "call":
        report.when = "setup"
    for lab in given:
        if isinstance(lab, Lab):
            lab.note_failure()
            report.sections.append((f"lab on {lab.engine}", lab.what_happened()))


def _no_verdict() -> tuple[type[BaseException], ...]:
    from labctl.check.backend import TookTooLong

    return (*_NO_VERDICT, TookTooLong)
