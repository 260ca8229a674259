"""What the daemon's builder is given, and what it says of images."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from labctl.engine.contract import EngineError
from labctl.engine.docker.image_calls import ImageCalls, ImageSeen


class Api:
    """The SDK's client, as far as images go. Any: it answers with JSON."""

    timeout = 30

    def __init__(self, says: list[dict[str, str]] | None = None) -> None:
        self.says = says or []
        self.context = b""
        self.tag = ""

    def build(self, *, fileobj: io.BytesIO, tag: str, **_: object) -> list[dict[str, str]]:
        self.context, self.tag = fileobj.read(), tag
        return self.says

    def images(self, filters: dict[str, str]) -> list[dict[str, Any]]:
        assert filters == {"label": "labctl.of=bare"}
        return [
            {"Id": "sha256:1", "RepoTags": ["labctl-with-python:0"], "Created": 5},
            {"Id": "sha256:2", "RepoTags": None, "Created": 6},
            {"Id": "sha256:3", "RepoTags": ["<none>:<none>"], "Created": 7},
        ]


class Calls(ImageCalls):
    def __init__(self, api: Api) -> None:
        self._api = api

    @contextmanager
    def _translated(self, what: str) -> Iterator[None]:
        yield

    def _if_there(self, what: str, call: Callable[[], Any]) -> Any:  # Any: as in the one that it stands for
        return call()


def test_a_copy_is_the_image_with_an_archive_unpacked_in_it() -> None:
    """It is labelled first, so that what a broken build leaves is known, and nothing is filled in in labels."""
    api = Api()

    Calls(api).put_into("bare", b"archive", "copy", labels={"a": 'say "$HOME" \\'}, say=print)

    with tarfile.open(fileobj=io.BytesIO(api.context)) as context:
        files = {name: context.extractfile(name).read() for name in context.getnames()}  # type: ignore[union-attr]
    recipe = files.pop("Dockerfile").decode().splitlines()
    assert recipe == ["FROM bare", r'LABEL "a"="say \"\$HOME\" \\"', f"ADD {next(iter(files))} /"]
    assert list(files.values()) == [b"archive"]
    assert api.tag == "copy"


def test_what_the_builder_complains_of_is_raised() -> None:
    with pytest.raises(EngineError, match="no space left"):
        Calls(Api([{"stream": "Step 1"}, {"error": "no space left"}])).put_into("a", b"", "b", labels={}, say=print)


def test_images_that_lost_their_name_are_seen_too() -> None:
    assert Calls(Api()).images_with("labctl.of", "bare") == [
        ImageSeen("sha256:1", True, 5.0),
        ImageSeen("sha256:2", False, 6.0),
        ImageSeen("sha256:3", False, 7.0),
    ]
