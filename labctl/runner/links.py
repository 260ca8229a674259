"""The links of a lab while it runs: what steps do to them, what was counted there, and what can't be relied on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

from msgspec import Struct

from labctl.agent.frames import Header
from labctl.engine.contract import Channel, EngineError
from labctl.fault.book import Book, Json, Rule, healed, impaired, only_values, values
from labctl.hosts.conversation import Conversation, LabBroke, Ticket
from labctl.plan.model import Plan
from labctl.runner.counted import Counts, shortfall_words, together
from labctl.scenario.links.places import Interest, Places, interests, is_of_record, link_of, receivers
from labctl.scenario.model import Check, Heal, Impair, Link, Only, Step, Wait

Attend = Callable[[Sequence[str]], Mapping[str, Channel]]
Told = Callable[[str, int, Sequence[Rule]], None]
"""Told of a change: where packets arrive, since when (CLOCK_MONOTONIC, ns), and all rules that are in force there."""

_HELLO_WITHIN_S = 30.0


class _View(Struct, frozen=True):
    name: str
    interest: Interest


class Links:
    """Talks to the sidecars. Hosts that no step sends packets to over a named link have none."""

    def __init__(
        self,
        steps: Sequence[Step],
        plan: Plan,
        places: Places,
        conversation: Conversation,
        *,
        seed: int,
        told: Told | None = None,
    ) -> None:
        """`places`: which hosts the ends of links stand for. `seed`: the scenario's. `told`: where a record is made."""
        self._steps, self._places, self._seed = tuple(steps), places, seed
        self._conversation, self._told = conversation, told
        self._addresses = {host.name: host.addresses for host in plan.hosts}
        self._book = Book()
        self._views = [_View(f"v{number}", interest) for number, interest in enumerate(_viewed(steps, places), 1)]
        self._attended: list[str] = []
        self._greeted: set[str] = set()
        self._shortfalls: list[str] = []
        self._lost_at_halted: dict[str, int] = {}
        self._changes: list[tuple[int, Link]] = []
        self._heard: dict[str, Mapping[str, Any] | None] = {}

    def begin(self, attend: Attend) -> None:
        """Have a sidecar beside each host where packets arrive that steps are about; each counts from now on.

        LabBroke when one can't be had.
        """
        self._attend(attend)
        self._watch(self._attended, self._views)

    def also(self, steps: Sequence[Step], attend: Attend) -> None:
        """Look after what these steps are about, too. What of it nobody has asked for before is counted from now on.

        LabBroke when a sidecar can't be had.
        """
        self._steps = (*self._steps, *steps)
        known = {view.interest for view in self._views}
        new = [interest for interest in _viewed(steps, self._places) if interest not in known]
        views = [_View(f"v{number}", interest) for number, interest in enumerate(new, len(self._views) + 1)]
        self._attend(attend)
        self._views += views
        concerned = {interest.receiver for interest in (*new, *interests(steps, self._places))}
        self._watch([host for host in self._attended if host in concerned], views)

    def _attend(self, attend: Attend) -> None:
        halted = self._lost_at_halted.keys()
        named = receivers(self._steps, self._places)
        hosts = [host for host in named if host not in self._attended and host not in halted]
        if not hosts:
            return
        try:
            channels = attend(hosts)
        except EngineError as error:
            raise LabBroke(str(error), hint=error.hint) from error
        for host in hosts:
            self._conversation.join(_name(host), channels[host], self._on_event)
        self._attended += hosts
        if not self._conversation.until(lambda: self._greeted >= set(hosts), timeout_s=_HELLO_WITHIN_S):
            raise LabBroke(f"nothing answers beside {', '.join(sorted(set(hosts) - self._greeted))}")

    def _watch(self, hosts: Sequence[str], views: Sequence[_View]) -> None:
        """Have the sidecars there look at all that steps are about, and count by these views from now on."""
        wanted = interests(self._steps, self._places)
        self._ask_all({host: ("watch", self._watching(host, views, wanted)) for host in hosts})

    def forget(self, host: str) -> None:
        """A host is about to be halted, and its sidecar with it: what it didn't see by now it won't see."""
        if host in self._attended:
            audit = self._answer(self._ask(host, "audit"))
            self._shortfalls += map(shortfall_words, audit["shortfalls"])
            self._lost_at_halted[host] = audit["lost"]
            self._attended.remove(host)
            self._conversation.forget(_name(host))

    def impair(self, step: Impair) -> None:
        """From here on the link does so. Returns when it is in force at each end that it concerns."""
        places = self._places.directions(step.link)
        self._turn_to(impaired(self._book, step, self._places, seed=self._seed), restarted=places)
        self._changes.append((time.time_ns(), step.link))

    def is_counted(self, link: Link, only: Only | None) -> bool:
        """Whether these packets are counted there by now."""
        return len(self._views_of(link, only)) == len(self._places.directions(link))

    def ends(self, link: Link) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The hosts that each end stands for."""
        return self._places.hosts(link.sender), self._places.hosts(link.receiver)

    def changed_ns(self, link: Link) -> int | None:
        """When the last `link` step there was in force, whichever way (CLOCK_REALTIME); None where there was none."""
        here = self._pairs(link)
        return next((at_ns for at_ns, other in reversed(self._changes) if here & self._pairs(other)), None)

    def _pairs(self, link: Link) -> set[frozenset[str]]:
        return {frozenset((one, to)) for senders, to in self._places.directions(link) for one in senders}

    def heal(self, step: Heal) -> None:
        """Take away what is there. Returns when it is gone."""
        self._turn_to(healed(self._book, step, self._places), restarted=[])

    def counts(self, link: Link, only: Only | None) -> Counts:
        """What was counted, now."""
        views = self._views_of(link, only)
        tickets = [self._ask(view.interest.receiver, "counts", view=view.name) for view in views]
        return together(
            {view.interest: self._answer(ticket)["counts"] for view, ticket in zip(views, tickets, strict=True)}
        )

    def until(self, link: Link, only: Only | None, holds: Callable[[Counts], bool], *, timeout_s: float) -> Counts:
        """Wait until it holds for what was counted. What was counted last, whether it holds or not."""
        views = self._views_of(link, only)
        hosts = dict.fromkeys(view.interest.receiver for view in views)
        self._heard = {view.name: None for view in views}

        def so_far() -> Counts:
            return together({view.interest: self._heard[view.name] or {} for view in views})

        self._ask_all({host: ("watch", {"watched": _names_at(host, views)}) for host in hosts})
        try:
            self._conversation.until(lambda: holds(so_far()), timeout_s=timeout_s)
        finally:
            self._ask_all({host: ("watch", {"watched": []}) for host in hosts})
        return so_far()

    def trouble(self) -> str:
        """Why nothing that was seen since can be relied on: packets that were lost on their way to a sidecar."""
        tickets = {host: self._ask(host, "audit") for host in self._attended}
        lost = self._lost_at_halted | {host: self._answer(ticket)["lost"] for host, ticket in tickets.items()}
        return "; ".join(
            f"{count} packets were lost where {host} receives, before they could be looked at"
            for host, count in lost.items()
            if count
        )

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What rules that have ended were asked for and didn't do, in words."""
        return tuple(self._shortfalls)

    def audit(self) -> list[str]:
        """What was asked for and didn't happen, in words; nothing, if all did."""
        tickets = [self._ask(host, "audit") for host in self._attended]
        found = [shortfall for ticket in tickets for shortfall in self._answer(ticket)["shortfalls"]]
        return [*self._shortfalls, *map(shortfall_words, found)]

    def _turn_to(self, book: Book, *, restarted: Sequence[tuple[frozenset[str], str]]) -> None:
        before, self._book = self._book, book
        concerned = {receiver for _, receiver in restarted}
        requests = {
            host: ("rules", self._rules_of(host, before, restarted))
            for host in self._attended
            if host in concerned or before.of(host) != book.of(host)
        }
        for host, answer in zip(requests, self._ask_all(requests), strict=True):
            self._shortfalls += map(shortfall_words, answer["shortfalls"])
            if self._told is not None:
                self._told(host, answer["since"], book.of(host))

    def _rules_of(self, host: str, before: Book, restarted: Sequence[tuple[frozenset[str], str]]) -> Json:
        rules, last = self._book.of(host), before.of(host)
        names = {rule.name for rule in rules}
        restart = [
            view.name
            for view in self._views
            for senders, receiver in restarted
            if receiver == host == view.interest.receiver and senders & view.interest.senders
        ]
        request: Json = {
            "rules": [values(rule, self._addresses) for rule in rules if not rule.loses_fragments],
            "ending": [rule.name for rule in last if rule.name not in names],
            "restart": restart,
        }
        lost = [rule for rule in rules if rule.loses_fragments]
        if lost != [rule for rule in last if rule.loses_fragments] or restart:
            request["fragments"] = [self._interest(rule.senders, rule.only) for rule in lost]
        return request

    def _watching(self, host: str, to_count: Iterable[_View], wanted: Iterable[Interest]) -> Json:
        """What the sidecar beside a host is to look at, and to count."""
        views = [
            {
                "name": view.name,
                "senders": [ip_address(one).packed.hex() for one in self._addresses_of(view.interest.senders)],
                "only": only_values(view.interest.only),
            }
            for view in to_count
            if view.interest.receiver == host
        ]
        interest = [self._interest(each.senders, each.only) for each in wanted if each.receiver == host]
        return {"views": views, "interests": interest, "numbers": self._told is not None}

    def _interest(self, senders: frozenset[str], only: Only | None) -> Json:
        return {"senders": self._addresses_of(senders), "only": only_values(only)}

    def _addresses_of(self, hosts: Iterable[str]) -> list[str]:
        return [address for host in sorted(hosts) for address in self._addresses[host]]

    def _views_of(self, link: Link, only: Only | None) -> list[_View]:
        wanted = [Interest(senders, receiver, only) for senders, receiver in self._places.directions(link)]
        return [view for view in self._views if view.interest in wanted]

    def _on_event(self, header: Header, _: bytes) -> None:
        if header["ev"] == "hello":
            self._greeted.add(header["host"])
        elif header["ev"] == "counted" and header["view"] in self._heard:
            self._heard[header["view"]] = header["counts"]

    def _ask(self, host: str, do: str, **words: Any) -> Ticket:  # Any: JSON's own types
        return self._conversation.ask(_name(host), do, **words)

    def _answer(self, ticket: Ticket) -> Header:
        """LabBroke when the sidecar says that it can't."""
        answer = self._conversation.answer(ticket)
        if error := answer.get("error"):
            raise LabBroke(f"{ticket.host}: {error}", hint="see `labctl doctor` for what faults need")
        return answer

    def _ask_all(self, requests: Mapping[str, tuple[str, Json]]) -> list[Header]:
        """Ask several hosts' sidecars at the same time; their answers."""
        tickets = [self._ask(host, do, **words) for host, (do, words) in requests.items()]
        return [self._answer(ticket) for ticket in tickets]


def _name(host: str) -> str:
    """What a host's sidecar is called in the conversation; no host can be called so."""
    return f"links of {host}"


def _viewed(steps: Iterable[Step], places: Places) -> list[Interest]:
    """What steps look at, each kind of packets once."""
    looked = (step for step in steps if isinstance(step, Wait | Check) and not is_of_record(step))
    looks = [(link, step.only) for step in looked if (link := link_of(step))]
    seen = [Interest(senders, to, only) for link, only in looks for senders, to in places.directions(link)]
    return list(dict.fromkeys(seen))


def _names_at(host: str, views: Iterable[_View]) -> list[str]:
    return [view.name for view in views if view.interest.receiver == host]
