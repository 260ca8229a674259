"""A sheet -> the SVG of what stands above its lanes: whose they are, and where they are folded and unfolded."""

from __future__ import annotations

from labctl.report.drawing import Column
from labctl.report.html.layout import Layout
from labctl.report.html.safe import clipped, inside, marked_up
from labctl.report.html.sheet import Sheet
from labctl.scenario.problems import printable

HEAD = 58
_HEAD_WIDTH = 210
_HEAD_PLACES = 22


def heads_svg(sheet: Sheet, here: Layout) -> str:
    """Who stands above each lane; of lanes that are folded, one for all of them."""
    parts = [f'<svg class="heads" width="{here.width}" height="{HEAD}" viewBox="0 0 {here.width} {HEAD}">']
    parts.append(f'<text class="unit" x="64" y="{HEAD - 8}">ms</text>')
    for number, column in enumerate(sheet.columns):
        x = next((here.xs[lane] for lane in column.lanes if lane in here.xs), None)
        if column.is_folded:
            parts.append(_fold_head(sheet, number, x))
        for lane in column.lanes if column.is_folded else _named(sheet, column):
            parts.append(_lane_head(sheet, lane, None if column.is_folded else x, is_one_of_many=column.is_folded))
    return "".join(parts) + "</svg>"


def _named(sheet: Sheet, column: Column) -> list[int]:
    """The lanes of a column that has one head: its program's, where it has one, and not the kernel's beside it."""
    programs = [lane for lane in column.lanes if sheet.story.lanes[lane].program]
    return programs or list(column.lanes)


def _fold_head(sheet: Sheet, number: int, x: int | None) -> str:
    """The head of a column of folded lanes."""
    column = sheet.columns[number]
    name = column.program or "kernels"
    count = len(column.lanes) - column.kernels
    label = f"{count} lanes, {name} on {column.host}: unfold them"
    deep = '<rect class="deep" x="-101" y="8" width="210" height="40" rx="6" />'
    return _head(f"fold f{number}", x, name, f"▸ {count} lanes, folded", label, column.command, deep)


def _lane_head(sheet: Sheet, lane: int, x: int | None, *, is_one_of_many: bool) -> str:
    """The head of one lane; of one of many it folds them again."""
    its = sheet.story.lanes[lane]
    name, title = its.program or "kernel", its.command or f"what {its.host}'s kernel does by itself"
    if not is_one_of_many:
        return _head(f"l{lane}", x, name, f"on {its.host}", "", title)
    return _head(f"one l{lane}", x, name, f"▾ on {its.host}", f"{name} on {its.host}: fold these lanes", title)


def _head(classes: str, x: int | None, name: str, under: str, label: str, title: str, deep: str = "") -> str:
    """A box above a lane; without a place it isn't seen yet. With a label it is a button."""
    role = f' role="button" tabindex="0" aria-label="{marked_up(label)}"' if label else ""
    where = f'transform="translate({x},0)"' if x is not None else 'transform="translate(0,0)"'
    hidden = "" if x is not None else " h"
    return (
        f'<g class="head {classes}{hidden}" {where}{role}><title>{inside(title)}</title>{deep}'
        f'<rect x="-105" y="4" width="{_HEAD_WIDTH}" height="40" rx="6" />'
        f'<text class="name" y="20">{inside(clipped(printable(name), _HEAD_PLACES))}</text>'
        f'<text y="36">{inside(clipped(printable(under), _HEAD_PLACES + 5))}</text>'
        f'<path d="M0,44V{HEAD}" /></g>'
    )
