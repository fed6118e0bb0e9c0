// Map: every track is a point, near to those that sound like it. Hover for the name, click to open, draw around tracks to
// select them. Colours show a tag, key, tempo, loudness, year, energy or voice; found tracks and the steps of a path stand out.

import { announce, bdi, button, el, failure } from "./elements.js";
import { several } from "./format.js";
import { Gestures } from "./gestures.js";
import { colouring } from "./plot.js";
import { Points } from "./points.js";
import { Scene } from "./scene.js";
import { change, read, trackHref } from "./route.js";
import { get, getWhenReady } from "./server.js";
import { tray } from "./tray.js";

export const title = "Map";

const MOST_POINTS = 100000;
const MOST_FOUND = 500;
const STEPS = 12;
/** Tracks that a shape may select at once, and how many are asked for in one request. */
const MOST_DRAWN = 500;
const ASKED_AT_ONCE = 100;
const COLOURS = { tag: "tag", key: "key", bpm: "tempo", loudness: "loudness", year: "year", energy: "energy", voice: "voice" };

export async function show(place, route, signal) {
  const parts = build(signal);
  place.append(parts.element);
  parts.say("Reading the map…");
  const update = (next) => refresh(parts, next, signal);
  await update(route);
  return update;
}

function build(signal) {
  const canvas = el("canvas", { class: "map", tabindex: 0, role: "application", "aria-roledescription": "map",
    "aria-label": "Map of the library. Arrow keys move, plus and minus zoom, Enter opens the track in the middle." });
  const hint = el("a", { class: "hint", hidden: true, tabindex: -1 });
  const status = el("p", { class: "soft", role: "status" });
  const legend = el("div", { class: "legend" });
  const steps = el("div", {});
  const colour = el("select", { on: { change: () => put({ colour: colour.value }) } },
    Object.entries(COLOURS).map(([value, name]) => el("option", { value, text: name })));
  const find = el("input", { type: "search", maxlength: 200, on: { change: () => put({ q: find.value.trim() }) } });
  const draw = el("button", { type: "button", "aria-pressed": "false", text: "Draw around tracks" });
  const parts = { hint, legend, steps, colour, find, draw, canvas, scene: new Scene(canvas, hint), loaded: null,
    say: (text) => (status.textContent = text) };
  const gestures = new Gestures(canvas, parts.scene, {
    open: (id) => (location.hash = trackHref(id)),
    drawn: (corners) => select(parts, corners, signal),
    drawing: (isOn) => draw.setAttribute("aria-pressed", String(isOn)),
  }, signal);
  draw.addEventListener("click", () => gestures.draw(draw.getAttribute("aria-pressed") !== "true"));
  const zoom = (factor, name, sign) => el("button", { type: "button", "aria-label": name, on: { click: () => parts.scene.zoom(factor) } }, sign);
  parts.element = el("div", { class: "map-view" },
    el("div", { class: "title-line" }, el("h1", { text: title }), el("label", { class: "sort" }, "Colour by", colour),
      el("label", { class: "sort" }, "Find", find), draw, zoom(1.6, "Closer", "+"), zoom(1 / 1.6, "Farther", "−")),
    status, el("div", { class: "map-place" }, canvas, hint), legend, steps);
  return parts;
}

/** Puts a choice into the address. */
function put(given) {
  change("map", { ...Object.fromEntries(read().params), ...given }, { quietly: true });
}

async function refresh(parts, { params }, signal) {
  const colour = params.get("colour") in COLOURS ? params.get("colour") : "tag";
  parts.colour.value = colour;
  parts.find.value = params.get("q") ?? "";
  try {
    if (parts.loaded !== colour) await load(parts, colour, signal);
    await mark(parts, params, signal);
  } catch (error) {
    if (!signal.aborted) parts.steps.replaceChildren(failure("The map cannot be read", error));
  }
}

async function load(parts, colour, signal) {
  const { ids, x, y, values, names } = await getWhenReady("map", { limit: MOST_POINTS, colour }, { signal, waiting: parts.say });
  parts.loaded = colour;
  const { pixels, legend } = colouring(values, names ?? {}, colour);
  parts.scene.use(new Points(ids, x, y), pixels, labels(legend, values));
  parts.say(ids.length ? `${several(ids.length, "track")}. Those near to each other sound alike.`
    : "Nothing to show yet: the map needs tracks that were analyzed with MusiCNN.");
  showLegend(parts, legend, values);
}

/** The most frequent names, to be written where their points are. */
const labels = (legend, values) => (Array.isArray(legend) ? { values, names: legend.slice(0, 8) } : null);

function showLegend({ legend: place, scene }, legend, values) {
  if (!legend) return place.replaceChildren();
  if (!Array.isArray(legend)) {
    const ramp = el("span", { class: "ramp" });
    ramp.style.background = `linear-gradient(to right, ${legend.colours.join(", ")})`;
    return place.replaceChildren(el("span", { text: legend.from }), ramp, el("span", { text: legend.to }));
  }
  place.replaceChildren(...legend.slice(0, 24).map(({ name, colour, value }) => {
    const dot = el("span", { class: "dot" });
    dot.style.background = colour;
    const press = el("button", { type: "button", class: "chip", "aria-pressed": "false" }, dot, bdi(name));
    press.addEventListener("click", () => {
      const isOn = press.getAttribute("aria-pressed") !== "true";
      for (const other of place.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === press && isOn));
      scene.light(isOn ? (at) => values[at] === value : null);
    });
    return press;
  }));
}

/** Shows what the address asks for: found tracks, one track, a path. */
async function mark(parts, params, signal) {
  const [q, track, from, to] = ["q", "track", "from", "to"].map((name) => params.get(name));
  parts.steps.replaceChildren();
  parts.scene.follow([]);
  parts.scene.light(null);
  if (q) {
    const { tracks } = await get("tracks", { q, limit: MOST_FOUND, fields: "summary" }, { signal });
    parts.scene.lightIds(new Set(tracks.map(({ id }) => id)));
    announce(`${several(tracks.length, "track")} found`);
  }
  if (track) parts.scene.go(Number(track));
  if (from && to) {
    const { tracks } = await getWhenReady("path", { from, to, n: STEPS }, { signal, waiting: parts.say });
    parts.scene.follow(tracks.map(({ id }) => id));
    parts.steps.replaceChildren(el("h2", { text: "The path" }), el("ol", { class: "rows numbered" }, tracks.map((one) =>
      el("li", {}, el("a", { href: trackHref(one.id) }, bdi(one.title ?? one.path))))), button("Select these", () => tray.add(tracks)));
  }
}

async function select(parts, corners, signal) {
  const ids = parts.scene.inside(corners).slice(0, MOST_DRAWN);
  parts.say(`Selecting ${several(ids.length, "track")}…`);
  for (let at = 0; at < ids.length; at += ASKED_AT_ONCE) {
    const some = ids.slice(at, at + ASKED_AT_ONCE);
    tray.add((await get("tracks", { ids: some.join(","), limit: some.length, fields: "summary" }, { signal })).tracks);
  }
  parts.say(`${several(ids.length, "track")} selected${ids.length === MOST_DRAWN ? ", the most at once" : ""}.`);
}

