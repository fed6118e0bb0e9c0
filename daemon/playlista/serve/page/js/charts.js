// Small drawings of numbers. Each has its numbers as text for those who do not see it.

import { bdi, el, svg } from "./elements.js";
import { count } from "./format.js";

/** The bins with those in between that are empty, which the API leaves out. */
export function filled(bins) {
  const all = [];
  for (const bin of bins) {
    const width = bin.to - bin.from;
    for (let from = all.at(-1)?.to ?? bin.from; from < bin.from && all.length < 500; from += width) {
      all.push({ from, to: from + width, count: 0 });
    }
    all.push(bin);
  }
  return all;
}

/**
 * A histogram of [{from, to, count}]; `name(bin)` is what a bar means. A bar is a link where `address(bin)` is given.
 */
export function histogram(given, { label, name, address }) {
  const bins = filled(given);
  const most = Math.max(1, ...bins.map((bin) => bin.count));
  const width = 100 / Math.max(1, bins.length);
  const bars = bins.map((bin, place) => {
    const height = bin.count ? Math.max(1.5, (bin.count / most) * 40) : 0;
    const text = `${name(bin)}: ${count(bin.count)}`;
    const bar = [
      svg("title", { text }),
      svg("rect", { class: "hit", x: place * width, y: 0, width, height: 40 }),
      svg("rect", { class: "bar", x: place * width + width * 0.08, y: 40 - height, width: width * 0.84, height, rx: 0.6 }),
    ];
    return address
      ? svg("a", { href: address(bin), "aria-label": text }, bar)
      : svg("g", {}, bar);
  });
  const role = address ? "group" : "img";
  return svg("svg", { class: "histogram", viewBox: "0 0 100 40", preserveAspectRatio: "none", role, "aria-label": label }, bars);
}

/** Rows of a name and a bar for each {name, value 0..1, text, href}. */
export function bars(rows) {
  return el("ul", { class: "bars" }, rows.map(({ name, value, text, href }) => {
    const fill = el("span", { class: "fill" });
    fill.style.setProperty("--share", value.toFixed(3));
    const label = href ? el("a", { href }, bdi(name)) : bdi(name);
    return el("li", {}, label, el("span", { class: "track" }, fill), el("span", { class: "value", text }));
  }));
}

/** A bar of `value` against `limit` with a mark at `peak`, all in the same unit; `text` says it. */
export function meter({ value, peak, limit, text }) {
  const node = el("div", { class: "meter", role: "img", "aria-label": text },
    el("span", { class: "fill" }), el("span", { class: "mark" }));
  node.style.setProperty("--value", limit ? Math.min(1, value / limit) : 0);
  node.style.setProperty("--peak", limit ? Math.min(1, peak / limit) : 0);
  return node;
}

/** A line through `values`, oldest first. */
export function sparkline(values, label) {
  const most = Math.max(...values, 1e-9);
  const points = values.map((value, place) =>
    `${((place / Math.max(1, values.length - 1)) * 100).toFixed(1)},${(24 - (value / most) * 22).toFixed(1)}`);
  return svg("svg", { class: "sparkline", viewBox: "0 0 100 25", preserveAspectRatio: "none", role: "img", "aria-label": label },
    svg("polyline", { points: points.join(" ") }));
}
