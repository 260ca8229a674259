"""One sidecar <-> any number of visitors, each of whom tells it what to do as if alone.

Each has a share: its rules, its views, the packets that it wants looked at. The sidecar is told all shares together,
with names that tell them apart. A share ends when its visitor leaves, unless it was asked to be kept. Pure but for
what it is given to send with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable
from ipaddress import ip_address
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from labctl.agent.frames import Header
from labctl.standing.relay import Send

Json = dict[str, Any]  # Any: JSON's own types
Then = Callable[[Header], None]


class _Share(Struct, frozen=True):
    """What one visitor has asked for. `lost_before`: packets that were lost on their way before it came."""

    rules: tuple[Json, ...] = ()
    fragments: tuple[Json, ...] = ()
    interests: tuple[Json, ...] = ()
    views: tuple[str, ...] = ()
    watched: tuple[str, ...] = ()
    lost_before: int = 0
    is_kept: bool = False


class Shared:
    """The relay of one sidecar. `last_words`: why it broke, if it said so."""

    def __init__(self, to_sidecar: Send) -> None:
        self._to_sidecar = to_sidecar
        self._visitors: dict[int, Send] = {}
        self._shares: dict[int, _Share] = {}
        self._asked: dict[int, Then] = {}
        self._count = 0
        self._hello: Header | None = None
        self._fragments: list[Json] = []
        self._unsaid: list[Json] = []
        self._changing: deque[int] = deque()
        self.last_words = ""
        self._requests: dict[str, Callable[[int, Header, Then], None]] = {
            "watch": self._watch,
            "rules": self._rules,
            "counts": self._counts,
            "audit": self._audit,
            "keep": self._keep,
        }

    def arrive(self, visitor: int, send: Send) -> None:
        """A visitor is there; it is greeted as the sidecar greeted."""
        self._visitors[visitor] = send
        self._shares[visitor] = _Share()
        self._ask({"do": "audit"}, lambda answer: self._change(visitor, lost_before=answer.get("lost", 0)))
        if self._hello is not None:
            send(self._hello, b"")

    def leave(self, visitor: int, then: Callable[[], None] = lambda: None) -> None:
        """A visitor is gone: what it has put there ends. `then` is called when it has."""
        self._visitors.pop(visitor, None)
        share = self._shares.pop(visitor, _Share())
        if share.is_kept:
            self._shares[visitor] = _kept(share)
        elif share == _Share(lost_before=share.lost_before):
            then()
            return
        else:
            self._tell_rules(visitor, {"ending": []}, lambda answer: None)
        gone = [_named(visitor, view) for view in share.views]
        self._tell_interests({"gone": gone}, lambda answer: then())

    def heal_kept(self, senders: Collection[str] | None) -> bool:
        """End what visitors have left behind, of these senders (addresses; None: of all); whether something was there.

        It ends with the next `rules` of whoever asks.
        """
        before = dict(self._shares)
        for visitor, share in before.items():
            if share.is_kept and visitor not in self._visitors:
                rules = _without(share.rules, None if senders is None else {_packed(one) for one in senders})
                fragments = _without(share.fragments, senders)
                self._shares[visitor] = _kept(replace(share, rules=rules, fragments=fragments))
        return self._shares != before

    def others(self, visitor: int) -> list[tuple[str, bool]]:
        """The names of the rules that are not this visitor's, each with whether its own visitor is still there."""
        return [
            (name, owner in self._visitors)
            for owner, share in self._shares.items()
            if owner != visitor
            for name in [*(rule["name"] for rule in share.rules), *["drop of fragments"] * len(share.fragments)]
        ]

    def from_visitor(self, visitor: int, header: Header, body: bytes) -> None:
        """Do what a visitor asks, as far as it concerns its own share."""
        send = self._visitors[visitor]
        request = self._requests.get(header.get("do", ""))
        if request is None:
            send({"re": header.get("id"), "error": "not for visitors"}, b"")
            return
        request(visitor, header, lambda answer: send(answer | {"re": header["id"]}, b""))

    def from_agent(self, header: Header, body: bytes) -> None:
        """Pass a reply or an event on to whom it belongs."""
        if "re" in header:
            then = self._asked.pop(header["re"], None)
            if then is not None:
                then(header)
        elif header["ev"] == "decided":
            self._tell_decided(header)
        elif header["ev"] == "in-force":
            self._tell_in_force(header)
        elif header["ev"] == "counted":
            visitor, view = _parted(header["view"])
            self._say(visitor, header | {"view": view})
        else:
            if header["ev"] == "hello":
                self._hello = header
                self._speak()
            self.last_words = header.get("detail", "")
            for visitor in list(self._visitors):
                self._say(visitor, header)

    def _watch(self, visitor: int, header: Header, then: Then) -> None:
        share = self._shares[visitor]
        new = [view for view in header.get("views", ()) if view["name"] not in share.views]
        gone = header.get("gone", [])
        views = (*(view for view in share.views if view not in gone), *(view["name"] for view in new))
        self._change(visitor, views=views, watched=tuple(header.get("watched", ())))
        words: Json = {
            "views": [view | {"name": _named(visitor, view["name"])} for view in new],
            "gone": [_named(visitor, view) for view in gone],
        }
        if "interests" not in header:
            self._ask({"do": "watch", **words, "watched": self._watched()}, then)
            return
        self._change(visitor, interests=tuple(header["interests"]))

        def judge(answer: Header) -> None:
            if "error" in answer:
                self._change(visitor, interests=share.interests)
            then(answer)

        self._tell_interests(words, judge)

    def _rules(self, visitor: int, header: Header, then: Then) -> None:
        before = self._shares[visitor]
        self._change(visitor, rules=tuple(header["rules"]))
        if "fragments" in header:
            self._change(visitor, fragments=tuple(header["fragments"]))

        def judge(answer: Header) -> None:
            if "error" in answer:
                self._change(visitor, rules=before.rules, fragments=before.fragments)
            then(answer | {"shortfalls": _own(visitor, answer.get("shortfalls", ()))})

        restart = [_named(visitor, view) for view in header.get("restart", ())]
        ending = [_named(visitor, name) for name in header["ending"]]
        self._tell_rules(visitor, {"ending": ending, "restart": restart}, judge)

    def _counts(self, visitor: int, header: Header, then: Then) -> None:
        self._ask({"do": "counts", "view": _named(visitor, header["view"])}, then)

    def _audit(self, visitor: int, header: Header, then: Then) -> None:
        def part(answer: Header) -> None:
            lost = answer.get("lost", 0) - self._shares[visitor].lost_before if visitor in self._shares else 0
            then(answer | {"shortfalls": _own(visitor, answer.get("shortfalls", ())), "lost": lost})

        self._ask({"do": "audit"}, part)

    def _keep(self, visitor: int, header: Header, then: Then) -> None:
        self._change(visitor, is_kept=True)
        then({"ok": True})

    def _tell_rules(self, visitor: int, words: Json, then: Then) -> None:
        """All rules, because those of a visitor have changed."""
        rules = [
            rule | {"name": _named(owner, rule["name"])}
            for owner, share in self._shares.items()
            for rule in share.rules
        ]
        request: Json = {"do": "rules", "rules": rules, **words}
        fragments = _each_once(one for share in self._shares.values() for one in share.fragments)
        if fragments != self._fragments or words.get("restart"):
            self._fragments = request["fragments"] = fragments

        def answered(answer: Header) -> None:
            self._changing.popleft()
            then(answer)

        self._changing.append(visitor)
        self._ask(request, answered)

    def _tell_interests(self, words: Json, then: Then) -> None:
        interests = _each_once(one for share in self._shares.values() for one in share.interests)
        self._ask({"do": "watch", "interests": interests, "watched": self._watched(), **words}, then)

    def _watched(self) -> list[str]:
        return [_named(visitor, view) for visitor, share in self._shares.items() for view in share.watched]

    def _tell_in_force(self, header: Header) -> None:
        """To the visitor whose rules have changed, of its own: a sidecar answers in the order in which it was asked."""
        visitor = self._changing[0]
        parted = map(_parted, header["rules"])
        self._say(visitor, header | {"rules": [name for owner, name in parted if owner == visitor]})

    def _tell_decided(self, header: Header) -> None:
        """To each visitor the rows of its own rules."""
        rows: dict[int, list[list[Any]]] = {}  # Any: JSON's own types
        for row in header["rows"]:
            visitor, name = _parted(row[0])
            rows.setdefault(visitor, []).append([name, *row[1:]])
        for visitor, own in rows.items():
            self._say(visitor, header | {"rows": own})

    def _change(self, visitor: int, **words: Any) -> None:  # Any: fields of a share
        if visitor in self._shares:
            self._shares[visitor] = replace(self._shares[visitor], **words)

    def _ask(self, words: Json, then: Then) -> None:
        self._count += 1
        self._asked[self._count] = then
        self._unsaid.append(words | {"id": self._count})
        self._speak()

    def _speak(self) -> None:
        """Say what is to be said, once the sidecar listens."""
        while self._unsaid and self._hello is not None:
            self._to_sidecar(self._unsaid.pop(0), b"")

    def _say(self, visitor: int, header: Header) -> None:
        send = self._visitors.get(visitor)
        if send is not None:
            send(header, b"")


def _kept(share: _Share) -> _Share:
    """What stays of a share whose visitor has left: its rules, and what they need."""
    return _Share(
        rules=share.rules, fragments=share.fragments, interests=tuple(map(_interest_of, share.rules)), is_kept=True
    )


def _named(visitor: int, name: str) -> str:
    """A name that no other visitor's is. What stands before the slash changes no chance (labctl.sidecar.rules)."""
    return f"{visitor}/{name}"


def _parted(name: str) -> tuple[int, str]:
    visitor, _, own = name.partition("/")
    return int(visitor), own


def _own(visitor: int, shortfalls: Iterable[Json]) -> list[Json]:
    parted = [(_parted(found["rule"]), found) for found in shortfalls]
    return [found | {"rule": name} for (owner, name), found in parted if owner == visitor]


def _each_once(interests: Iterable[Json]) -> list[Json]:
    once: list[Json] = []
    for interest in interests:
        if interest not in once:
            once.append(interest)
    return once


def _interest_of(rule: Json) -> Json:
    """The packets that a rule is about."""
    senders = [str(ip_address(bytes.fromhex(one))) for one in rule["senders"]]
    return {"senders": senders, "only": rule.get("only")}


def _packed(address: str) -> str:
    return ip_address(address).packed.hex()


def _without(rules: Iterable[Json], senders: Collection[str] | None) -> tuple[Json, ...]:
    """The rules, or interests, without these senders; those that have none left are gone."""
    if senders is None:
        return ()
    left = [rule | {"senders": [one for one in rule["senders"] if one not in senders]} for rule in rules]
    return tuple(rule for rule in left if rule["senders"])
