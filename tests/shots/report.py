"""Pictures of report pages, for docs/pictures: light and dark, on a wide screen and on a phone.

    python -m tests.shots.report [RUN]...

RUN is the folder of a recorded run; without one the tests' stories are shown. Needs Chromium. Each picture is named
after its scenario; one of more than 400 kB is an error.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from labctl.observe.story import Story
from labctl.report.html.page import page
from tests.browser.chromium import Tab, chromium, program
from tests.unit.report.stories import BASIC, IMPAIRED, LOST, crowd

PICTURES = Path(__file__).parents[2] / "docs" / "pictures"
LARGEST = 400_000


class Look(Struct, frozen=True):
    """A window, and which line is opened in it: the first that has a class of these."""

    name: str
    width: int
    height: int
    scheme: str
    scale: float = 1.0
    opened: str = ""


LOOKS = (
    Look("light", 1400, 1150, "light"),
    Look("dark", 1400, 1150, "dark", opened=".part .p:not(.h) text:nth-of-type(2)"),
    Look("phone", 390, 844, "light", 1.5),
    Look("phone-dark", 390, 844, "dark", 1.5, opened=".part .c:not(.h) text:nth-of-type(2)"),
)


def main(folders: Sequence[str]) -> int:
    """Take all pictures; says what was written."""
    path = program()
    if path is None:
        sys.exit("no Chromium here: apt-get install chromium")
    with chromium(path) as tab, tempfile.TemporaryDirectory() as work:
        for story in _stories(folders):
            file = Path(work) / "report.html"
            file.write_text(page([story], capture="capture.pcapng"), encoding="utf-8")
            for look in LOOKS:
                _take(
                    tab,
                    file,
                    look,
                    PICTURES / f"{re.sub('[^a-z0-9]+', '-', story.id.lower()).strip('-')}-{look.name}.png",
                )
    return 0


def _stories(folders: Sequence[str]) -> Iterator[Story]:
    if not folders:
        yield from (BASIC, LOST, IMPAIRED, crowd(200))
        return
    from labctl.observe.join import story_of

    yield from (story_of(Path(folder)) for folder in folders)


def _take(tab: Tab, file: Path, look: Look, picture: Path) -> None:
    tab.resize(look.width, look.height, scale=look.scale, is_phone=look.width < 500)
    tab.prefer(look.scheme)
    tab.open(file)
    if look.opened and tab.run(f"document.querySelector({look.opened!r}) !== null"):
        tab.click(look.opened)
        tab.run("scrollTo(0, 0)")
    taken = tab.picture()
    picture.parent.mkdir(exist_ok=True)
    picture.write_bytes(taken)
    print(f"{picture}: {len(taken) // 1000} kB")
    if len(taken) > LARGEST:
        sys.exit(f"{picture} is larger than {LARGEST // 1000} kB")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
