"""JUnit XML, read back by what reads it elsewhere."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from labctl.report.ci.junit import MOST_OUTPUT, junit
from labctl.runner.outcome import ScenarioOutcome, Verdict
from tests.unit.report.outcomes import (
    LAB_BROKE,
    MISLEADING_OUTPUT,
    MUCH_OUTPUT,
    NO_LAB,
    NOT_PASSED,
    PASSED,
    SKIPPED,
    WRONG_ANSWER,
    program,
    scenario,
    step,
)

ALL = [PASSED, SKIPPED, *NOT_PASSED.values()]


def suite_of(*outcomes: ScenarioOutcome, **more: object) -> TestSuite:
    """The one suite of a document, as junitparser reads it."""
    document = JUnitXml.fromstring(junit(outcomes, **more))  # type: ignore[arg-type]  # what junit() takes
    [suite] = document
    return suite


def case_of(outcome: ScenarioOutcome) -> TestCase:
    [case] = suite_of(outcome)
    return case


def test_counts_are_those_of_the_cases() -> None:
    """FAIL is a failure, UNKNOWN an error, and what was skipped or not run is skipped."""
    suite = suite_of(*ALL, scenario(Verdict.NOT_RUN), took_s=1.5)
    kinds = [type(result) for case in suite for result in case.result]

    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == (9, 4, 2, 2)
    assert [kinds.count(kind) for kind in (Failure, Error, Skipped)] == [4, 2, 2]
    assert suite.time == 1.5


def test_a_case_says_where_it_stands_and_how_long_it_took() -> None:
    case = case_of(WRONG_ANSWER)

    assert (case.classname, case.name, case.time) == ("labs", "x", 0.19)
    assert (case._elem.get("file"), case._elem.get("line")) == ("labs/x.yaml", "8")


@pytest.mark.parametrize(
    ("name", "classname", "called"),
    [("x", "labctl", "x"), ("../a/b/x[ipv6]", "a.b", "x[ipv6]"), ("/a/x", "a", "x")],
)
def test_folders_are_the_class(name: str, classname: str, called: str) -> None:
    case = case_of(scenario(Verdict.PASS, id=name))

    assert (case.classname, case.name) == (classname, called)


def test_rounds_are_told_apart() -> None:
    assert [case.name for case in suite_of(*(scenario(Verdict.PASS, round=n) for n in (1, 2)))] == [
        "x (round 1)",
        "x (round 2)",
    ]


def test_a_failure_tells_what_was_expected_and_how_to_run_it_again() -> None:
    [failure] = case_of(WRONG_ANSWER).result

    assert failure.message == "stdout: expected 'I got your message', came 'bye'"
    assert failure.text is not None
    assert "labs/x.yaml:8:5: step 2 of 4: client: run client cheerios 51717" in failure.text
    assert "exit: expected 0, came 1" in failure.text
    assert "again: labctl run labs/x --engine netns" in failure.text


def test_an_error_tells_the_reason_and_the_hint() -> None:
    [error] = case_of(NO_LAB).result

    assert error.message == NO_LAB.reason
    assert f"hint: {NO_LAB.hint}" in str(error.text)
    assert LAB_BROKE.reason in str(case_of(LAB_BROKE).result[0].text)


def test_properties_are_the_engine_the_records_and_what_it_was_run_with() -> None:
    outcome = scenario(Verdict.PASS, folder=Path("runs/1"), seed=7, round=2)
    properties = {one.get("name"): one.get("value") for one in case_of(outcome)._elem.iter("property")}

    assert properties == {"engine": "netns", "records": "runs/1", "seed": "7", "round": "2"}


def test_what_programs_printed_is_there_stream_by_stream() -> None:
    case = case_of(WRONG_ANSWER)

    assert case.system_out is not None
    assert "--- client on client: client cheerios 51717 (exit 1)\nbye" in case.system_out
    assert "--- server on cheerios" in case.system_out
    assert case.system_err == "--- client on client: client cheerios 51717 (exit 1)\nERROR reading\n"


HOSTILE = bytes(range(256)) + b"\xed\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80 ]]>&<![CDATA[ </system-out>\r\n\x1b[2J"


def hostile() -> ScenarioOutcome:
    odd = "\x00\x1b\ud800\ufffe\u202e]]>\r\nsecond"
    return scenario(
        Verdict.FAIL,
        step(1, odd, Verdict.FAIL, complaints=(odd,), programs=(program("liar", HOSTILE, HOSTILE),)),
        id=f"labs/{odd}",
        path=Path("labs/\udcff\x1b.yaml"),
    )


def test_any_output_gives_readable_xml() -> None:
    """Every byte there is, and what XML forbids: it comes back as text in which nothing steers a terminal."""
    case = case_of(hostile())
    whole = "".join([case.name, str(case.system_out), str(case.system_err), str(case.result[0].text)])

    assert "\\x1b[2J" in str(case.system_out)
    assert "\\xff" in str(case.system_out)
    assert "</system-out>" in str(case.system_out)
    assert all(character.isprintable() or character in "\n\t" for character in whole)


@pytest.mark.parametrize("outcomes", [ALL, [hostile()], []], ids=["all", "hostile", "none"])
def test_xmllint_takes_it(outcomes: list[ScenarioOutcome], tmp_path: Path) -> None:
    """libxml2's own reader, as many a CI server has it, finds nothing to say."""
    path = tmp_path / "junit.xml"
    path.write_bytes(junit(outcomes, engine="netns", began=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)))
    read = subprocess.run(["xmllint", "--noout", path], capture_output=True, text=True, check=False)

    assert (read.returncode, read.stderr) == (0, "")
    assert b'timestamp="2026-01-02T03:04:05"' in path.read_bytes()


def test_a_program_without_end_has_an_end_there() -> None:
    endless = scenario(
        Verdict.FAIL, step(1, "x", Verdict.FAIL, programs=(program("yes", b"y\n" * 4_000_000, cut=True),))
    )

    assert len(junit([endless])) < 2 * MOST_OUTPUT
    assert "bytes are left out here" in str(case_of(endless).system_out)
    assert "what came after is lost" in str(case_of(MUCH_OUTPUT).system_out)


def test_a_program_can_not_forge_a_case() -> None:
    assert [case.name for case in suite_of(MISLEADING_OUTPUT)] == ["x"]
