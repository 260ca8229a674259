"""The language as a JSON Schema (draft-07), for editors: made from the tables that read it."""

from __future__ import annotations

import json
from typing import Any

from labctl.scenario.kinds.maps import object_schema
from labctl.scenario.links.faults import BELONGS_TO, FAULTS
from labctl.scenario.read import TOP_KEYS
from labctl.scenario.subject_schemas import subject_schemas
from labctl.scenario.verbs import VERBS

DRAFT = "http://json-schema.org/draft-07/schema#"
FILE = "schema.json"
"""What it is called beside scenarios."""

_ABOUT = "What happens on which host of a lab, step after step, and what must come of it."
_TOGETHER: dict[str, dict[str, Any]] = {  # Any: JSON is whatever JSON is
    "link": {
        "anyOf": [{"required": [fault]} for fault in FAULTS],
        "dependencies": {name: [fault] for name, fault in BELONGS_TO.items()},
    },
    "wait": {"allOf": subject_schemas("wait")},
    "check": {"allOf": subject_schemas("check")},
}
"""Which keys of a verb need each other."""


def schema() -> dict[str, Any]:  # Any: JSON is whatever JSON is
    """The JSON Schema of a scenario file. It knows shapes and words, not which names exist.

    A step is judged by its verb alone (`if`, `then`), so that an editor complains of what is wrong with that verb.
    """
    whole = object_schema(TOP_KEYS)
    steps = {**whole["properties"]["steps"], "minItems": 1, "items": _any_step()}
    properties = whole["properties"] | {"steps": steps}
    return {"$schema": DRAFT, "title": "labctl scenario", "description": _ABOUT} | whole | {"properties": properties}


def schema_text() -> str:
    """The schema as it is printed and kept in files, with the newline at its end."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def modeline(path: str) -> str:
    """The comment by which an editor finds the schema, for the top of a scenario; `path` is seen from that file."""
    return f"# yaml-language-server: $schema={path}"


def _any_step() -> dict[str, Any]:
    verbs = {name: {"description": verb.keys[name].about} for name, verb in VERBS.items()}
    return {
        "title": "step",
        "description": f"one thing that happens, by its verb: {', '.join(VERBS)}",
        "type": "object",
        "properties": verbs,
        "anyOf": [{"required": [verb]} for verb in VERBS],
        "allOf": [{"if": {"type": "object", "required": [verb]}, "then": _step(verb)} for verb in VERBS],
    }


def _step(verb: str) -> dict[str, Any]:
    return {"title": verb} | object_schema(VERBS[verb].keys, **_TOGETHER.get(verb, {}))
