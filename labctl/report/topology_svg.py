"""A topology -> a drawing as SVG that stands by itself: no script, nothing from elsewhere, for light and dark pages."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from labctl.report.topology import Change, Place, Topology, texts_of
from labctl.scenario.problems import printable

_CHARACTER = 8.0
"""How wide one is, in pixels, at the size below; of the fonts in use the widest."""
_LINE = 18
_PAD = 12
_GAP = 24
_STEM = 26
_ROW = 34
_STYLE = """\
svg{font:13px ui-monospace,Consolas,Menlo,monospace;background:#fff;--ink:#1f2328;--dim:#656d76;--box:#f6f8fa;\
--fault:#b3261e;--heal:#1a7f37}\
@media(prefers-color-scheme:dark){svg{background:#0d1117;--ink:#e6edf3;--dim:#8d96a0;--box:#161b22;--fault:#ff7b72;\
--heal:#3fb950}}\
text{fill:var(--ink)}.dim{fill:var(--dim)}rect{fill:var(--box);stroke:var(--dim)}.absent{stroke-dasharray:3 4}\
path{fill:none;stroke:var(--dim)}.joint{fill:var(--dim)}.fault,.halt{stroke:var(--fault)}.heal{stroke:var(--heal)}\
text.fault,text.halt{fill:var(--fault);stroke:none}text.heal{fill:var(--heal);stroke:none}\
path.tip{stroke:none}.tip.fault{fill:var(--fault)}.tip.heal{fill:var(--heal)}.name{font-weight:bold}"""


def svg(it: Topology) -> str:
    """The drawing: hosts above the wires of their networks, and an arrow for each step that does something to a link.

    A host's stem ends at the wire of the last network that it is on; where it is on one there is a dot.
    """
    widths = [max(map(len, texts_of(place))) * _CHARACTER + 2 * _PAD for place in it.places]
    lefts = [_GAP + sum(widths[:number]) + _GAP * number for number in range(len(widths))]
    middles = [left + width / 2 for left, width in zip(lefts, widths, strict=True)]
    tall = max((len(texts_of(place)) for place in it.places), default=1) * _LINE + _PAD
    first = _GAP + tall + _STEM
    wires = [first + _ROW * number for number in range(len(it.wires) or 1)]
    wire = wires[-1]
    end = (lefts[-1] + widths[-1] if lefts else 0) + _GAP
    is_open = ", open to other networks" if it.is_open else ""
    networks = [one.text + is_open for one in it.wires] or [", ".join(it.networks) + is_open]
    labels = [f"step {change.step}: {change.words}" for change in it.changes]
    spans = [_span(change, middles) for change in it.changes]
    texts = [
        *((_GAP, network) for network in networks),
        *((min(span), label) for span, label in zip(spans, labels, strict=True)),
    ]
    width = max([end, *(left + len(text) * _CHARACTER + _GAP for left, text in texts)])
    height = wire + _ROW * (len(it.changes) + 1) + _GAP / 2
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img">',
        f"<title>{_text(it.name)}: hosts and links</title>",
        f"<style>{_STYLE}</style>",
    ]
    for y, network in zip(wires, networks, strict=True):
        parts.append(f'<path d="M{_GAP / 2:g} {y}H{end - _GAP / 2:g}" stroke-width="3"/>')
        parts.append(f'<text class="dim" x="{_GAP}" y="{y + _LINE + 2}">{_text(network)}</text>')
    for place, left, wide in zip(it.places, lefts, widths, strict=True):
        parts += _place(place, left, wide, tall, [wires[number] for number in sorted(place.on) or [0]])
    for number, (change, label, span) in enumerate(zip(it.changes, labels, spans, strict=True)):
        parts += _change(change, label, span, wire + _ROW * (number + 1) + _LINE)
    return "\n".join([*parts, "</svg>", ""])


def _place(place: Place, left: float, width: float, height: float, wires: list[int]) -> Iterator[str]:
    middle = left + width / 2
    if not place.is_absent:
        yield f'<path d="M{middle:g} {_GAP + height:g}V{wires[-1]:g}"/>'
        for joint in wires if place.on else []:
            yield f'<circle class="joint" cx="{middle:g}" cy="{joint:g}" r="4"/>'
    kind = ' class="absent"' if place.is_absent else ""
    yield f'<rect{kind} x="{left:g}" y="{_GAP}" width="{width:g}" height="{height:g}" rx="6"/>'
    for number, text in enumerate(texts_of(place)):
        kind = "dim" if number else "name"
        y = _GAP + _PAD / 2 + _LINE * (number + 1) - 5
        yield f'<text class="{kind}" x="{left + _PAD:g}" y="{y:g}">{_text(text)}</text>'


def _span(change: Change, middles: list[float]) -> tuple[float, float]:
    """From where to where; `any` is the first, or the last, of the other places."""
    others = [middle for number, middle in enumerate(middles) if number not in (change.sender, change.receiver)]
    begins = min(others or middles) if change.sender is None else middles[change.sender]
    stops = max(others or middles) if change.receiver is None else middles[change.receiver]
    return begins, stops


def _change(change: Change, label: str, span: tuple[float, float], y: float) -> Iterator[str]:
    begins, stops = span
    if begins != stops:
        yield f'<path class="{change.kind}" d="M{begins:g} {y + 8:g}H{stops:g}"/>'
        for tip, tail in [(stops, begins)] + [(begins, stops)] * change.both:
            back = tip + (9 if tail > tip else -9)
            yield f'<path class="tip {change.kind}" d="M{back:g} {y + 4:g}L{tip:g} {y + 8:g}L{back:g} {y + 12:g}z"/>'
    yield f'<text class="{change.kind}" x="{min(span):g}" y="{y + 2:g}">{_text(label)}</text>'


def _text(text: str) -> str:
    return escape(printable(text.replace("\t", "\\t")))
