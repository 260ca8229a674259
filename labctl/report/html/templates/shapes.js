"use strict";
// What layout.py computes for the page as it is at first, for what its reader has folded and filtered since. `xs` are
// the places of lanes, `tops` those of lines; a shape is in pixels from its own line's top.
function shapes(it, xs, tops, shown) {
  const m = it.metrics;

  function shape(at) {
    const kind = it.kind[at];
    if ("pla".includes(kind)) return packet(at, kind);
    if (!"cbenxo".includes(kind)) return null;
    const x = xs.get(it.lane[at]), out = x === m.first ? -1 : 1, side = out < 0 ? "l" : "";
    if (kind === "o") return bubble(x, out, it.box[at], it.height[at]);
    const label = x + out * (m.aside + m.slot * it.slot[at]), both = { label, side, more: label, moreSide: side };
    if (kind === "e" || kind === "n") return both;
    if (kind === "x") return { ...both, path: `M${x - 7},${m.bar_top + 7}h14` };
    const left = x - 3 + out * m.slot * it.slot[at], other = it.other[at];
    const over = other < 0 ? m.bar : tops[other] - tops[at] + (shown[other] ? it.height[other] : 0) - 2 * m.bar_top;
    return { ...both, path: `M${left},${m.bar_top}h6v${over}h-6z` };
  }

  function bubble(x, out, wide, height) {
    const left = out > 0 ? x + m.aside : x - m.aside - wide, right = left + wide, low = height - 4;
    const [near, far] = out > 0 ? [left, right] : [right, left];
    const path = `M${near},2H${far}V${low}H${near}V16L${x},11L${near},8z`;
    return { path, label: left + 8, side: "", more: left + 8, moreSide: "" };
  }

  function packet(at, kind) {
    let source = xs.get(it.source[at]);
    const target = xs.get(it.target[at]);
    if (kind === "l") {
      const out = target !== undefined && target < source ? -1 : 1, label = source + out * m.aside;
      const path = `M${source - 3},${m.arrow_top - 3}h6v6h-6z`, [side, moreSide] = out < 0 ? ["l", ""] : ["", "l"];
      return { path, label, side, more: source - out * m.aside, moreSide };
    }
    if (target === undefined) {
      const out = source === m.first ? 1 : -1, end = source + out * m.stub;
      const path = `M${source},${m.arrow_top}L${end},${m.arrow_top + m.lean}`;
      const label = Math.floor((source + end) / 2);
      return { path, label, side: "m", more: source - out * m.aside, moreSide: out > 0 ? "l" : "" };
    }
    if (source === undefined) source = target + (target === m.first ? m.stub : -m.stub);
    const joined = it.other[at] >= 0, top = joined ? tops[it.other[at]] - tops[at] : 0, lean = joined ? 0 : m.lean;
    if (source === target) {
      const out = target === m.first ? -1 : 1, more = target - out * m.aside;
      const path = `M${source},${top + m.arrow_top}h${out * m.loop}V${m.arrow_top + lean}H${target}`;
      return { path, label: target + out * (m.loop + 6), side: out < 0 ? "l" : "", more, moreSide: out < 0 ? "" : "l" };
    }
    const out = source < target ? 1 : -1, more = target + out * m.aside, moreSide = out < 0 ? "l" : "";
    const path = `M${source},${m.arrow_top + top}L${target - out},${m.arrow_top + lean}`;
    if (kind === "a") return { path, label: more, side: moreSide, more, moreSide };
    return { path, label: Math.floor((source + target) / 2), side: "m", more, moreSide };
  }

  return shape;
}
