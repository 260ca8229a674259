"""Frames from labctl -> chains of nftables on a host whose kernel has no packet queue -> frames to labctl.

The requests are those of labctl.sidecar.serve. What can't be done or counted exactly without a queue is answered with
an error, never done otherwise. Decisions are not told one by one, because nobody sees the packets.
"""

from __future__ import annotations

import ipaddress
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from labctl.agent.frames import Header
from labctl.sidecar.fragments import Fragments
from labctl.sidecar.passage import Shortfall
from labctl.sidecar.plain import (
    HOME,
    MOST,
    Run,
    loses_all,
    lost_of,
    made,
    matches,
    may_meet,
    refusal,
    uncountable,
    unmade,
)
from labctl.sidecar.rules import ORDER, Json, Rule, missing, rule_from
from labctl.sidecar.tables import FAMILIES, TABLE, TableError, Tables, away, frame_without_queue, interest_from, nft
from labctl.sidecar.tables import run as said_by
from labctl.sidecar.talk import Later, Talk, Watched
from labctl.sidecar.views import MOST_ORDINALS, View, view_from

MEND = "(modprobe nfnetlink_queue, or a kernel that has it)"
_LOOKS_EVERY_S = 0.05
_TRIES = 20


class _Look:
    """A view, since its last restart. `counters`: how each sender's is called. `runs`: rules that it met."""

    def __init__(self, view: View, began: int, counters: dict[str, str]) -> None:
        self.view, self.began, self.counters = view, began, counters
        self.runs: list[Run] = []


class PlainSidecar:
    """One host's sidecar where nothing but nftables is there."""

    def __init__(self, settings: Json, come: int, go: int) -> None:
        """`settings`: `host`, and `names` of all senders by address."""
        self._talk = Talk(settings["host"], come, go)
        self._watched = Watched(self._talk, self._counted)
        self._looks_again = Later(self._talk.loop, _LOOKS_EVERY_S, self._look)
        self._addresses: dict[str, frozenset[bytes]] = {}
        for address, name in settings["names"].items():
            packed = ipaddress.ip_address(address).packed
            self._addresses[name] = self._addresses.get(name, frozenset()) | {packed}
        self._tables = Tables(settings["addresses"], has_own_queue=False)
        self._fragments = Fragments(self._tables)
        self._looks: dict[str, _Look] = {}
        self._runs: list[Run] = []
        self._rules: list[Rule] = []
        self._known: set[Run] = set()
        self._turn = self._made = 0

    def serve(self) -> None:
        """Say hello, then do what is asked until labctl is gone. What was lent is given back."""
        asked = {"watch": self._watch, "rules": self._change, "counts": self._counts, "audit": self._audit}
        try:
            nft(frame_without_queue())
            self._talk.serve(asked, buffer=0)
        finally:
            nft("".join(map(away, (*FAMILIES, "inet"))))

    def _watch(self, header: Header) -> Json:
        """Count packets of these views from now on, no more those of `gone`; tell changes of `watched`."""
        self._watched.tell()
        for name in header.get("gone", ()):
            self._looks.pop(name, None)
        news = [view for view in map(view_from, header.get("views", ())) if view.name not in self._looks]
        self._looks |= {view.name: self._begun(view) for view in news}
        if news:
            self._put_in_force()
        watched = header.get("watched", ())
        for name in watched:
            self._demand_countable(name)
        self._watched.turn_to(watched)
        self._looks_again.ask()
        return {"ok": True}

    def _change(self, header: Header) -> Json:
        """Replace all rules, and begin to count the views in `restart` anew, in one step."""
        rules = sorted(map(rule_from, header["rules"]), key=lambda rule: ORDER.index(rule.fault))
        for rule in rules:
            if why := refusal(rule):
                raise TableError(f"{why}, which this kernel doesn't have {MEND}")
        self._turn += 1
        stay = [run for run in self._runs if run.rule in rules]
        gone = [rule for rule in self._rules if rule.name in header["ending"]]
        fresh = [self._run(rule, sender) for rule in rules if rule not in self._rules for sender in self._senders(rule)]
        for one in fresh:
            for text in made(one):
                nft(text)
        before, self._known = self._runs, self._known | set(fresh)
        lost: list[Shortfall] = []
        if "fragments" in header:
            lost = self._fragments.lose([interest_from(values) for values in header["fragments"]])
        self._rules = rules
        self._runs = sorted([*stay, *fresh], key=lambda run: rules.index(run.rule))
        for name in header.get("restart", ()):
            self._looks[name] = self._begun(self._looks[name].view)
            self._fragments.restart(self._looks[name].view)
        since = self._put_in_force()
        shortfalls = self._shortfalls(gone, before) + [found._asdict() for found in lost]
        self._forget()
        return {"since": since, "shortfalls": shortfalls}

    def _audit(self, _: Header) -> Json:
        """What the rules in force never saw. Nothing is lost on the way: no queue could be full."""
        never = [found._asdict() for found in self._fragments.shortfalls()]
        return {"shortfalls": self._shortfalls(self._rules) + never, "lost": 0}

    def _put_in_force(self) -> int:
        """Have packets pass what is there now, and nothing else. When that was."""
        lines = [f"flush chain {HOME} input", f'add rule {HOME} input iifname "lo" return']
        for look in self._looks.values():
            for sender, counter in look.counters.items():
                whose = self._addresses[sender] & (look.view.senders or self._addresses[sender])
                found = matches(whose, look.view.only)
                lines += [f"add rule {HOME} input {match}counter name {counter}" for match in found]
            met = [run for run in self._runs if run.sender in look.counters and may_meet(run.rule.only, look.view.only)]
            look.runs += [run for run in met if run not in look.runs]
        for one in self._runs:
            whose = self._addresses[one.sender] & (one.rule.senders or self._addresses[one.sender])
            lines += [f"add rule {HOME} input {match}jump r{one.number}" for match in matches(whose, one.rule.only)]
        nft("".join(f"{line}\n" for line in lines))
        return time.monotonic_ns()

    def _forget(self) -> None:
        """Away with what neither passes packets any more nor has counted any that are asked for."""
        needed = {*self._runs, *(run for look in self._looks.values() for run in look.runs)}
        nft("".join(unmade(run) for run in self._known - needed))
        self._known &= needed

    def _begun(self, view: View) -> _Look:
        counters = {}
        for sender in self._senders(view):
            self._made += 1
            counters[sender] = f"v{self._made}"
        nft("".join(f"add counter {HOME} {name}\n" for name in counters.values()))
        return _Look(view, self._turn, counters)

    def _run(self, rule: Rule, sender: str) -> Run:
        self._made += 1
        return Run(self._made, rule, sender, self._turn)

    def _senders(self, one: Rule | View) -> list[str]:
        return [name for name, its in self._addresses.items() if one.senders is None or its & one.senders]

    def _shortfalls(self, rules: Iterable[Rule], runs: Iterable[Run] | None = None) -> list[Json]:
        """What these rules never saw, as labctl.sidecar.passage says it."""
        counted = _counters()
        found = []
        for rule in rules:
            its = [run for run in (self._runs if runs is None else runs) if run.rule == rule]
            for one in its:
                _demand_drawn(one, counted)
            came = [(run.sender, counted[run.came], counted[run.lost]) for run in its if counted[run.came]]
            for sender, number, chosen in came or [("", 0, 0)]:
                if what := missing(rule, number, chosen):
                    found.append({"rule": rule.name, "sender": sender, "what": what})
        return found

    def _counts(self, header: Header) -> Json:
        return {"counts": self._counted(header["view"])}

    def _counted(self, name: str) -> Json:
        """The counters of a view, when none of them changes."""
        self._demand_countable(name)
        look = self._looks[name]
        counted = _counters()
        for _ in range(_TRIES):
            before, counted = counted, _counters()
            if before == counted:
                break
        sent, lost = 0, {}
        for sender, counter in look.counters.items():
            sent += counted[counter]
            if numbers := _lost(look, sender, counted, self._runs):
                lost[sender] = numbers
        dropped = sum(map(len, lost.values()))
        told = {"sent": sent, "arrived": sent - dropped, "dropped": dropped, "retransmitted": 0, "resets": 0}
        fragmented = self._fragments.counted(look.view)
        return told | {"lost": {one: its[:MOST_ORDINALS] for one, its in lost.items()}, "fragmented": fragmented}

    def _look(self) -> None:
        """Tell what has changed. The kernel tells nobody that a packet has come, so it is looked at again and again."""
        for name in self._watched.names:
            with suppress(TableError):  # packets come faster than can be looked at; at the end it is said
                self._watched.tell_of(name)
        if self._watched.names:
            self._looks_again.ask()

    def _demand_countable(self, name: str) -> None:
        if why := uncountable(self._looks[name].view.only):
            raise TableError(f"{why}, which this kernel doesn't have {MEND}")


def _lost(look: _Look, sender: str, counted: Mapping[str, int], in_force: Sequence[Run]) -> list[int]:
    """Which of a sender's packets were lost. TableError where that doesn't follow from what was counted."""
    sent = counted[look.counters[sender]]
    runs = [run for run in look.runs if run.sender == sender and counted[run.lost]]
    for one in runs:
        _demand_drawn(one, counted)
    passed = sorted(runs, key=lambda one: ORDER.index(one.rule.fault))
    lost = None
    if len(runs) == 1 and runs[0] in in_force and loses_all(runs[0], look.view.only, look.began):
        lost = list(range(1, sent + 1))
    elif all((one.rule.only, one.began) == (look.view.only, look.began) for one in runs):
        lost = lost_of(sent, [(one, counted[one.came], counted[one.lost]) for one in passed])
    if lost is None:
        raise TableError(f"which packets of {sender} were lost can't be told without a packet queue {MEND}")
    return lost


def _demand_drawn(one: Run, counted: Mapping[str, int]) -> None:
    if one.rule.which.share and counted[one.came] > MOST:
        raise TableError(f"more than {MOST} packets came from {one.sender}: that needs a packet queue {MEND}")


def _counters() -> dict[str, int]:
    said = json.loads(said_by(["nft", "-j", "list", "counters", "table", "inet", TABLE]))
    counters = [item["counter"] for item in said["nftables"] if "counter" in item]
    return {counter["name"]: counter["packets"] for counter in counters}
