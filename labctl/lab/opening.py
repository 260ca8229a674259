"""What a test asks for -> its lab, lent: it comes down whatever happens, and its records stay."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from labctl.engine.contract import Engine, Say
from labctl.engine.contract import Lab as EnginesLab
from labctl.hosts.conversation import Conversation
from labctl.lab.doing import Doing
from labctl.lab.errors import WrongWords
from labctl.lab.lab import Lab
from labctl.lab.standing import Standing
from labctl.lab.words import read_wishes
from labctl.observe.names import JOURNAL, PLAN
from labctl.plan.compose_file import read_compose
from labctl.plan.find import find_compose
from labctl.plan.given import NOTHING_GIVEN
from labctl.plan.make import make_plan
from labctl.plan.model import Plan
from labctl.runner.links import Links
from labctl.runner.narration import Narration
from labctl.runner.records import Journal, forget_old, open_folder, placed, plan_json
from labctl.runner.session import Session
from labctl.scenario.links.places import places_of
from labctl.scenario.model import HostSpec, Scenario
from labctl.scenario.names import host_specs, hosts_by_name
from labctl.scenario.problems import Position, did_you_mean

_KEYS = ("compose", "hosts", "ip", "seed", "allow")


class Wanted(Struct, frozen=True):
    """A lab as a test wants it. `scenario` has no steps."""

    scenario: Scenario
    plan: Plan
    specs: tuple[HostSpec, ...]


def wanted(test: Path, line: int, words: Mapping[str, object]) -> Wanted:
    """The lab that the marker's words of a test in that file ask for: all services of the nearest compose.yaml, once.

    `compose`: another one, seen from the test's folder. The other words are those of a scenario's top. WrongWords;
    ScenarioError with what is wrong with compose.yaml.
    """
    at = Position(str(test), line, 1)
    unknown = [name for name in words if name not in _KEYS]
    if unknown:
        known = did_you_mean(unknown[0], _KEYS, kinds="words")
        raise WrongWords(f"{at}: the marker `labctl` has no word '{unknown[0]}'; {known}")
    path = test.parent / str(words["compose"]) if "compose" in words else find_compose(test.parent / "scenario.yaml")
    compose = read_compose(path)
    asked = {name: value for name, value in words.items() if name != "compose"}
    scenario = read_wishes(asked, at, tuple(compose.services), compose.path)
    plan = make_plan(scenario, compose, scenario.families[0]).all_attended()
    return Wanted(scenario, plan, host_specs(scenario, tuple(compose.services)))


@contextmanager
def opened(asked: Wanted, engine: Engine, *, test: Path, name: str, slack: float, say: Say) -> Iterator[Lab]:
    """The lab. EngineError, LabBroke. On leaving LabError if what was asked of its links did not come about.

    `test`: the file that it is for; its records are beside that one's compose.yaml, in a folder with that `name`.
    """
    folder = open_folder(test, name, None)
    journal = Journal(folder / JOURNAL)
    try:
        lab_id = f"{os.getpid():x}-{os.urandom(4).hex()}"
        hosts = [host.name for host in asked.plan.hosts]
        journal.write("scenario-began", id=name, engine=engine.name, lab=lab_id, hosts=hosts, about="")
        standing = Standing(engine, asked.plan, lab_id, folder, say)
        try:
            lab = standing.up()
            (folder / PLAN).write_bytes(plan_json(lab.plan))
            journal.write("lab-up", hosts=placed(lab.plan), internet=lab.plan.internet)
            doing = _doing(asked, lab, Narration(0, journal, lambda event: None), folder, slack)
            yield Lab(doing, engine.name)
            if not doing.has_failed:
                doing.audit()
        finally:
            standing.down()
            journal.write("lab-down")
    finally:
        journal.close()
        forget_old(folder)


def _doing(asked: Wanted, lab: EnginesLab, narration: Narration, folder: Path, slack: float) -> Doing:
    heard: list[Doing] = []
    conversation = Conversation(
        lab.channels,
        on_heard=lambda host, header, body: heard[0].on_heard(host, header, body),
        last_words=getattr(lab, "last_words", lambda: ""),
    )
    places = places_of(asked.specs)
    links = Links((), lab.plan, places, conversation, seed=asked.scenario.seed, told=narration.rules_changed)
    session = Session(
        asked.scenario,
        lab.plan,
        conversation,
        hosts_by_name(asked.specs),
        links=links,
        halt=lab.halt,
        forget=lambda host: heard[0].forget(host),
        slack=slack,
        given=NOTHING_GIVEN,
        strict=True,
    )
    heard.append(Doing(session, narration, lab, asked.specs, folder))
    conversation.greet()
    return heard[0]
