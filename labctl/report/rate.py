"""Runs, and how many of them failed -> what that says of the rate of failure."""

from __future__ import annotations

from math import exp, lgamma, log, log1p

CONFIDENCE = 0.95
_HALVINGS = 60


def upper_bound(runs: int, failures: int, confidence: float = CONFIDENCE) -> float:
    """The rate of failure that is not exceeded with this confidence (Clopper and Pearson's exact bound)."""
    if runs == 0 or failures >= runs:
        return 1.0
    low, high = failures / runs, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _at_most(failures, runs, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def bound_in_words(runs: int, failures: int) -> str:
    """`at most 1.49 % fail (95 % confidence)`."""
    return f"at most {upper_bound(runs, failures) * 100:.2f} % fail ({CONFIDENCE * 100:g} % confidence)"


def _at_most(failures: int, runs: int, rate: float) -> float:
    """How likely so few failures are at that rate. By logarithms: the factors may be too small for a float."""
    whole = lgamma(runs + 1)
    return sum(
        exp(whole - lgamma(k + 1) - lgamma(runs - k + 1) + k * log(rate) + (runs - k) * log1p(-rate))
        for k in range(failures + 1)
    )
