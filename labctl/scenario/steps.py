"""The list of steps -> steps in order of time, each read by its own verb."""

from __future__ import annotations

from msgspec import Struct

from labctl.scenario.kinds.maps import read_map
from labctl.scenario.model import Step
from labctl.scenario.problems import did_you_mean, quoted
from labctl.scenario.reading import Page, Unreadable, Values, Words, note_kind
from labctl.scenario.verbs import VERBS
from labctl.scenario.words import LINK_WORDS, STEP_WORDS
from labctl.scenario.yaml.tree import Mapping as MapNode
from labctl.scenario.yaml.tree import Node, Sequence


class Outline(Struct, frozen=True):
    """A step as far as it could be read: what names it uses can be checked even where the step is wrong."""

    verb: str
    values: Values
    step: Step | None


def read_steps(node: Node, page: Page) -> list[Outline | None]:
    """Every step in order, None for one whose verb can't be told."""
    if not isinstance(node, Sequence):
        note_kind(node, page, "a list of steps")
        return []
    if not node.items:
        page.wrong(node, "a scenario needs a step", "add one, such as `- {on: HOST, run: COMMAND}`")
    return [_read_step(item, page) for item in node.items]


def _read_step(node: Node, page: Page) -> Outline | None:
    if not isinstance(node, MapNode):
        note_kind(node, page, "a map with a verb")
        return None
    verb = _verb_of(node, page)
    if verb is None:
        return None
    values = read_map(node, page, VERBS[verb].keys, _words(verb))
    try:
        step = VERBS[verb].make(values, page)
    except Unreadable:
        step = None
    return Outline(verb, values, step)


def _verb_of(node: MapNode, page: Page) -> str | None:
    verbs = [key for key, _ in node.entries if key.text in VERBS]
    if len(verbs) == 1:
        return verbs[0].text
    if verbs:
        first, second = verbs[0].text, verbs[1].text
        message = f"a step has one verb, and here are `{first}` and `{second}`"
        page.wrong(verbs[1], message, f"write `{second}` as a step of its own")
        return None
    strange = [key for key, _ in node.entries if key.text in STEP_WORDS.hints or key.text not in _HOMES]
    for key in strange:
        hint = STEP_WORDS.hints.get(key.text) or did_you_mean(key.text, VERBS, kinds="verbs")
        page.wrong(key, f"unknown key {quoted(key.text)} in a step", hint)
    if not strange:
        page.wrong(node, "a step needs a verb", f"add one of {', '.join(VERBS)}")
    return None


def _homes() -> dict[str, list[str]]:
    """Each key of a step, and the verbs it stands with."""
    homes: dict[str, list[str]] = {}
    for verb, known in VERBS.items():
        for key in known.keys:
            homes.setdefault(key, []).append(verb)
    return homes


_HOMES = _homes()
_MISPLACED: dict[tuple[str, str], str] = {
    ("start", "expect"): "write it in the `wait` or `stop` of this program",
    ("start", "stdin"): "write a `send` step: a started program is typed to",
    ("start", "until"): "write `ready`, or a `wait` step",
    ("run", "until"): "write `start`, then `wait` with `until`",
    ("run", "ready"): "write `start`: a run is over when it has ended",
    ("check", "until"): "write `expect`, or `wait` instead of `check`",
    ("check", "timeout"): "write `wait` with `until`: a check looks now",
    ("stop", "to"): "write `stop: PROGRAM`",
    ("stop", "on"): "remove it: a program's host is known",
    ("send", "on"): "remove it: a program's host is known",
    ("signal", "on"): "remove it: a program's host is known",
    ("halt", "on"): "write `halt: HOST`",
    ("halt", "to"): "write `halt: HOST`",
    ("link", "on"): "remove it: the link names its hosts",
    ("link", "to"): "write it in the link: `A -> B`",
    ("link", "until"): "write a `heal` step where it shall end",
    ("link", "timeout"): "write a `heal` step where it shall end",
    ("link", "expect"): "write a `check` step with this link",
    ("heal", "on"): "remove it: the link names its hosts",
    ("heal", "only"): "leave it out: all that is on the link ends",
    ("wait", "to"): "write `wait: PROGRAM`",
    ("check", "to"): "write `check: PROGRAM`",
}


def _words(verb: str) -> Words:
    elsewhere = {
        key: _MISPLACED.get((verb, key)) or f"it stands with {', '.join(f'`{home}`' for home in homes)}"
        for key, homes in _HOMES.items()
        if key not in VERBS[verb].keys and key not in VERBS
    }
    hints = STEP_WORDS.hints | LINK_WORDS.hints if verb == "link" else STEP_WORDS.hints
    return Words(f"a `{verb}` step", hints, elsewhere)
