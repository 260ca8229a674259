"""The language as a JSON Schema (draft-07), for editors: made from the tables that read it."""

from __future__ import annotations

from typing import Any

from labctl.scenario.kinds.maps import object_schema
from labctl.scenario.links.faults import BELONGS_TO, FAULTS
from labctl.scenario.read import TOP_KEYS
from labctl.scenario.verbs import VERBS

DRAFT = "http://json-schema.org/draft-07/schema#"

_TOGETHER: dict[str, dict[str, Any]] = {  # Any: JSON is whatever JSON is
    "link": {
        "anyOf": [{"required": [fault]} for fault in FAULTS],
        "dependencies": {name: [fault] for name, fault in BELONGS_TO.items()},
    }
}
"""Which keys of a verb need each other."""


def schema() -> dict[str, Any]:  # Any: JSON is whatever JSON is
    """The JSON Schema of a scenario file. It knows shapes and words, not which names exist."""
    whole = object_schema(TOP_KEYS)
    steps = {"type": "array", "minItems": 1, "items": {"oneOf": [_step(verb) for verb in VERBS]}}
    properties = whole["properties"] | {"steps": steps}
    return {"$schema": DRAFT, "title": "labctl scenario"} | whole | {"properties": properties}


def _step(verb: str) -> dict[str, Any]:
    return {"title": verb} | object_schema(VERBS[verb].keys, **_TOGETHER.get(verb, {}))
