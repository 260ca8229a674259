"""Outcomes -> the line of each scenario, and the closing line of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from labctl.report.look import Look
from labctl.report.measures import counted, seconds_in_words
from labctl.report.rate import bound_in_words
from labctl.runner.outcome import ScenarioOutcome, StepOutcome, Verdict
from labctl.scenario.problems import printable

_WIDEST_VERDICT = 7
_IN_CLOSING = {
    Verdict.PASS: "passed",
    Verdict.FAIL: "failed",
    Verdict.UNKNOWN: "unknown",
    Verdict.SKIPPED: "skipped",
}


def result_line(outcome: ScenarioOutcome, look: Look) -> str:
    """`PASS    scenarios/basic  4 steps  0.19 s`; instead of the steps where one failed, or the reason."""
    parts = [f"{look.verdict(outcome.verdict, width=_WIDEST_VERDICT)} {printable(outcome.id)}", *_gist(outcome)]
    if outcome.round:
        parts.insert(1, f"(round {outcome.round})")
    if outcome.plan is not None and outcome.plan.internet:
        parts.append("(its lab was open: allow internet)")
    if outcome.verdict is not Verdict.SKIPPED:
        parts.append(look.paint(seconds_in_words(outcome.took_s), "dim"))
    return "  ".join(parts)


def closing_line(
    outcomes: Sequence[ScenarioOutcome],
    *,
    engine: str,
    took_s: float,
    look: Look,
    not_begun: int = 0,
    interrupted: str = "",
) -> str:
    """`8 passed, 1 failed on netns in 3.10 s`.

    `not_begun` scenarios were selected and never had their turn. `interrupted` is the signal that ended the run.
    """
    words = _counts(outcomes, **{"not finished" if interrupted else "not run": not_begun}) or "nothing was run"
    ending = f"{f' on {engine}' if engine else ''} in {seconds_in_words(took_s)}"
    early = f"interrupted by {interrupted}: " if interrupted else ""
    return look.paint(early + words, "bold") + ending


def tally_lines(outcomes: Iterable[ScenarioOutcome]) -> list[str]:
    """Of scenarios that were run again and again, a line each: `scenarios/basic: 50 runs, 49 passed, 1 failed`."""
    by_id: dict[str, list[ScenarioOutcome]] = {}
    for outcome in outcomes:
        if outcome.verdict is not Verdict.SKIPPED:
            by_id.setdefault(outcome.id, []).append(outcome)
    return [f"{printable(name)}: {counted(len(mine), 'run')}, {_counts(mine)}" for name, mine in by_id.items()]


def note_lines(outcomes: Iterable[ScenarioOutcome]) -> list[str]:
    """What is to be said of programs that behaved well, once each: `note: client ended … (in 3 scenarios)`."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        for note in {note for step in outcome.steps for note in step.notes}:
            counts[note] = counts.get(note, 0) + 1
    return [f"note: {printable(note)} (in {counted(count, 'scenario')})" for note, count in sorted(counts.items())]


def bound_of(outcomes: Iterable[ScenarioOutcome]) -> str:
    """What all these runs say of how often one fails: `at most 1.49 % fail (95 % confidence)`."""
    verdicts = [outcome.verdict for outcome in outcomes if outcome.verdict is not Verdict.SKIPPED]
    return bound_in_words(len(verdicts), len(verdicts) - verdicts.count(Verdict.PASS))


def _counts(outcomes: Sequence[ScenarioOutcome], **others: int) -> str:
    counts = {words: sum(outcome.verdict is verdict for outcome in outcomes) for verdict, words in _IN_CLOSING.items()}
    counts |= others
    return ", ".join(f"{count} {words}" for words, count in counts.items() if count)


def judged(steps: Iterable[StepOutcome]) -> list[StepOutcome]:
    """The steps that say why a scenario didn't pass."""
    return [step for step in steps if step.verdict in (Verdict.FAIL, Verdict.UNKNOWN)]


def _gist(outcome: ScenarioOutcome) -> list[str]:
    wrong = judged(outcome.steps)
    if outcome.verdict is Verdict.PASS:
        return [counted(len(outcome.steps), "step")]
    if outcome.verdict is Verdict.FAIL and wrong:
        return [f"step {wrong[0].number} of {len(outcome.steps)}: {printable(wrong[0].title)}"]
    first_line = outcome.reason.partition("\n")[0]
    return [f"({printable(first_line)})"] if first_line else []
