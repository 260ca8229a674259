"""Colours of the page: every text can be read on every ground it stands on, by WCAG 2.2's measure (AA: 4.5 to 1)."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = (files("labctl.report.html") / "templates" / "page.css").read_text()
INKS = ("ink", "soft", "packet", "good", "bad", "doubt")
GROUNDS = ("paper", "card", "band", "lit", "said")


def colours(scheme: str) -> dict[str, str]:
    """The page's own colours by name, in light or dark."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)[:2]
    found = dict(re.findall(r"--(\w[\w-]*): #([0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--(\w[\w-]*): #([0-9a-f]{6});", dark)) if scheme == "dark" else {})


def luminance(colour: str) -> float:
    """Relative luminance, 0 to 1 (WCAG 2.2, definition)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("ink", INKS)
def test_ink_can_be_read_on_its_ground(ink: str, ground: str, scheme: str) -> None:
    """In light and in dark."""
    known = colours(scheme)
    low, high = sorted(luminance(known[name]) for name in (ink, ground))

    assert (high + 0.05) / (low + 0.05) >= 4.5
