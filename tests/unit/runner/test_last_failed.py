"""Which scenarios did not pass when they were last run: kept, and forgotten."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from labctl.plan.shipped import shipped
from labctl.runner.last_failed import NAME, known_failed, note
from labctl.runner.outcome import ScenarioOutcome, Verdict
from labctl.runner.select import ScenarioFile, Selected, load

TEXT = "ip: [4, 6]\nhosts: {client: {}}\nsteps:\n  - on: client\n    run: /bin/true\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a compose.yaml and two scenarios of two families; the user's state is below it, too."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    home = tmp_path / "project"
    (home / "labs").mkdir(parents=True)
    (home / "compose.yaml").write_text(shipped("compose.yaml").read_text().replace("./images", str(shipped("images"))))
    for name in ("a", "b"):
        (home / "labs" / f"{name}.yaml").write_text(TEXT)
    monkeypatch.chdir(home)
    return home


def selected(*names: str) -> tuple[Selected, ...]:
    loaded = load(ScenarioFile(f"labs/{name}", Path(f"labs/{name}.yaml")) for name in names or ("a", "b"))
    assert not loaded.problems
    return loaded.selected


def came(name: str, verdict: Verdict, **more: int) -> ScenarioOutcome:
    path = Path(f"labs/{name.partition('[')[0]}.yaml")
    return ScenarioOutcome(id=f"labs/{name}", path=path, engine="netns", verdict=verdict, **more)  # type: ignore[arg-type]  # round


def failed() -> set[str]:
    return known_failed(selected(), unreadable=[])


def test_what_did_not_pass_is_known_family_by_family(place: Path) -> None:
    assert note([came("a[ipv4]", Verdict.PASS), came("a[ipv6]", Verdict.FAIL), came("b[ipv4]", Verdict.UNKNOWN)])

    assert failed() == {"labs/a[ipv6]", "labs/b[ipv4]"}
    assert (place / ".labctl" / ".gitignore").read_text() == "*\n"


def test_it_is_forgotten_when_it_passes_and_what_was_not_run_is_not(place: Path) -> None:
    note([came("a[ipv6]", Verdict.FAIL), came("b[ipv4]", Verdict.FAIL)])
    note([came("a[ipv6]", Verdict.PASS), came("b[ipv4]", Verdict.SKIPPED)])

    assert failed() == {"labs/b[ipv4]"}


def test_of_several_rounds_the_worst_counts(place: Path) -> None:
    note([came("a[ipv4]", Verdict.FAIL, round=1), came("a[ipv4]", Verdict.PASS, round=2)])

    assert failed() == {"labs/a[ipv4]"}


def test_it_is_the_same_wherever_one_stands(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    note([came("a[ipv4]", Verdict.FAIL)])
    monkeypatch.chdir(place / "labs")
    loaded = load([ScenarioFile("a", Path("a.yaml"))])

    assert known_failed(loaded.selected, unreadable=[]) == {"a[ipv4]"}


def test_a_renamed_scenario_is_forgotten(place: Path) -> None:
    note([came("a[ipv4]", Verdict.FAIL)])
    (place / "labs/a.yaml").rename(place / "labs/c.yaml")
    note([came("b[ipv4]", Verdict.FAIL)])

    assert json.loads((place / ".labctl" / NAME).read_text())["failed"] == ["labs/b.yaml[ipv4]"]


def test_where_all_pass_nothing_is_written(place: Path) -> None:
    assert note([came("a[ipv4]", Verdict.PASS)])

    assert not (place / ".labctl").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "failed": [1]}', "\xff\x00", "[" * 99999]
)
def test_a_file_that_is_no_good_is_named_and_replaced(place: Path, text: str) -> None:
    path = place / ".labctl" / NAME
    path.parent.mkdir()
    path.write_text(text, encoding="latin-1")
    unreadable: list[Path] = []

    assert known_failed(selected(), unreadable=unreadable) == set()
    assert unreadable == [path]
    assert note([came("a[ipv4]", Verdict.FAIL)])
    assert failed() == {"labs/a[ipv4]"}


def test_where_nothing_can_be_written_the_users_own_folder_has_it(place: Path) -> None:
    """A file stands where the folder would: neither root nor anybody else can write there."""
    (place / ".labctl").write_text("")
    assert note([came("a[ipv4]", Verdict.FAIL)])
    assert failed() == {"labs/a[ipv4]"}

    (place / ".labctl").unlink()
    assert note([came("a[ipv4]", Verdict.PASS)])
    assert failed() == set()


def test_nowhere_to_write_is_said_and_nothing_breaks(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / ".labctl").write_text("")
    (place.parent / "state").write_text("")

    assert not note([came("a[ipv4]", Verdict.FAIL)])
    assert failed() == set()


def test_runs_that_end_at_the_same_time_lose_nothing(place: Path) -> None:
    names = [f"{name}[{family}]" for name in "ab" for family in ("ipv4", "ipv6")]
    for _ in range(20):
        note([came(name, Verdict.PASS) for name in names])
        threads = [threading.Thread(target=note, args=([came(name, Verdict.FAIL)],)) for name in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert failed() == {f"labs/{name}" for name in names}
