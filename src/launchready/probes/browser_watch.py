"""What runs inside a page that is measured: it takes down when things are seen, and changes nothing of the page.

Text is what people see (`innerText`), looked at when something changed and in the frame that draws it; what this costs
itself is taken down too, so that it can be taken away. Everything it tells comes through the page, so it is hostile.
"""

from __future__ import annotations

import json

NAME = "__launchReadyWatch"
MOST_SAMPLES = 400


def script(mark: str) -> str:
    """The script, to be run before any of the page's own; `mark` is the text to wait for, empty for none."""
    wanted = json.dumps(" ".join(mark.lower().split()))
    return f"({_WATCH})({json.dumps(NAME)}, {wanted}, {MOST_SAMPLES})"


ENDED = """() => {
  const o = window["NAME"];
  if (!o) return null;
  o.look();
  const n = performance.getEntriesByType("navigation")[0];
  const images = [];
  for (const e of [...document.images].slice(0, 300)) {
    const r = e.getBoundingClientRect();
    if (r.width < 1 || r.height < 1 || !e.naturalWidth || !e.checkVisibility({visibilityProperty: true})) continue;
    images.push([e.currentSrc, Math.round(r.width * devicePixelRatio), Math.round(r.height * devicePixelRatio),
                 e.naturalWidth, e.naturalHeight]);
  }
  return {
    origin: performance.timeOrigin, now: performance.now(), first: n ? n.responseStart : 0,
    load: n ? n.loadEventEnd : 0, paint: o.paint, lcp: o.lcp, tasks: o.tasks, scripts: o.scripts, own: o.own,
    samples: o.samples, marked: o.marked, images,
    hidden: o.marked === null && o.mark !== "" &&
      document.documentElement.outerHTML.toLowerCase().replace(/\\s+/g, " ").includes(o.mark),
    password: [...document.querySelectorAll("input[type=password]")].some(e => e.checkVisibility()),
  };
}""".replace("NAME", NAME)
"""Asked of the page when it is done."""

TEXT = "() => document.body ? document.body.innerText.slice(0, 400000) : ''"
"""The text that the page shows."""

STATE = """() => {
  const o = window["NAME"];
  return o ? [o.marked, o.changed, performance.now(), document.readyState] : null;
}""".replace("NAME", NAME)
"""When the text was seen, when something was seen last, what time it is (ms), how far the document is."""

_WATCH = """(name, mark, most) => {
  if (window.top !== window || window[name]) return;
  const o = {mark, paint: null, lcp: null, tasks: [], scripts: [], own: [], samples: [], marked: null, changed: 0};
  Object.defineProperty(window, name, {value: o});
  const see = (type, take) => {
    try { new PerformanceObserver(l => l.getEntries().forEach(take)).observe({type, buffered: true}) } catch {}
  };
  see("paint", e => { if (e.name === "first-contentful-paint") o.paint = e.startTime });
  see("largest-contentful-paint", e => { o.lcp = e.startTime });
  see("longtask", e => { if (o.tasks.length < 500) o.tasks.push([e.startTime, e.duration]) });
  see("long-animation-frame", e => {
    for (const s of e.scripts || []) if (o.scripts.length < 1000) o.scripts.push([s.sourceURL, s.duration]);
  });
  const clear = {opacityProperty: true, visibilityProperty: true};
  // What lies over the page, as a banner for cookies does, comes when it likes and is not the account's data.
  const over = body => {
    const found = new Set();
    for (const e of [...body.children].slice(0, 50)) {
      const fixed = getComputedStyle(e).position === "fixed" || e.tagName === "DIALOG";
      if (!fixed && !/^(alert)?dialog$/.test(e.getAttribute("role") || "")) continue;
      const r = e.getBoundingClientRect();
      if (r.width * r.height > .6 * innerWidth * innerHeight) continue;
      e.innerText.split("\\n").forEach(line => found.add(line.trim()));
    }
    return found;
  };
  // innerText leaves out what web components draw; what happens in there no observer tells.
  let inside = false;
  const textOf = (element, depth) => {
    let text = element.innerText || "";
    if (depth > 8) return text;
    for (const e of element.querySelectorAll("*")) if (e.shadowRoot) {
      inside = true;
      for (const c of e.shadowRoot.children) if (c.checkVisibility(clear)) text += "\\n" + textOf(c, depth + 1);
    }
    return text;
  };
  const turning = "[aria-busy=true],[class*=skeleton i],[class*=spinner i],[class*=placeholder-glow i]";
  const turns = body => [...body.querySelectorAll(turning)].slice(0, 50)
    .some(e => e.checkVisibility(clear) && e.getBoundingClientRect().width > 1);
  let lines = new Set(), due = false, next = 0, timer = 0;
  o.look = () => {
    const body = document.body, t = performance.now();
    if (!body) return;
    const text = body.checkVisibility(clear) ? textOf(body, 0) : "", aside = over(body), now = new Set();
    let all = 0, grown = 0;
    for (const l of text.slice(0, 400000).split("\\n")) {
      const line = l.trim();
      if (!line || aside.has(line)) continue;
      all += line.length; now.add(line);
      if (!lines.has(line)) grown += line.length;
    }
    lines = now;
    if (o.marked === null && mark && text.toLowerCase().replace(/\\s+/g, " ").includes(mark)) o.marked = t;
    const busy = turns(body);
    const last = o.samples[o.samples.length - 1];
    if (grown || !last || last[1] !== all || last[3] !== busy) {
      if (o.samples.length < most) o.samples.push([t, all, grown, busy]);
      if (grown) o.changed = t;
    }
    const cost = performance.now() - t;
    if (o.own.length < 2000) o.own.push([t, cost]);
    if (inside) setTimeout(soon, 100);
    next = performance.now() + Math.min(150, Math.max(16, 10 * cost));
  };
  const soon = () => {
    if (due) return;
    due = true;
    const wait = next - performance.now();
    const frame = () => requestAnimationFrame(() => { due = false; o.look() });
    if (wait > 0) { clearTimeout(timer); timer = setTimeout(frame, wait) } else frame();
  };
  const begin = () => {
    new MutationObserver(soon).observe(document, {
      childList: true, characterData: true, subtree: true, attributes: true,
      attributeFilter: ["class", "style", "hidden", "aria-busy", "open"],
    });
    soon();
  };
  begin();
  addEventListener("load", soon);
  document.addEventListener("transitionend", soon, true);
  document.addEventListener("animationend", soon, true);
}"""
