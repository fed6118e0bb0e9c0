// Keys on the Camelot wheel: neighbours mix well. A key is always shown by its name; its colour only helps to find it.

import { el, svg } from "./elements.js";

const MAJOR = ["B", "F#", "C#", "G#", "D#", "A#", "F", "C", "G", "D", "A", "E"];
const MINOR = ["G#", "D#", "A#", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"];
/** All 24 codes: 1A .. 12A, then 1B .. 12B. */
export const CODES = ["A", "B"].flatMap((ring) => MAJOR.map((_, place) => `${place + 1}${ring}`));

/** "A minor" for "8A". */
export function keyName(code) {
  const place = parseInt(code, 10) - 1;
  return code.endsWith("B") ? `${MAJOR[place]} major` : `${MINOR[place]} minor`;
}

/** Degrees of its hue: twelve around the wheel. */
export const hue = (code) => (parseInt(code, 10) - 1) * 30;

/** The codes that mix with `code`: one step to each side, and the relative key. */
export function neighbours(code) {
  const place = parseInt(code, 10);
  const ring = code.slice(-1);
  return [`${(place % 12) + 1}${ring}`, `${((place + 10) % 12) + 1}${ring}`, `${place}${ring === "A" ? "B" : "A"}`];
}

/** A chip such as "8A", coloured, with the key's name. */
export function keyChip(track) {
  if (!track.camelot) return el("span", { class: "unknown", text: "–" });
  const node = el("span", { class: `chip key ${track.camelot.endsWith("A") ? "minor" : "major"}`,
    title: `${track.key} ${track.scale}`, text: track.camelot });
  node.style.setProperty("--hue", hue(track.camelot));
  return node;
}

/**
 * The wheel as a group of toggle buttons. `counts` are tracks by code (its shade), `chosen` a Set of codes, and
 * `toggle(code)` is called with what was pressed; without it the segments are links by `address(code)`.
 */
export function keyWheel({ counts = {}, chosen = new Set(), toggle, address }) {
  const most = Math.max(1, ...Object.values(counts));
  const lit = new Set([...chosen].flatMap(neighbours));
  const segments = CODES.map((code) => segment(code, {
    share: (counts[code] ?? 0) / most, count: counts[code], isChosen: chosen.has(code), isLit: lit.has(code), toggle, address,
  }));
  return svg("svg", { viewBox: "-100 -100 200 200", class: "wheel", role: "group", "aria-label": "Keys" }, segments);
}

function segment(code, { share, count, isChosen, isLit, toggle, address }) {
  const isMinor = code.endsWith("A");
  const [inner, outer] = isMinor ? [36, 64] : [66, 98];
  const middle = ((parseInt(code, 10) - 1) * 30 - 60) * (Math.PI / 180);
  const at = (radius, turn) => `${(radius * Math.cos(middle + turn)).toFixed(2)} ${(radius * Math.sin(middle + turn)).toFixed(2)}`;
  const half = 0.25;
  const shape = `M${at(inner, -half)}L${at(outer, -half)}A${outer} ${outer} 0 0 1 ${at(outer, half)}L${at(inner, half)}` +
    `A${inner} ${inner} 0 0 0 ${at(inner, -half)}Z`;
  const [x, y] = at((inner + outer) / 2, 0).split(" ");
  const name = `${code}, ${keyName(code)}${count == null ? "" : `, ${count} tracks`}`;
  const given = { class: `segment ${isMinor ? "minor" : "major"}${isLit ? " lit" : ""}`, "aria-label": name, data: { code } };
  const parts = [svg("title", { text: name }), svg("path", { d: shape }), svg("text", { x, y, text: code })];
  const node = toggle
    ? svg("g", { ...given, role: "button", tabindex: 0, "aria-pressed": String(isChosen),
      on: { click: () => toggle(code), keydown: (event) => onKey(event, code, toggle) } }, parts)
    : svg("a", { ...given, href: address(code) }, parts);
  node.style.setProperty("--hue", hue(code));
  node.style.setProperty("--share", share.toFixed(3));
  return node;
}

function onKey(event, code, toggle) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  toggle(code);
}
