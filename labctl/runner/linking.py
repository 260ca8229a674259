"""`link`, `heal`, and looks at LINKs: a step -> done, or StepFailed with what was counted."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import asdict

from labctl.agent.states import missing
from labctl.hosts.look import Answer, lacking, wanted_of_link
from labctl.runner.counted import Counts
from labctl.runner.session import Session, StepFailed
from labctl.runner.titles import link as link_title
from labctl.scenario.links.places import is_of_record
from labctl.scenario.model import Check, Heal, Impair, Link, LinkState, Only, Wait

if TYPE_CHECKING:
    from labctl.runner.recorded import Record


def perform_impair(session: Session, step: Impair) -> None:
    """From here on the link does so."""
    session.links.impair(step)


def perform_heal(session: Session, step: Heal) -> None:
    """Take away what `link` steps put there."""
    session.links.heal(step)


def check_link(session: Session, step: Check, link: Link, state: LinkState) -> None:
    """What was counted, now; what passed, once the record is whole."""
    if not is_of_record(step):
        complaints = _complaints(session.links.counts(link, step.only), state)
        if complaints:
            raise StepFailed([f"{link_title(link)}: {complaint}" for complaint in complaints])
    if state.order:
        since_ns = session.links.changed_ns(link)
        session.postponed.append(partial(_judge_order, session, link, step.only, state, since_ns))


def _judge_order(
    session: Session, link: Link, only: Only | None, state: LinkState, since_ns: int | None, record: Record
) -> list[str]:
    from labctl.check.passages import judged_order, passages

    passed = passages(
        record.packets(),
        session.links.ends(link),
        record.hosts_of,
        only=only,
        since_ns=None if since_ns is None else since_ns - record.zero_ns,
    )
    return [f"{link_title(link)}: {complaint}" for complaint in judged_order(state.order, passed)]


def await_link(session: Session, step: Wait, link: Link, state: LinkState, patience: float) -> None:
    """Until it is so."""
    links = session.links
    counts = links.until(link, step.only, lambda seen: not _complaints(seen, state), timeout_s=patience)
    complaints = _complaints(counts, state)
    if complaints:
        raise StepFailed([f"{link_title(link)}: {complaint}, within {patience:g} s" for complaint in complaints])


def _complaints(counts: Counts, state: LinkState) -> list[str]:
    """What was expected and what was counted, where they differ."""
    wanted, seen = wanted_of_link(state), asdict(counts)
    answer = Answer(host="", held=False, ended=False, seen=seen, missing=tuple(missing(wanted, seen)))
    listed = _lost_otherwise(state.dropped, counts) if isinstance(state.dropped, tuple) else []
    return lacking(answer, wanted) + listed


def _lost_otherwise(wanted: tuple[int, ...], counts: Counts) -> list[str]:
    """Of each sender the same packets must be lost; one that lost none is not in the counts."""
    lost = counts.lost or {"": ()}
    return [
        f"dropped: expected {list(wanted)}, came {list(seen)}{f' from {sender}' if len(lost) > 1 else ''}"
        for sender, seen in lost.items()
        if seen != wanted
    ]
