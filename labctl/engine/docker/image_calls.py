"""The Docker daemon's images: what they are, and how they are had. A part of labctl.engine.docker.daemon."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import IO, Any, Protocol

from msgspec import Struct

from labctl.engine.contract import Say
from labctl.engine.docker.building import Build
from labctl.engine.docker.following import follow

BUILDS_WITHIN_S = 600
_CARRIED = "carried.tar"


class ImageSeen(Struct, frozen=True):
    """An image that is there. `is_named`: it has a name still. `created`: seconds since 1970 by the daemon's clock."""

    id: str
    is_named: bool
    created: float


class _Calls(Protocol):
    """What it needs of the daemon. Any: the SDK's client, whose methods return JSON."""

    _api: Any

    def _translated(self, what: str) -> AbstractContextManager[None]: ...
    def _if_there(self, what: str, call: Callable[[], Any]) -> Any: ...


class ImageCalls(_Calls):
    """The calls about images."""

    def image_labels(self, image: str) -> dict[str, str] | None:
        """An image's labels, None if there is no such image."""
        found = self._inspected(image)
        return None if found is None else dict((found.get("Config") or {}).get("Labels") or {})

    def image_id(self, image: str) -> str | None:
        """An image's id, None if there is no such image."""
        found = self._inspected(image)
        return None if found is None else str(found["Id"])

    def labels_of_image(self, identity: str) -> dict[str, str]:
        """The labels of the image of that id, which every container that is made from it takes over."""
        return self.image_labels(identity) or {}

    def _inspected(self, image: str) -> Any:
        return self._if_there(f"looking for the image '{image}'", lambda: self._api.inspect_image(image))

    def images_with(self, label: str, value: str) -> list[ImageSeen]:
        """All images that have that label."""
        with self._translated("listing images"):
            found = self._api.images(filters={"label": f"{label}={value}"})
        return [ImageSeen(str(one["Id"]), _is_named(one["RepoTags"]), float(one["Created"])) for one in found]

    def forget_image(self, image: str) -> None:
        """Remove an image by its name or id. EngineError while it is in use."""
        self._if_there(f"removing the image '{image}'", lambda: self._api.remove_image(image))

    def pull(self, image: str, say: Say) -> None:
        """Get an image from its registry. EngineError if none gives it."""
        name, _, tag = image.rpartition(":") if ":" in image.rpartition("/")[2] else (image, "", "latest")
        with self._translated(f"pulling the image '{image}'"):
            follow(self._api.pull(name, tag=tag, stream=True, decode=True), say)

    def build(self, image: str, how: Build, say: Say) -> None:
        """Build an image with the daemon's own builder. EngineError with the builder's words if that fails."""
        self._build(
            image,
            how.labels,
            say,
            path=str(how.context),
            dockerfile=how.dockerfile,
            buildargs=how.arguments,
            target=how.target or None,
        )

    def put_into(self, base: str, archive: bytes, image: str, *, labels: Mapping[str, str], say: Say) -> None:
        """Make an image of another one and the files of a tar archive. EngineError with the builder's words.

        What is left of one that was broken off has the labels, too.
        """
        self._build(image, {}, say, fileobj=_context(base, labels, archive), custom_context=True)

    def _build(self, image: str, labels: Mapping[str, str], say: Say, **what: object) -> None:
        with self._translated(f"building the image '{image}'"):
            self._api.timeout = BUILDS_WITHIN_S
            progress = self._api.build(tag=image, labels=dict(labels), rm=True, forcerm=True, decode=True, **what)
            follow(progress, say)


def _is_named(tags: Sequence[str] | None) -> bool:
    return any(tag != "<none>:<none>" for tag in tags or ())


def _context(base: str, labels: Mapping[str, str], archive: bytes) -> IO[bytes]:
    """A build's context, which is a tar archive itself: what is added as one is unpacked (Dockerfile reference)."""
    import tarfile  # takes 10 ms, and few need it

    context = io.BytesIO()
    labelled = "".join(f"LABEL {_quoted(name)}={_quoted(value)}\n" for name, value in labels.items())
    recipe = f"FROM {base}\n{labelled}ADD {_CARRIED} /\n".encode()
    with tarfile.open(fileobj=context, mode="w") as outer:
        for name, content in (("Dockerfile", recipe), (_CARRIED, archive)):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            outer.addfile(entry, io.BytesIO(content))
    context.seek(0)
    return context


def _quoted(text: str) -> str:
    """A word of a Dockerfile's, in which nothing is filled in."""
    for special in ("\\", '"', "$"):
        text = text.replace(special, f"\\{special}")
    return f'"{text}"'
