"""Steps that are about links, told to sidecars; here the test is the sidecars."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from labctl.agent.frames import Header
from labctl.hosts.conversation import LabBroke
from labctl.runner.counted import Counts
from labctl.scenario.model import Heal, Link, Only, Step
from tests.unit.runner.linked import (
    AT,
    CUT,
    FRAGMENTS,
    LOSS,
    NOTHING,
    PLAN,
    UDP,
    Stage,
    Staged,
    check,
    impair,
)


@pytest.fixture
def staged() -> Iterator[Callable[..., Stage]]:
    """Makes a stage for steps."""
    made: list[Stage] = []

    def stage(*steps: Step) -> Stage:
        made.append(Stage(*steps))
        return made[-1]

    yield stage
    for one in made:
        for sidecar in one.sidecars.values():
            sidecar.close()


def test_only_hosts_where_packets_of_named_links_arrive_are_attended(staged: Staged) -> None:
    """All at once, before the first program starts; without such steps nobody is."""
    stage = staged(impair("client", "cheerios", LOSS), check("cheerios-1", "client")).begin()
    assert stage.attended == [("cheerios-1", "cheerios-2", "client")]
    assert staged().begin().attended == []


def test_a_sidecar_is_told_what_to_look_at_and_what_to_count(staged: Staged) -> None:
    """From the beginning on, each receiver its own."""
    stage = staged(impair("client", "cheerios-1", LOSS), check("client", "cheerios", only=None)).begin()
    client = PLAN.host("client").addresses
    assert {
        host: [sidecar.last("watch")[key] for key in ("views", "interests")] for host, sidecar in stage.sidecars.items()
    } == {
        "cheerios-1": [
            [{"name": "v1", "senders": ["0a330004"], "only": None}],
            [
                {"senders": list(client), "only": {"protocol": "udp", "port": 51717}},
                {"senders": list(client), "only": None},
            ],
        ],
        "cheerios-2": [
            [{"name": "v2", "senders": ["0a330004"], "only": None}],
            [{"senders": list(client), "only": None}],
        ],
    }


def test_a_lab_that_can_not_be_attended_is_broken(staged: Staged) -> None:
    """With the reason and what to do."""
    stage = staged(impair("client", "cheerios-1", LOSS))
    stage.refusal = "no such thing here"
    with pytest.raises(LabBroke, match="no such thing here") as raised:
        stage.begin()
    assert raised.value.hint == "try"


def test_a_link_step_replaces_the_rules_of_its_receivers(staged: Staged) -> None:
    """Each receiver gets its own; views of that direction begin anew, and those that look the other way don't."""
    step = impair("client", "cheerios", LOSS)
    stage = staged(step, check("client", "cheerios"), check("cheerios", "client")).begin()
    stage.links.impair(step)
    for host, name in (("cheerios-1", "#1"), ("cheerios-2", "#2")):
        asked = stage.sidecars[host].last("rules")
        assert [rule["name"] for rule in asked["rules"]] == [f"drop client -> cheerios {name}"]
        assert (asked["rules"][0]["seed"], asked["ending"]) == (7, [])
        assert asked["restart"] == ["v1" if host == "cheerios-1" else "v2"]
        assert "fragments" not in asked or asked["fragments"] == []
    assert [header["do"] for header in stage.sidecars["client"].asked] == ["watch"]


def test_heal_ends_rules_and_restarts_nothing(staged: Staged) -> None:
    """What the ended ones never saw is remembered for the end."""
    steps = (impair("client", "cheerios-1", LOSS), Heal(at=AT, link=Link("client", "cheerios")))
    stage = staged(*steps, check("client", "cheerios-1")).begin()
    stage.links.impair(steps[0])
    sidecar = stage.sidecars["cheerios-1"]
    name = "drop client -> cheerios-1 #1"
    sidecar.answers["rules"] = {"shortfalls": [{"rule": name, "sender": "client", "what": "packet 2 never came"}]}
    stage.links.heal(steps[1])
    asked = sidecar.last("rules")
    assert (asked["rules"], asked["ending"], asked["restart"]) == ([], [name], [])
    assert [header["do"] for header in stage.sidecars["cheerios-2"].asked] == ["watch"]  # it has no rule
    assert stage.links.audit() == ["drop client -> cheerios-1 from client: packet 2 never came"]


def test_a_rule_of_fragments_is_for_the_packet_filter(staged: Staged) -> None:
    """It is no rule of the queue's; healed, it is taken back."""
    step = impair("client", "cheerios-1", FRAGMENTS, only=Only("udp"))
    stage = staged(step).begin()
    stage.links.impair(step)
    asked = stage.sidecars["cheerios-1"].last("rules")
    expected = [{"senders": list(PLAN.host("client").addresses), "only": {"protocol": "udp", "port": None}}]
    assert (asked["rules"], asked["fragments"]) == ([], expected)
    stage.links.heal(Heal(at=AT))
    assert stage.sidecars["cheerios-1"].last("rules")["fragments"] == []


def test_what_several_receivers_counted_is_one(staged: Staged) -> None:
    """The numbers of lost packets stay apart: each receiver counts for itself."""
    stage = staged(check("client", "cheerios")).begin()
    for host, lost in (("cheerios-1", [1, 3]), ("cheerios-2", [2])):
        counts = NOTHING | {"sent": 5, "arrived": 4, "dropped": len(lost), "resets": 1, "lost": {"client": lost}}
        stage.sidecars[host].answers["counts"] = {"counts": counts}
    assert stage.links.counts(Link("client", "cheerios"), UDP) == Counts(
        sent=10,
        arrived=8,
        dropped=3,
        retransmitted=0,
        resets=2,
        lost={"client -> cheerios-1": (1, 3), "client -> cheerios-2": (2,)},
    )


@pytest.mark.parametrize(("only", "dropped"), [(Only("udp"), 3), (None, 3), (UDP, 1)])
def test_datagrams_that_lost_their_fragments_count_as_lost(staged: Staged, only: Only | None, dropped: int) -> None:
    """They were sent, too; of which port they were isn't known."""
    stage = staged(check("client", "cheerios-1", only=only)).begin()
    counts = NOTHING | {"sent": 5, "dropped": 1, "lost": {"client": [4]}, "fragmented": 2}
    stage.sidecars["cheerios-1"].answers["counts"] = {"counts": counts}
    seen = stage.links.counts(Link("client", "cheerios-1"), only)
    assert (seen.sent, seen.dropped, seen.lost) == (4 + dropped, dropped, {"client": (4,)})


def test_a_wait_is_over_when_it_holds(staged: Staged) -> None:
    """Changes are told while it waits, and no longer."""
    stage = staged(check("client", "cheerios-1")).begin()
    sidecar = stage.sidecars["cheerios-1"]

    def count_on(header: Header) -> None:
        if header.get("watched"):
            for sent in (1, 2, 3):
                sidecar.say({"ev": "counted", "view": "v1", "counts": NOTHING | {"sent": sent}})

    sidecar.on_asked = count_on
    seen = stage.links.until(Link("client", "cheerios-1"), UDP, lambda counts: counts.sent >= 2, timeout_s=20.0)
    assert seen.sent >= 2
    assert [header["watched"] for header in sidecar.asked if "watched" in header] == [["v1"], []]


def test_a_wait_that_is_in_vain_says_what_was_counted_last(staged: Staged) -> None:
    """And stops watching."""
    stage = staged(check("client", "cheerios-1")).begin()
    sidecar = stage.sidecars["cheerios-1"]
    told = {"ev": "counted", "view": "v1", "counts": NOTHING | {"sent": 1}}
    sidecar.on_asked = lambda header: sidecar.say(told) if header.get("watched") else None
    seen = stage.links.until(Link("client", "cheerios-1"), UDP, lambda counts: counts.sent == 2, timeout_s=0.05)
    assert seen.sent == 1
    assert sidecar.last("watch")["watched"] == []


def test_packets_that_were_lost_on_their_way_are_trouble(staged: Staged) -> None:
    """With their number and place."""
    stage = staged(impair("client", "cheerios", LOSS)).begin()
    assert stage.links.trouble() == ""
    stage.sidecars["cheerios-2"].answers["audit"]["lost"] = 3
    assert stage.links.trouble() == "3 packets were lost where cheerios-2 receives, before they could be looked at"


def test_a_sidecar_that_was_killed_breaks_the_lab(staged: Staged) -> None:
    """Whether it is asked or not; nothing is relied on any more."""
    reason = "what looks after the links of cheerios-1 is gone: its faults can't be relied on any more"
    stage = staged(impair("client", "cheerios-1", LOSS)).begin()
    stage.sidecars["cheerios-1"].end()
    with pytest.raises(LabBroke, match=reason):
        stage.links.audit()
    with pytest.raises(LabBroke, match=reason):
        stage.conversation.pump(1.0)


def test_what_a_sidecar_can_not_do_breaks_the_lab(staged: Staged) -> None:
    """In its own words."""
    step = impair("client", "cheerios-1", LOSS)
    stage = staged(step).begin()
    stage.sidecars["cheerios-1"].answers["rules"] = {"error": "nft: no"}
    with pytest.raises(LabBroke, match="links of cheerios-1: nft: no"):
        stage.links.impair(step)


def test_a_halted_host_is_audited_before_it_goes(staged: Staged) -> None:
    """What it hadn't seen by then it never will; it isn't asked any more."""
    step = impair("client", "cheerios-1", LOSS)
    stage = staged(step).begin()
    stage.links.impair(step)
    found = [{"rule": "drop client -> cheerios-1 #1", "sender": "", "what": "packet 2 never came: there were 0"}]
    sidecar = stage.sidecars["cheerios-1"]
    sidecar.answers["audit"] = {"lost": 2, "shortfalls": found}
    stage.links.forget("cheerios-1")
    stage.links.forget("cheerios-2")  # it has no sidecar
    sidecar.end()
    assert stage.links.audit() == ["drop client -> cheerios-1: packet 2 never came: there were 0"]
    assert stage.links.trouble() == "2 packets were lost where cheerios-1 receives, before they could be looked at"
    stage.links.heal(Heal(at=AT))


def test_both_directions_are_impaired_by_one_step(staged: Staged) -> None:
    """Where each receives."""
    step = impair("client", "cheerios-1", CUT, both=True)
    stage = staged(step).begin()
    stage.links.impair(step)
    names = {host: [rule["name"] for rule in one.last("rules")["rules"]] for host, one in stage.sidecars.items()}
    assert names == {"cheerios-1": ["cut client -> cheerios-1 #1"], "client": ["cut cheerios-1 -> client #2"]}
