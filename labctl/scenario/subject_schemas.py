"""The subject of a `wait` or `check` -> what may stand with it, as JSON Schema: an editor then knows its states."""

from __future__ import annotations

from typing import Any

from labctl.scenario.kinds.basic import WORD_SCHEMA
from labctl.scenario.links.states import LINK_STATE, LINK_UNTIL_SCHEMA
from labctl.scenario.model import Thing
from labctl.scenario.reading import JsonSchema
from labctl.scenario.states.kinds import PORT_STATE, PROGRAM_CHECK, PROGRAM_UNTIL, thing_state
from labctl.scenario.states.subjects import LINK_PATTERN, PORT_PATTERN
from labctl.scenario.states.things import THINGS

Schema = dict[str, Any]  # Any: JSON is whatever JSON is

_LINK: Schema = {"type": "string", "pattern": LINK_PATTERN}
_PORT: Schema = {"type": "string", "pattern": PORT_PATTERN}
_STATE_KEY = {"wait": "until", "check": "expect"}


def subject_schemas(verb: str) -> list[Schema]:
    """For `wait` or `check`: one condition for each sort of subject."""
    key = _STATE_KEY[verb]
    is_wait = verb == "wait"
    program = PROGRAM_UNTIL.schema if is_wait else PROGRAM_CHECK.schema
    link = LINK_UNTIL_SCHEMA if is_wait else LINK_STATE.schema
    rules = [
        _if(verb, WORD_SCHEMA, _with(key, program, required=[], wrong=["on", "only"])),
        _if(verb, _PORT, _with(key, PORT_STATE.schema, required=["on"], wrong=["only"])),
        _if(verb, _LINK, _with(key, link, required=[key], wrong=["on"])),
    ]
    for module in THINGS:
        state = {} if module == "addr" else thing_state(Thing(module, "")).schema  # a port has less than a host
        thing = {"type": "object", "required": [module]}
        rules.append(_if(verb, thing, _with(key, state, required=["on", key], wrong=["only"])))
    return [*rules, {"not": {"required": ["until", "expect"]}}] if is_wait else rules


def _if(verb: str, subject: JsonSchema, then: Schema) -> Schema:
    return {"if": {"required": [verb], "properties": {verb: subject}}, "then": then}


def _with(key: str, state: JsonSchema, *, required: list[str], wrong: list[str]) -> Schema:
    unwanted = {"not": {"anyOf": [{"required": [name]} for name in wrong]}}
    return {"properties": {key: state}, "required": required} | unwanted
