"""The words for nft; whether it understands them is asked of the one that is here, in a scratch network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from labctl.sidecar.marks import CHOSEN, COPIED, DOUBLED
from labctl.sidecar.packet import ICMP, TCP, UDP
from labctl.sidecar.rules import Only
from labctl.sidecar.tables import (
    REFUSED,
    Interest,
    TableError,
    choosing,
    frame,
    losing_fragments,
    nft,
)

ALL = Only(None, None)
BOTH = ("10.51.0.2", "fd51:717::2")
ROOT = Path(__file__).parents[3]


def lines(text: str, family: str) -> list[str]:
    """What is added to a chain of that family, without the words that say so."""
    begins = f"add rule {family} labctl "
    return [line.removeprefix(begins).partition(" ")[2] for line in text.splitlines() if line.startswith(begins)]


MARK = f"meta mark set {CHOSEN:#x}"


@pytest.mark.parametrize(
    ("interest", "ip", "ip6"),
    [
        (Interest(None, ALL), [MARK], [MARK]),
        (Interest(BOTH, ALL), [f"ip saddr {{ 10.51.0.2 }} {MARK}"], [f"ip6 saddr {{ fd51:717::2 }} {MARK}"]),
        (Interest(("10.51.0.2", "10.51.0.3"), ALL), [f"ip saddr {{ 10.51.0.2, 10.51.0.3 }} {MARK}"], []),
        (Interest(None, Only(TCP, None)), [f"meta l4proto 6 {MARK}"], [f"meta l4proto 6 {MARK}"]),
        (Interest(None, Only(ICMP, None)), [f"meta l4proto 1 {MARK}"], [f"meta l4proto 58 {MARK}"]),
        (
            Interest(BOTH[1:], Only(UDP, 7)),
            [],
            [f"ip6 saddr {{ fd51:717::2 }} udp {side} 7 {MARK}" for side in ("sport", "dport")],
        ),
    ],
)
def test_packets_are_chosen_in_both_families(interest: Interest, ip: list[str], ip6: list[str]) -> None:
    """Where nobody sends with a family, nothing is chosen of it; never what comes over loopback, nor ND."""
    text = choosing([interest])
    assert lines(text, "ip") == ['iifname "lo" return', *ip]
    assert lines(text, "ip6") == ['iifname "lo" return', "icmpv6 type { 133-137 } return", *ip6]


def test_what_was_chosen_before_is_chosen_no_more() -> None:
    """Each text begins with an empty chain, so that the change is one."""
    flushed = ["flush chain ip labctl choose", "flush chain ip6 labctl choose"]
    assert [line for line in choosing([]).splitlines() if line.startswith("flush")] == flushed
    assert losing_fragments([]).splitlines() == [line.replace("choose", "fragments") for line in flushed]


def test_fragments_are_counted_at_the_first_and_lost_from_the_second_on() -> None:
    """A first one that is lost too would be a datagram that was never begun."""
    for family in ("ip", "ip6"):
        over_loopback, *rules = lines(losing_fragments([Interest(BOTH, Only(UDP, None))]), family)
        own = [address for address in BOTH if (":" in address) == (family == "ip6")]
        assert over_loopback == 'iifname "lo" return'
        for address, first, further in zip(sorted(own), rules[::2], rules[1::2], strict=True):
            assert first.startswith(f"{family} saddr {address} ")
            assert first.endswith(f' counter accept comment "{address} {UDP}"')
            assert further.endswith(" drop")


def test_what_loses_all_fragments_counts_each_protocol_by_itself() -> None:
    """What is counted for one is accepted by this chain, and so isn't counted for the rest."""
    rules = lines(losing_fragments([Interest(("10.51.0.9",), Only(None, None))]), "ip")
    comments = [rule.rpartition(" comment ")[2] for rule in rules if " comment " in rule]
    assert comments == ['"10.51.0.9 6"', '"10.51.0.9 17"', '"10.51.0.9 1"', '"10.51.0.9 "']


def test_copies_and_refusals_come_after_the_queue() -> None:
    """A copy is one of the host's own address; whatever can't be refused so is lost, never let in."""
    text = frame(["10.51.0.1", "fd51:717::1"], has_own_queue=False)
    assert f"meta mark {DOUBLED:#x} meta mark set {COPIED:#x} dup to 10.51.0.1\n" in text
    assert f"meta mark {DOUBLED:#x} meta mark set {COPIED:#x} dup to fd51:717::1\n" in text
    for mark in REFUSED.values():
        assert text.count(f"meta mark {mark:#x} drop\n") == 2
        assert text.count(f"meta mark {mark:#x} ") == 4
    assert " queue num " not in text
    assert frame([], has_own_queue=True).count(" queue num ") == 2


def test_marks_are_all_different() -> None:
    """Else a packet would meet another one's fate."""
    marks = [CHOSEN, DOUBLED, COPIED, *REFUSED.values()]
    assert len(set(marks)) == len(marks)


INTERESTS = [
    Interest(senders, only)
    for senders in (None, BOTH, BOTH[:1], ("10.51.0.2", "10.51.0.3", "fd51:717::3"))
    for only in (ALL, Only(TCP, None), Only(UDP, None), Only(ICMP, None), Only(TCP, 51717), Only(UDP, 51717))
]


def test_nft_understands_every_word(tmp_path: Path) -> None:
    """All of them in one go; a second frame, over that of a sidecar that was killed, leaves nothing twice."""
    unshare, found = shutil.which("unshare"), shutil.which("nft", path="/usr/sbin:/usr/bin:/sbin:/bin")
    if unshare is None or found is None:
        pytest.skip("there is no unshare, or no nft")
    one = frame(["10.51.0.1", "fd51:717::1"], has_own_queue=False)
    all_of_it = one + choosing(INTERESTS) + losing_fragments(INTERESTS)
    (tmp_path / "all").write_text(all_of_it)
    (tmp_path / "one").write_text(one)
    script = f"""
        {unshare} --user --map-root-user --net true || exit 77
        exec {unshare} --user --map-root-user --net sh -ec '
            {found} -f {tmp_path}/one; {found} list ruleset; echo "# again"
            {found} -f {tmp_path}/all; {found} -f {tmp_path}/one; {found} list ruleset'
    """
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode == 77:
        pytest.skip(done.stderr)
    assert done.returncode == 0, done.stderr
    once, _, again = done.stdout.partition("# again\n")
    assert once == again != ""


def test_what_nft_refuses_is_told_in_its_own_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And that it is missing, where it is."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TableError, match="there is no command 'nft' here"):
        nft("flush nothing\n")
    (tmp_path / "nft").write_text("#!/bin/sh\necho 'Error: no  such\n thing' >&2\nexit 1\n")
    (tmp_path / "nft").chmod(0o755)
    with pytest.raises(TableError, match=r"^nft: Error: no such thing$"):
        nft("flush nothing\n")
