"""Why no agent can run in an image, and which former copies go when there is a new one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labctl.agent.frames import Header
from labctl.engine.contract import EngineError
from labctl.engine.docker import copying
from labctl.engine.docker.copying import make_copies, why_unfit
from labctl.engine.docker.endpoint import Endpoint
from labctl.engine.docker.image_calls import ImageSeen
from labctl.engine.docker.pythons import Lacking

LOCAL = Endpoint("unix:///x")
NO_FILE = 'starting a container: runc create failed: exec: "python3": executable file not found in $PATH'


class Daemon:
    """A daemon with copies of an image: the new one is number 9. In use is number 2."""

    def __init__(self, *seen: ImageSeen) -> None:
        self.seen = seen
        self.made: dict[str, dict[str, str]] = {}
        self.forgotten: list[str] = []

    def put_into(self, base: str, archive: bytes, image: str, *, labels: dict[str, str], say: object) -> None:
        self.made[image] = labels | {"base": base, "archive": archive.decode()}

    def image_id(self, image: str) -> str:
        return "9"

    def images_with(self, label: str, value: str) -> tuple[ImageSeen, ...]:
        return self.seen

    def forget_image(self, image: str) -> None:
        if image == "2":
            raise EngineError("a container is using it")
        self.forgotten.append(image)

    def close(self) -> None:
        """Nothing is open."""


def tried(said: Header, monkeypatch: pytest.MonkeyPatch, *, stderr: str = "", error: str = "") -> str:
    """Why, when this is said in the container."""

    class Channel:
        def __init__(self) -> None:
            self.stderr = stderr

    @contextmanager
    def beside(*_: Any) -> Iterator[Channel]:  # Any: whatever the one that it stands for is given
        if error:
            raise EngineError(error)
        yield Channel()

    monkeypatch.setattr(copying, "Daemon", lambda _: Daemon())
    monkeypatch.setattr(copying, "beside", beside)
    monkeypatch.setattr(copying, "first_word", lambda _: said)
    return why_unfit("mine", LOCAL)


def test_a_python_that_is_fit_has_no_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried({"ev": "fit"}, monkeypatch) == ""


def test_what_it_says_of_itself_is_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several lines the one that matters: its own first, the last of what Python itself complains of."""
    said = {"ev": "unfit", "detail": "ImportError: it is Python 3.8, and 3.9 is the least\n  line 1"}

    assert tried(said, monkeypatch).endswith("(ImportError: it is Python 3.8, and 3.9 is the least)")
    assert tried({}, monkeypatch, stderr="File x\nSyntaxError: y").endswith("(SyntaxError: y)")
    assert tried({}, monkeypatch).endswith("(it ends at once)")


def test_where_there_is_none_to_execute_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried({}, monkeypatch, error=NO_FILE) == "there is no Python"


def test_another_failure_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="no space left"):
        tried({}, monkeypatch, error="creating a sidecar: no space left for python3")


def test_former_copies_go_unless_they_are_used_or_may_be_in_the_making(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time()
    daemon = Daemon(
        ImageSeen("9", True, now),
        ImageSeen("1", True, now),
        ImageSeen("2", True, 0),
        ImageSeen("3", False, now),
        ImageSeen("4", False, now - 3600),
    )
    monkeypatch.setattr(copying, "Daemon", lambda _: daemon)
    monkeypatch.setattr(copying, "packed", lambda *_: b"archive")

    make_copies([Lacking("mine", "labctl-with-python:1", "why")], LOCAL, print)

    made = daemon.made["labctl-with-python:1"]
    assert (made["base"], made["archive"], made["labctl.of"], made["labctl.why"]) == ("mine", "archive", "mine", "why")
    assert daemon.forgotten == ["1", "4"]
