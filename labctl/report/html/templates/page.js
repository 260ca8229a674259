// Moves and hides what the page already shows; no markup is made from texts.
for (const run of document.querySelectorAll(".run")) {
  const box = run.querySelector(".box");
  if (box) unpacked(run.querySelector(".records").textContent).then((it) => ladder(run, box, it));
}

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).json();
}

function ladder(run, box, it) {
  const m = it.metrics, count = it.kind.length;
  const all = box.querySelector(".parts"), heads = box.querySelector(".heads"), under = box.querySelector(".under");
  const parts = [...box.querySelectorAll(".part")], groups = parts.flatMap((part) => [...part.children]);
  const lit = under.querySelector(".lit"), rails = under.querySelector(".lanes").children;
  const spans = new Map();
  const tools = run.querySelector(".tools"), detail = run.querySelector(".detail");
  const box_of = (name) => tools.querySelector(name);
  const lanes = it.columns.flat(), folded = it.columns.map((column) => column.length > 1);
  const laneHeads = lanes.map((lane) => heads.querySelector(".l" + lane));
  const foldHeads = it.columns.map((_, at) => heads.querySelector(".f" + at));
  const linesOf = it.events.map(() => []);
  for (let at = 0; at < count; at++) linesOf[it.event[at]].push(at);
  const tops = new Int32Array(count + 1), shown = new Uint8Array(count), xs = new Map();
  const shape = shapes(it, xs, tops, shown);
  let chosen = -1, talk = -1, zoom = 1, width = 0;
  tools.hidden = false;
  const partOf = (at) => Math.floor(at / m.part);
  const beyond = [...under.querySelector(".spans").children].reverse();
  for (let at = 0; at < count; at++)
    if (it.other[at] >= 0 && partOf(it.other[at]) !== partOf(at)) spans.set(at, beyond.pop());

  const view = () => (box_of(".files")?.checked ? 1 : 0) + (box_of(".noise")?.checked ? 2 : 0);
  const isInTalk = (at) => talk < 0 || "srg".includes(it.kind[at]) || it.events[it.event[at]][1] === talk;

  function relayout() {
    const keep = chosen >= 0 && shown[chosen] ? chosen : firstInSight();
    const before = keep < 0 ? 0 : tops[keep] * zoom - box.scrollTop;
    const mask = 1 << view();
    let top = 0;
    for (let at = 0; at < count; at++) {
      tops[at] = top;
      shown[at] = it.views[at] & mask && isInTalk(at) ? 1 : 0;
      if (shown[at]) top += it.height[at];
    }
    tops[count] = top;
    placeLanes(mask, top);
    for (let at = 0; at < count; at++) placeLine(at);
    if (chosen >= 0) lightUp();
    resize();
    if (keep >= 0) box.scrollTop = tops[keep] * zoom - before;
  }

  function placeLanes(mask, height) {
    let x = m.first, at = 0;
    xs.clear();
    it.columns.forEach((column, number) => {
      const seen = column.filter((lane) => it.seen[lane] & mask);
      foldHeads[number]?.classList.toggle("h", !folded[number] || !seen.length);
      if (seen.length && folded[number]) foldHeads[number].setAttribute("transform", `translate(${x},0)`);
      for (const lane of column) {
        const isSeen = Boolean(it.seen[lane] & mask);
        if (isSeen || (folded[number] && seen.length)) xs.set(lane, x);
        rails[at].classList.toggle("h", !xs.has(lane));
        laneHeads[at].classList.toggle("h", !isSeen || folded[number]);
        if (xs.has(lane)) {
          rails[at].setAttribute("transform", `translate(${x},0)`);
          rails[at].setAttribute("d", `M0,0V${height}`);
          laneHeads[at].setAttribute("transform", `translate(${x},0)`);
        }
        if (isSeen && !folded[number]) x += m.pitch;
        at++;
      }
      if (seen.length && folded[number]) x += m.pitch;
    });
    width = Math.max(x - m.pitch, m.first) + m.right;
  }

  function placeLine(at) {
    const group = groups[at], span = spans.get(at);
    group.classList.toggle("h", !shown[at]);
    span?.classList.toggle("h", !shown[at]);
    if (!shown[at]) return;
    group.setAttribute("transform", `translate(0,${tops[at] - tops[partOf(at) * m.part]})`);
    span?.setAttribute("transform", `translate(0,${tops[at]})`);
    const its = shape(at);
    if (!its) return;
    if (its.path) (span ?? group).querySelector("path").setAttribute("d", its.path);
    const texts = group.querySelectorAll("text");
    anchor(texts[1], its.label, its.side);
    if (texts[2]) anchor(texts[2], its.more, its.moreSide);
  }

  function anchor(text, x, side) {
    text.setAttribute("x", x);
    if (side) text.setAttribute("class", side);
    else text.removeAttribute("class");
    for (const part of text.children) if (part.hasAttribute("dy")) part.setAttribute("x", x);
  }

  function resize() {
    const high = parts.map((part, number) => tops[Math.min((number + 1) * m.part, count)] - tops[number * m.part]);
    parts.forEach((part, number) => {
      part.classList.toggle("h", !high[number]);
      size(part, high[number]);
    });
    size(under, tops[count]);
    size(heads, heads.viewBox.baseVal.height);
    box_of(".as-is").textContent = `${Math.round(zoom * 100)} %`;
  }

  // Parts lie edge to edge at every zoom only if their edges, not their heights, are rounded: hence no rounding at all.
  function size(drawing, high) {
    drawing.setAttribute("viewBox", `0 0 ${width} ${high}`);
    drawing.setAttribute("width", width * zoom);
    drawing.setAttribute("height", high * zoom);
  }

  function firstInSight() {
    for (let at = 0; at < count; at++) if (shown[at] && tops[at] * zoom >= box.scrollTop) return at;
    return -1;
  }

  function lineAt(event) {
    const y = (event.clientY - all.getBoundingClientRect().top) / zoom;
    for (let at = count - 1; at >= 0; at--) if (shown[at] && tops[at] <= y) return y < tops[at] + it.height[at] ? at : -1;
    return -1;
  }

  function lightUp() {
    for (const old of all.querySelectorAll(".tied")) old.classList.remove("tied");
    lit.classList.toggle("h", !shown[chosen]);
    lit.setAttribute("y", tops[chosen]);
    lit.setAttribute("height", it.height[chosen]);
    const event = it.event[chosen];
    for (const one of [event, ...(it.events[event][2] ?? [])])
      for (const at of linesOf[one]) {
        groups[at].classList.add("tied");
        spans.get(at)?.classList.add("tied");
      }
  }

  // Chooses a line: it is lit and has the focus; its details are shown where `isOpen`.
  function choose(at, isOpen) {
    if (chosen >= 0) groups[chosen].removeAttribute("tabindex");
    chosen = at;
    const group = groups[at];
    group.setAttribute("tabindex", "-1");
    group.setAttribute("role", "button");
    group.setAttribute("aria-label", it.events[it.event[at]][0]);
    lightUp();
    group.focus({ preventScroll: true });
    intoSight(at);
    const its = it.events[it.event[at]][1] ?? -1;
    box_of(".talk").hidden = its < 0 && talk < 0;
    if (isOpen || !detail.hidden) open(at);
  }

  function intoSight(at) {
    const top = tops[at] * zoom, room = box.clientHeight - heads.clientHeight;
    if (top < box.scrollTop) box.scrollTop = top - 40;
    else if (top + it.height[at] * zoom > box.scrollTop + room) box.scrollTop = top - room + it.height[at] * zoom + 40;
  }

  function open(at) {
    const [full, , ties = [], said = []] = it.events[it.event[at]];
    const lines = linesOf[it.event[at]];
    detail.hidden = false;
    detail.querySelector("h2").textContent = wordsAt(lines[0]);
    fill(detail.querySelector(".when"), lines.filter((one) => it.kind[one] !== "g"), (one, item) => {
      const time = document.createElement("b");
      time.textContent = groups[one].querySelector("text").textContent;
      item.append(time, ` ms  ${lines.length > 1 ? wordsAt(one) : ""} ${whereAt(one)}`);
    });
    detail.querySelector(".full").textContent = full;
    fill(detail.querySelector(".said"), said, (text, item) => item.append(text));
    const isPacket = "pla".includes(it.kind[at]);
    detail.querySelector(".ties").hidden = !ties.length;
    detail.querySelector(".ties h3").textContent = isPacket ? "Calls that it belongs to" : "Packets that belong to it";
    fill(detail.querySelector(".ties ul"), ties, (event, item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = it.events[event][0];
      button.addEventListener("click", () => choose(linesOf[event].find((one) => shown[one]) ?? at, true));
      item.append(button);
    });
  }

  function fill(list, things, write) {
    list.hidden = !things.length;
    list.replaceChildren(...things.map((thing) => {
      const item = document.createElement("li");
      write(thing, item);
      return item;
    }));
  }

  function wordsAt(at) {
    const texts = [...groups[at].querySelectorAll("text")];
    const words = texts.slice(it.kind[at] === "g" ? 0 : 1).flatMap((text) => [...text.childNodes]);
    return words.map((part) => part.textContent.trim()).join(" ");
  }

  function whereAt(at) {
    const [source, target] = [it.source[at], it.target[at]].map((lane) => it.lanes[lane]);
    if ("pla".includes(it.kind[at])) return `${source ?? "?"} → ${target ?? "?"}`;
    return it.lanes[it.lane[at]] ?? "";
  }

  function next(from, by) {
    for (let at = from + by; at >= 0 && at < count; at += by) if (shown[at] && it.kind[at] !== "g") return at;
    return from;
  }

  function close() {
    detail.hidden = true;
    if (chosen >= 0) groups[chosen].focus({ preventScroll: true });
  }

  function toggleFold(head) {
    const number = it.columns.findIndex((column, at) => foldHeads[at] === head || column.some((lane) => head === laneHeads[lanes.indexOf(lane)]));
    if (it.columns[number].length < 2) return;
    folded[number] = !folded[number];
    relayout();
    const shownHead = folded[number] ? foldHeads[number] : laneHeads[lanes.indexOf(it.columns[number][0])];
    shownHead.focus({ preventScroll: true });
  }

  all.addEventListener("click", (event) => {
    const at = lineAt(event);
    if (at >= 0) choose(at, true);
  });
  all.addEventListener("pointerover", (event) => {
    const group = event.target.closest(".part > g");
    if (!group || group.querySelector("title")) return;
    const title = document.createElementNS(under.namespaceURI, "title");
    title.textContent = it.events[it.event[groups.indexOf(group)]][0];
    group.append(title);
  });
  heads.addEventListener("click", (event) => {
    const head = event.target.closest("[role=button]");
    if (head) toggleFold(head);
  });
  box.addEventListener("keydown", (event) => {
    const head = event.target.closest(".heads [role=button]");
    if (head) {
      if (event.key !== "Enter" && event.key !== " ") return;
      toggleFold(head);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      choose(next(chosen, event.key === "ArrowDown" || chosen < 0 ? 1 : -1), false);
    } else if (event.key === "Home" || event.key === "End") {
      choose(event.key === "Home" ? next(-1, 1) : next(count, -1), false);
    } else if (event.key === "Enter" && chosen >= 0) {
      open(chosen);
    } else return;
    event.preventDefault();
  });
  run.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !detail.hidden) close();
  });
  detail.querySelector(".close").addEventListener("click", close);
  tools.addEventListener("change", () => {
    talk = box_of(".only").checked && chosen >= 0 ? it.events[it.event[chosen]][1] ?? -1 : -1;
    box_of(".only").checked = talk >= 0;
    relayout();
  });
  tools.addEventListener("click", (event) => {
    const by = { in: 1.25, out: 0.8, "as-is": 0 }[event.target.className];
    if (by === undefined) return;
    const middle = (box.scrollTop + box.clientHeight / 2) / zoom;
    zoom = by ? Math.min(3, Math.max(0.2, zoom * by)) : 1;
    resize();
    box.scrollTop = middle * zoom - box.clientHeight / 2;
  });
  tops.fill(0);
  const first = 1 << view();
  for (let at = 0, top = 0; at < count; at++) {
    tops[at] = top;
    shown[at] = it.views[at] & first ? 1 : 0;
    if (shown[at]) top += it.height[at];
    tops[count] = top;
  }
  width = under.viewBox.baseVal.width;
}
