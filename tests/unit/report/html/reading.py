"""A page's text -> its elements, attributes and texts, as a browser's parser finds them; and its records, unpacked."""

from __future__ import annotations

import zlib
from base64 import b64decode
from html.parser import HTMLParser
from typing import Any

import msgspec


class Read(HTMLParser):
    """`elements`: name and attributes of each, in order. `texts`: what stands between, by the element it stands in."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.comments: list[str] = []
        self._open: list[str] = []
        self._texts: list[tuple[str, str]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        self._texts.append((self._open[-1] if self._open else "", data))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def texts(self, tag: str) -> list[str]:
        """The texts right inside elements of this name."""
        return [text for inside, text in self._texts if inside == tag]

    def attributes(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        """The attributes of elements of this name that have these values."""
        return [has for name, has in self.elements if name == tag and wanted.items() <= has.items()]

    def records(self) -> list[dict[str, Any]]:  # Any: JSON
        """What the script of each run reads."""
        packed = [text for text in self.texts("script") if text and "{" not in text]
        return [msgspec.json.decode(zlib.decompress(b64decode(text), wbits=-15)) for text in packed]
