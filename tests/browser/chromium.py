"""A headless Chromium, told what to do by the DevTools protocol over a pipe: no driver, no port, no library.

The protocol: one JSON object after the other, a NUL byte after each, to descriptor 3 and from descriptor 4
(--remote-debugging-pipe). What a tab says and what is said to it carries the session's id.
"""

from __future__ import annotations

import json
import os
import selectors
import shutil
import signal
import tempfile
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_DEADLINE_S = 60.0
_OPTIONS = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-sandbox",  # only pages of ours are opened; root, and users without namespaces, have no sandbox
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
)
# Any: a value of the protocol is whatever JSON holds.
Message = dict[str, Any]


def program() -> str | None:
    """The browser's path, None where there is none."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


class Wire:
    """Commands out and answers in. Events that come meanwhile are kept, in order."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._came = b""
        self._last = 0
        self.events: list[Message] = []

    def ask(self, method: str, session: str | None = None, **parameters: Any) -> Message:
        """The answer to a command. Raises RuntimeError where the browser says that it was wrong."""
        self._last += 1
        message: Message = {"id": self._last, "method": method, "params": parameters}
        os.write(self._to, json.dumps(message | ({"sessionId": session} if session else {})).encode() + b"\0")
        while (answer := self._next(method)).get("id") != self._last:
            self.events.append(answer)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def wait(self, event: str) -> Message:
        """The next event of this name, from among those that came already too."""
        while not (found := [one for one in self.events if one.get("method") == event]):
            self.events.append(self._next(event))
        self.events.remove(found[0])
        return found[0]

    def _next(self, awaited: str) -> Message:
        ends = time.monotonic() + _DEADLINE_S
        with selectors.DefaultSelector() as selector:
            selector.register(self._from, selectors.EVENT_READ)
            while b"\0" not in self._came:
                if not selector.select(max(0.0, ends - time.monotonic())):
                    raise TimeoutError(f"the browser said nothing for {_DEADLINE_S:g} s while {awaited} was awaited")
                more = os.read(self._from, 1 << 20)
                if not more:
                    raise EOFError(f"the browser ended while {awaited} was awaited")
                self._came += more
        first, _, self._came = self._came.partition(b"\0")
        return dict(json.loads(first))


class Tab:
    """One page in it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        target = wire.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = wire.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Performance"):
            self._ask(f"{domain}.enable")

    def _ask(self, method: str, **parameters: Any) -> Message:
        return self._wire.ask(method, self._session, **parameters)

    def resize(self, width: int, height: int, *, scale: float = 1.0, is_phone: bool = False) -> None:
        """The window's size in CSS pixels; `scale` is how many of the screen's make one."""
        self._ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=is_phone
        )

    def prefer(self, scheme: str) -> None:
        """`light` or `dark`."""
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def without_scripts(self, are_off: bool) -> None:
        """From the next page on no page's script runs, or all do."""
        self._ask("Emulation.setScriptExecutionDisabled", value=are_off)

    def open(self, page: Path) -> float:
        """Opens a file; how many seconds until it was loaded and had been drawn once."""
        began = time.monotonic()
        self._wire.events.clear()
        self._ask("Page.navigate", url=page.resolve().as_uri())
        self._wire.wait("Page.loadEventFired")
        self._ask("Page.captureScreenshot", format="jpeg", quality=1)
        return time.monotonic() - began

    def run(self, script: str) -> Any:
        """The value of an expression of JavaScript. Raises RuntimeError with what it threw."""
        answer = self._ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def click(self, selector: str) -> None:
        """A mouse's click in the middle of the element, brought into sight first."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', inline: 'center'});"
            " const b = e.getBoundingClientRect(); return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self._ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def press(self, key: str) -> None:
        """A key by its name: `ArrowDown`, `Enter`."""
        code = {"Enter": 13, "Escape": 27, "ArrowDown": 40, "ArrowUp": 38, "Home": 36, "End": 35, " ": 32, "Tab": 9}[
            key
        ]
        for kind in ("rawKeyDown", "keyUp"):
            self._ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)

    def complaints(self) -> list[str]:
        """What scripts threw and the console said as errors, also against the page's policy."""
        self.run("0")
        said = []
        for event in self._wire.events:
            about = event.get("params", {})
            match event.get("method"):
                case "Runtime.exceptionThrown":
                    details = about["exceptionDetails"]
                    said.append(str(details.get("exception", details).get("description", details)))
                case "Log.entryAdded" if about["entry"]["level"] in ("error", "warning"):
                    said.append(about["entry"]["text"])
                case "Runtime.consoleAPICalled":
                    said.append(str(about["args"]))
        return said

    def picture(self, *, whole: bool = False) -> bytes:
        """A PNG of the window; of the whole page."""
        return b64decode(self._ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return b64decode(self._ask("Page.printToPDF", printBackground=True)["data"])


@contextmanager
def chromium(path: str) -> Iterator[Tab]:
    """A tab in a browser of its own, which is gone afterwards, with all that it wrote."""
    with tempfile.TemporaryDirectory(prefix="labctl-browser-", ignore_cleanup_errors=True) as home:
        theirs_in, ours_out = _pipe()
        ours_in, theirs_out = _pipe()
        words = [path, *_OPTIONS, f"--user-data-dir={home}", "about:blank"]
        pid = _spawned(words, theirs_in, theirs_out, home)
        os.close(theirs_in)
        os.close(theirs_out)
        try:
            wire = Wire(ours_out, ours_in)
            yield Tab(wire)
        finally:
            os.killpg(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(ours_out)
            os.close(ours_in)


def _spawned(words: list[str], read: int, write: int, home: str) -> int:
    """The browser, in a process group of its own, with its two pipes where it looks for them."""
    quiet = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, quiet, n) for n in (0, 1, 2)]
    actions += [(os.POSIX_SPAWN_DUP2, read, 3), (os.POSIX_SPAWN_DUP2, write, 4)]
    try:
        return os.posix_spawn(words[0], words, {**os.environ, "HOME": home}, file_actions=actions, setpgroup=0)
    finally:
        os.close(quiet)


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are out of the way of the numbers that the browser wants."""
    ends = os.pipe()
    high = tuple(fcntl(end, F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return high[0], high[1]
