"""`build` of a service in compose.yaml -> from where its image is built, and how."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from labctl.plan.model import Building
from labctl.plan.values import merged, read_texts
from labctl.scenario.problems import quoted
from labctl.scenario.reading import Page, note_kind
from labctl.scenario.yaml.tree import Mapping, Node, Scalar


class BuildAsked(Struct, frozen=True):
    """The folder, the Dockerfile in it, and the rest. `context` is None where something is wrong with it."""

    context: Path | None
    dockerfile: str = "Dockerfile"
    building: Building = Building()


_SELDOM = {
    "additional_contexts": "put what is copied into the context",
    "secrets": "what is built needs none",
    "ssh": "what is built needs none",
}
"""Of other keys no more is to be said than that they are not taken."""


def read_build(node: Node, page: Page, where: Path, note: Callable[[Scalar, str], None]) -> BuildAsked:
    """A build as compose.yaml has it. `where`: the folder of that file; `note` is told what a lab can't honour."""
    found = merged(node, page) if isinstance(node, Mapping) else {}
    entries = {name: value for name, (_, value) in found.items()} or {"context": node}
    for name, (key, _) in found.items():
        if name == "dockerfile_inline":
            page.wrong(key, f"labctl does not read {quoted(name)}", "write a file, and name it under `dockerfile`")
        elif name not in ("context", "dockerfile", "args", "target") and not name.startswith("x-"):
            reason = f": {_SELDOM[name]}" if name in _SELDOM else ""
            note(key, f"a lab takes no {quoted(name)} of a build{reason}")
    building = Building(
        args=dict(sorted(read_texts(entries["args"], page, "a map or a list of NAME=value").items()))
        if "args" in entries
        else {},
        target=_text(entries["target"], page, "the name of a stage") if "target" in entries else "",
    )
    dockerfile = _text(entries["dockerfile"], page, "the name of a Dockerfile") if "dockerfile" in entries else ""
    return BuildAsked(_context(entries.get("context"), node, page, where), dockerfile or "Dockerfile", building)


def _context(context: Node | None, node: Node, page: Page, where: Path) -> Path | None:
    if not isinstance(context, Scalar) or context.is_null:
        note_kind(context or node, page, "a build's context, a folder")
        return None
    folder = (where / context.text).resolve()
    if not folder.is_dir():
        page.wrong(context, f"there is no folder {quoted(context.text)}", "look at the path")
        return None
    return folder


def _text(node: Node, page: Page, title: str) -> str:
    if isinstance(node, Scalar) and not node.is_null and node.text:
        return node.text
    note_kind(node, page, title)
    return ""
