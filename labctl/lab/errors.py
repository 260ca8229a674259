"""Why a test on a lab does not go on: what it expected is not so, nothing can be said, or its words make no sense."""

from __future__ import annotations


class LabFailure(AssertionError):
    """What was expected is not so: the words of a failed step, and what its programs printed."""


class LabError(Exception):
    """Nothing can be said: the lab could not be built or broke, or could not be looked at (UNKNOWN in a scenario).

    pytest reports a test that ends so as an error, not as a failure.
    """


class WrongWords(ValueError):
    """What a test asks for makes no sense in the language of scenarios, or names what isn't there: all of it."""


INTERRUPTS = (KeyboardInterrupt, SystemExit, GeneratorExit)
"""What ends a test because all of it ends: nothing more is asked of its lab. `pytest.fail` and the like are none."""
