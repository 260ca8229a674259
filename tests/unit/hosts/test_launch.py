"""A program is asked to be started, and what came of that is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from labctl.agent.frames import Decoder, Header
from labctl.hosts.launch import CannotStart, NotStarted, launch, started
from tests.unit.hosts.stage import Stage, program


def test_a_start_carries_all_that_the_program_needs(stage: Stage) -> None:
    """Its words, environment, window, input and time limit."""
    launch(stage.conversation, program(), environment={"A": "b"}, window=True, stdin=b"input", seconds=2.5)
    ((header, body),) = stage.heard_by("left")
    assert body == b"input"
    assert {key: header[key] for key in ("do", "program", "words", "environment", "window", "seconds", "more")} == {
        "do": "start", "program": "p", "words": ["server", "51717"], "environment": {"A": "b"}, "window": True,
        "seconds": 2.5, "more": False,
    }  # fmt: skip


def test_a_large_input_goes_in_pieces(stage: Stage) -> None:
    """No frame is larger than frames may be; the last piece says that it is."""
    given = bytes(range(256)) * 6144

    def listen() -> list[tuple[Header, bytes]]:
        decoder, frames = Decoder(), list[tuple[Header, bytes]]()
        while sum(len(body) for _, body in frames) < len(given):
            frames += decoder.feed(stage.agents["left"].recv(1 << 20))
        return frames

    with ThreadPoolExecutor() as pool:
        listening = pool.submit(listen)
        launch(stage.conversation, program(), environment={}, window=False, stdin=given)
        frames = listening.result(10)
    assert [(header["do"], header.get("more"), header.get("end")) for header, _ in frames] == [
        ("start", True, None),
        ("feed", None, True),
    ]
    assert b"".join(body for _, body in frames) == given


@pytest.mark.parametrize(
    ("word", "reply", "message"),
    [
        ("clinet", {"error": "not-found", "known": ["client", "server", "clear"]},
         "program not found on left: clinet; near it: client"),
        ("xyzzy", {"error": "not-found", "known": ["client", "server"]}, "program not found on left: xyzzy"),
        ("./a", {"error": "not-executable", "detail": "./a"}, "program can't be executed on left: ./a"),
        ("./a", {"error": "not-executable", "detail": "Exec format error"},
         "program can't be executed on left: ./a (Exec format error)"),
        ("true", {"error": "failed", "detail": "Resource temporarily unavailable"},
         "program could not be started on left: true: Resource temporarily unavailable"),
    ],
)  # fmt: skip
def test_why_a_program_did_not_start_is_told(stage: Stage, word: str, reply: Header, message: str) -> None:
    """The host, the word, near names where there are some, the kernel's reason where it has one."""
    one = program(command=(word,))
    ticket = launch(stage.conversation, one, environment={}, window=False)
    stage.says("left", {"re": stage.heard_by("left")[0][0]["id"], **reply})
    with pytest.raises(NotStarted) as error:
        started(stage.conversation, one, ticket)
    assert str(error.value) == message
    assert isinstance(error.value, CannotStart) == (reply["error"] == "failed")
    assert stage.conversation.programs == {}


def test_a_program_that_started_knows_when(stage: Stage) -> None:
    """By its host's clock."""
    one = program()
    ticket = launch(stage.conversation, one, environment={}, window=False)
    stage.says("left", {"re": stage.heard_by("left")[0][0]["id"], "ok": True, "pid": 5, "started": 123})
    started(stage.conversation, one, ticket)
    assert one.started_ns == 123
