"""What a daemon tells while it builds or pulls -> words for who waits."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker.following import follow


def said(answers: Iterable[dict[str, str]]) -> list[str]:
    words: list[str] = []
    follow(answers, words.append)
    return words


def test_each_step_and_what_it_prints_is_told_and_the_builders_own_words_are_not() -> None:
    lines = ("Step 1/2 : RUN make\n", " ---> Running in 94e94e01322b\n", "cc -c x.c\n", "\n", " ---> 6b478e97c55c\n")
    after = ("Removing intermediate container 94e\n", "Step 2/2 : LABEL x\n", "Successfully built 6b478e97c55c\n")

    assert said({"stream": line} for line in (*lines, *after)) == [
        "Step 1/2 : RUN make",
        "Step 1/2: cc -c x.c",
        "Step 2/2 : LABEL x",
    ]


def test_a_pull_tells_how_many_layers_are_there() -> None:
    answers = [
        {"status": "Pulling from library/debian", "id": "a"},
        {"status": "Downloading", "id": "b", "progress": "[=> ]"},
        {"status": "Pull complete", "id": "b"},
        {"status": "Digest: sha256:0"},
    ]

    assert said(answers) == ["pulling: 0 of 1 layers are there", "pulling: 1 of 1 layers are there"]


def test_an_error_is_one() -> None:
    with pytest.raises(EngineError, match="returned a non-zero code"):
        said([{"stream": "Step 1/1 : RUN false"}, {"error": "'false' returned a non-zero code: 1\n"}])
