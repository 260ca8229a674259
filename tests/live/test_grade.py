"""`labctl grade`: a tutorial's programs as students type them, each with the verdict and the words that it deserves."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from labctl.engine.contract import Engine

SUBMISSIONS = Path(__file__).parent / "data" / "submissions"
SCENARIOS = ("basic", "stream/message-too-long", "serving/no-zombies")
EXPECTED = {
    "correct": ("pass", "3 of 3 scenarios passed"),
    "no-htons": ("fail", "called bind with port 1482, which is 51717 with its two bytes swapped"),
    "no-close": ("fail", "server-fork never closed what accept gave it"),
    "forgets-reply": ("fail", "server read 6 bytes and never wrote an answer"),
    "crashes": ("fail", "was ended by SIGSEGV"),
    "zombies": ("fail", "server-fork has not waited for its children, of whom 5 have ended"),
    "hangs": ("fail", "never wrote an answer: it waits for more in another read"),
}


class Graded:
    """What `labctl grade` left."""

    def __init__(self, folder: Path, submissions: Path, engine: str, *words: str) -> None:
        self.csv, self.html = folder / "marks.csv", folder / "marks.html"
        scenarios = [word for name in SCENARIOS for word in ("--scenarios", name)]
        command = [sys.executable, "-m", "labctl", "grade", str(submissions), "--engine", engine, *scenarios, *words]
        command += ["--csv", str(self.csv), "--html", str(self.html), "-j", "4"]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        came = subprocess.run(
            command, capture_output=True, text=True, timeout=600, env=environment, cwd=folder, check=False
        )
        self.code, self.out, self.err = came.returncode, came.stdout, came.stderr

    @property
    def rows(self) -> dict[str, dict[str, str]]:
        """The class table, by submission."""
        with self.csv.open(newline="") as file:
            return {row["submission"]: row for row in csv.DictReader(file)}

    def report(self, name: str) -> str:
        """What was told of one submission, on one line."""
        parts = self.out.split("\n\nFAIL ") if name != "correct" else self.out.split("\n\n")
        [part] = [part for part in parts if part.removeprefix("PASS ").removeprefix("FAIL ").startswith(f"{name}:")]
        return " ".join(part.split())


@pytest.fixture(scope="module")
def graded(engine: Engine) -> Iterator[Graded]:
    """The seven submissions; on Docker, where labs take longer to come, three of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        chosen = EXPECTED if engine.name == "netns" else ("correct", "no-htons", "zombies")
        for one in chosen:
            for program in ("server.c", "client.c", "server-fork.c"):  # all is as it should be but for one program
                wrong = SUBMISSIONS / one / program
                (folder / "course" / one).mkdir(parents=True, exist_ok=True)
                shutil.copy(wrong if wrong.exists() else SUBMISSIONS / "correct" / program, folder / "course" / one)
        yield Graded(folder, folder / "course", engine.name)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_has_its_verdict_and_is_told_what_to_look_at(graded: Graded, engine: Engine, name: str) -> None:
    """From what was seen to happen."""
    if name not in graded.rows:
        assert engine.name == "docker"
        pytest.skip("graded on netns")
    verdict, words = EXPECTED[name]

    assert graded.rows[name]["verdict"] == verdict, graded.out + graded.err
    assert words in graded.report(name)


def test_somebody_has_failed_so_the_status_is_1(graded: Graded) -> None:
    assert graded.code == 1
    assert graded.out.splitlines()[-1].startswith(f"1 of {len(graded.rows)} submissions passed all, on ")


def test_the_table_has_a_column_for_each_scenario(graded: Graded) -> None:
    row = graded.rows["zombies"]

    assert [row[name] for name in SCENARIOS] == ["pass", "pass", "fail"]
    assert (row["passed"], row["of"]) == ("2", "3")


def test_the_page_has_all_reports_and_a_ladder_and_runs_nothing(graded: Graded) -> None:
    """One file without scripts, which asks nobody for anything."""

    class Reader(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.tags: list[str] = []
            self.text = ""

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)

        def handle_data(self, data: str) -> None:
            self.text += data

    reader = Reader()
    reader.feed(graded.html.read_text())

    assert not {"script", "img", "link", "iframe"} & set(reader.tags)
    assert "called bind with port 1482" in reader.text
    assert "htons(1482)" in reader.text or "bind(3, 0.0.0.0:1482)" in reader.text  # the ladder
    assert reader.tags.count("section") == len(graded.rows)


HARMFUL = {
    "kills": "#!/bin/sh\nkill -9 -1\n",
    "bombs": "#!/usr/bin/python3\nimport os\nwhile True:\n try:\n  os.fork()\n except OSError:\n  pass\n",
    "talks": "#!/bin/sh\nexec yes '\x1b[2J<script>alert(1)</script>'\n",
}


def test_hostile_submissions_do_not_disturb_the_others(tmp_path: Path) -> None:
    """They fail, or nothing can be said of them; who sits beside them passes; nothing of theirs is left."""
    course = tmp_path / "course"
    shutil.copytree(SUBMISSIONS / "correct", course / "correct")
    for name, text in HARMFUL.items():
        (course / name).mkdir()
        (course / name / "server").write_text(text)
        (course / name / "server").chmod(0o755)
    (course / "links").mkdir()
    (course / "links" / "server").symlink_to(tmp_path / "course" / "correct" / "server.c")
    (course / "makes").mkdir()
    (course / "makes" / "Makefile").write_text(f"all:\n\t-rm -rf {tmp_path} /usr /etc\n\tln -s /etc/passwd server\n")
    (course / "breaks").mkdir()
    (course / "breaks" / "client.c").write_text("#include <no-such-header.h>\n")
    graded = Graded(tmp_path, course, "netns", "-k", "basic")

    rows = graded.rows
    assert rows.pop("correct")["verdict"] == "pass", graded.out + graded.err
    assert {row["verdict"] for row in rows.values()} <= {"fail", "unknown"}
    assert "leads out of its folder" in rows["links"]["trouble"]
    assert "no program is found" in rows["makes"]["trouble"]
    assert "does not compile" in rows["breaks"]["trouble"]
    assert "no-such-header.h: No such file or directory" in graded.report("breaks")
    assert "\x1b" not in graded.out
    assert "<script>" not in graded.html.read_text()
    assert (course / "correct" / "server.c").exists()


@pytest.mark.parametrize(
    ("folder", "words"),
    [("nowhere", "the folder 'nowhere' is not there"), ("empty", "holds neither a program nor a folder")],
)
def test_what_is_no_course_is_told(tmp_path: Path, folder: str, words: str) -> None:
    """Exit code 2."""
    (tmp_path / "empty").mkdir()
    came = Graded(tmp_path, Path(folder), "netns")

    assert came.code == 2
    assert words in came.err


def test_a_tutorials_programs_pass_all_scenarios_of_the_tutorial(tmp_path: Path) -> None:
    """Which are those that are graded by if none are named: each once, with IPv4."""
    command = [sys.executable, "-m", "labctl", "grade", str(SUBMISSIONS / "correct"), "--engine", "netns", "-j", "4"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    came = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path, check=False)

    assert came.returncode == 0, came.stdout + came.stderr
    [(passed, of)] = re.findall(r"^PASS correct: (\d+) of (\d+) scenarios passed", came.stdout, re.MULTILINE)
    assert passed == of
    assert int(of) > 60
    assert "[ipv6]" not in came.stdout
