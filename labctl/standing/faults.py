"""`link` and `heal` on a lab that stands -> what each sidecar is told, and what is in force. One book, for everybody.

Runs that visit the lab have rules of their own, which end with them; these here stay until they are healed. Nothing
waits: an answer is passed on when the sidecars have answered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from ipaddress import ip_address
from itertools import count

from labctl.agent.frames import Header
from labctl.fault.book import Book, Json, Rule, healed, impaired, only_values, values
from labctl.plan.model import Plan
from labctl.runner.counted import Counts, counts_from, shortfall_words
from labctl.scenario.links.places import Interest, Places
from labctl.scenario.model import Heal, Impair
from labctl.standing.seen import FaultsSeen, LinkSeen, OthersRule
from labctl.standing.shared import Shared

OURS = 0
"""The number of the book's own visit to a sidecar; other visitors count from 1."""
SEED = 1
"""Of a rule that is given none, as in a scenario."""

Done = Callable[[Header], None]


class Faults:
    """The book of one lab."""

    def __init__(self, plan: Plan, sidecars: Mapping[str, Shared]) -> None:
        """`sidecars`: of the hosts that are attended; the holder adds to them, and takes from them."""
        self._addresses = {host.name: host.addresses for host in plan.hosts}
        self._sidecars = sidecars
        self._book = Book()
        self._views: dict[Interest, str] = {}
        self._view_numbers = count(1)
        self._asked: dict[str, dict[int, Done]] = {}
        self._ids = count(1)
        self._turns: deque[Callable[[], None]] = deque()
        self._is_turning = False
        self.gone: dict[str, str] = {}

    @property
    def rules(self) -> int:
        """How many are in force, of runs too."""
        return len(self._book.rules) + len(self._others())

    def join(self, host: str) -> None:
        """A sidecar has begun beside that host: it gets what is in force there, which counts anew."""
        self.gone.pop(host, None)
        self._asked[host] = {}
        self._sidecars[host].arrive(OURS, lambda header, _: self._hear(host, header))
        self._views = {interest: name for interest, name in self._views.items() if interest.receiver != host}
        if self._book.of(host):
            self._tell(host, Book())

    def lose(self, host: str, why: str) -> None:
        """The sidecar beside that host has ended by itself: nothing of what it was told is so any more."""
        self.gone[host] = why
        self._leave_unanswered(host, f"what looks after the links of {host} has ended")

    def forget(self, host: str) -> None:
        """That host was halted: no link leads there any more."""
        self.gone.pop(host, None)
        self._book = Book(tuple(rule for rule in self._book.rules if rule.receiver != host), self._book.said)
        self._views = {interest: name for interest, name in self._views.items() if interest.receiver != host}
        self._leave_unanswered(host, f"host {host} was halted")

    def impair(self, step: Impair, places: Places, done: Done) -> None:
        """From here on the link does so. `done` gets `shortfalls` in words, or an `error`, when it is in force."""

        def turn() -> None:
            restarted = places.directions(step.link)
            self._turn_to(impaired(self._book, step, places, seed=SEED), done, restarted=restarted)

        self._take_turn(turn)

    def heal(self, step: Heal, places: Places, done: Done) -> None:
        """Take away what is there, and what runs have left behind. `done` gets how many rules `ended`, too,
        be it for some of their senders.

        What a run has put there that goes on stays: it would judge what is not so.
        """

        def turn() -> None:
            book = healed(self._book, step, places)
            also = self._heal_kept(step, places)
            ended = sum(rule not in book.rules for rule in self._book.rules) + len(also)
            self._turn_to(book if book.rules else Book(), lambda words: done(words | {"ended": ended}), also=also)

        self._take_turn(turn)

    def look(self, done: Callable[[FaultsSeen], None]) -> None:
        """What is in force now, and what was counted."""
        counted: dict[Interest, Counts] = {}
        lost: dict[str, int] = {}

        def take_counts(interest: Interest, answer: Header) -> None:
            if "counts" in answer:
                counted[interest] = counts_from(answer["counts"], interest)

        def take_audit(host: str, answer: Header) -> None:
            if answer.get("lost"):
                lost[host] = answer["lost"]

        wait = _Together(lambda: done(self._seen(counted, lost)))
        for interest, view in self._views.items():
            words = {"do": "counts", "view": view}
            self._ask(interest.receiver, words, wait.for_(partial(take_counts, interest)))
        for host in self._sidecars:
            self._ask(host, {"do": "audit"}, wait.for_(partial(take_audit, host)))
        wait.begin()

    def _seen(self, counted: Mapping[Interest, Counts], lost: dict[str, int]) -> FaultsSeen:
        links = tuple(
            LinkSeen(
                senders=tuple(sorted(interest.senders)),
                receiver=interest.receiver,
                only=interest.only,
                faults=tuple(rule.fault for rule in self._book.rules if _packets_of(rule) == interest),
                counts=counted.get(interest),
            )
            for interest in dict.fromkeys(map(_packets_of, self._book.rules))
        )
        return FaultsSeen(links=links, others=tuple(self._others()), gone=dict(self.gone), lost=lost)

    def _others(self) -> list[OthersRule]:
        return [
            OthersRule(host, rule.rpartition(" #")[0] or rule, goes_on)
            for host, sidecar in self._sidecars.items()
            for rule, goes_on in sidecar.others(OURS)
        ]

    def _heal_kept(self, step: Heal, places: Places) -> list[str]:
        """Heal what runs have left behind, too; where something of that was."""
        if step.link is None:
            return [host for host, sidecar in self._sidecars.items() if sidecar.heal_kept(None)]
        return [
            host
            for senders, host in places.directions(step.link)
            if host in self._sidecars and self._sidecars[host].heal_kept(self._addresses_of(senders))
        ]

    def _take_turn(self, turn: Callable[[], None]) -> None:
        """One change after another."""
        self._turns.append(turn)
        if not self._is_turning:
            self._next_turn()

    def _next_turn(self) -> None:
        self._is_turning = bool(self._turns)
        if self._turns:
            self._turns.popleft()()

    def _turn_to(
        self,
        book: Book,
        done: Done,
        *,
        restarted: Iterable[tuple[frozenset[str], str]] = (),
        also: Iterable[str] = (),
    ) -> None:
        """Tell the sidecars that are concerned, and those `also`; where one refuses, all is to be as it was before."""
        before, self._book = self._book, book
        anew = {Interest(senders, receiver) for senders, receiver in restarted}
        hosts = {host for host in self._sidecars if before.of(host) != book.of(host)}
        hosts |= {one.receiver for one in anew}
        answers: list[Header] = []

        def told() -> None:
            error = next((answer["error"] for answer in answers if "error" in answer), "")
            if error:
                self._book = before
                for host in hosts & self._sidecars.keys():
                    self._tell(host, book)
                done({"error": error, "hint": "see `labctl doctor` for what faults need"})
            else:
                found = [shortfall_words(one) for answer in answers for one in answer.get("shortfalls", ())]
                done({"shortfalls": found})
            self._next_turn()

        wait = _Together(told)
        for host in sorted(hosts.union(also)):
            self._tell(host, before, lambda: wait.for_(answers.append), anew=anew)
        wait.begin()

    def _tell(
        self,
        host: str,
        before: Book,
        then: Callable[[], Done] = lambda: _ignore,
        *,
        anew: Collection[Interest] = (),
    ) -> None:
        """What the sidecar beside a host is to do from now on: it looks at more, then other rules, then at less.

        `then` is asked for each answer who takes it.
        """
        rules, last = self._book.of(host), before.of(host)
        wanted = dict.fromkeys(map(_packets_of, rules))
        old = [interest for interest in self._views if interest.receiver == host]
        new = [interest for interest in wanted if interest not in self._views]
        gone = [self._views.pop(interest) for interest in old if interest not in wanted]
        self._views |= {interest: f"v{next(self._view_numbers)}" for interest in new}
        views = [
            {"name": self._views[one], "senders": self._packed(one.senders), "only": only_values(one.only)}
            for one in new
        ]
        names = {rule.name for rule in rules}
        request: Json = {
            "do": "rules",
            "rules": [values(rule, self._addresses) for rule in rules if not rule.loses_fragments],
            "fragments": [self._told(_packets_of(rule)) for rule in rules if rule.loses_fragments],
            "ending": [rule.name for rule in last if rule.name not in names],
            "restart": [
                view
                for interest, view in self._views.items()
                if interest.receiver == host
                and any(one.receiver == host and one.senders & interest.senders for one in anew)
            ],
        }
        more = [self._told(one) for one in dict.fromkeys([*old, *wanted])]
        self._ask(host, {"do": "watch", "views": views, "interests": more}, then())
        self._ask(host, request, then())
        self._ask(host, {"do": "watch", "gone": gone, "interests": [self._told(one) for one in wanted]}, then())

    def _told(self, interest: Interest) -> Json:
        return {"senders": self._addresses_of(interest.senders), "only": only_values(interest.only)}

    def _addresses_of(self, hosts: Iterable[str]) -> list[str]:
        return [address for host in sorted(hosts) for address in self._addresses[host]]

    def _packed(self, hosts: Iterable[str]) -> list[str]:
        return [ip_address(address).packed.hex() for address in self._addresses_of(hosts)]

    def _ask(self, host: str, words: Json, done: Done) -> None:
        if host not in self._sidecars:
            done({"error": f"what looks after the links of {host} has ended"})
            return
        number = next(self._ids)
        self._asked[host][number] = done
        self._sidecars[host].from_visitor(OURS, words | {"id": number}, b"")

    def _hear(self, host: str, header: Header) -> None:
        if "re" in header and (done := self._asked[host].pop(header["re"], None)):
            done(header)

    def _leave_unanswered(self, host: str, why: str) -> None:
        for done in self._asked.pop(host, {}).values():
            done({"error": why})


class _Together:
    """Waits for several answers. `then` is called once, when all are there."""

    def __init__(self, then: Callable[[], None]) -> None:
        self._then = then
        self._left = 1

    def for_(self, done: Done) -> Done:
        """Wait for one more answer, that goes to `done`."""
        self._left += 1

        def take(answer: Header) -> None:
            done(answer)
            self.begin()

        return take

    def begin(self) -> None:
        """All are asked for, or one has come."""
        self._left -= 1
        if not self._left:
            self._then()


def _packets_of(rule: Rule) -> Interest:
    return Interest(rule.senders, rule.receiver, rule.only)


def _ignore(answer: Header) -> None:
    """Nobody waits for it."""
