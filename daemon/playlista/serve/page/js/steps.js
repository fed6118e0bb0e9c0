// From one track to another in small steps, or a blend of several: what the library has in between.

import { announce, bdi, button, el, failure } from "./elements.js";
import { change, href, trackHref } from "./route.js";
import { get, getWhenReady } from "./server.js";
import { similarRows } from "./track.js";
import { tray } from "./tray.js";
import { chooseTrack } from "./choice.js";

export const title = "Path and blend";

const STEPS = 12;
const BLENDED = 20;

export async function show(place, { params }, signal) {
  const isBlend = params.has("add") || params.has("subtract");
  const result = el("section", { "aria-label": "Result" });
  place.append(el("h1", { text: isBlend ? "A blend" : "A path" }),
    isBlend ? await blendForm(params, signal) : await pathForm(params, signal), result);
  try {
    const tracks = isBlend ? await blended(params, signal) : await stepped(params, signal);
    if (tracks) result.append(similarRows(tracks), button("Select these", () => tray.add(tracks)), isBlend ? "" : onMap(params));
  } catch (error) {
    if (!signal.aborted) result.append(failure(isBlend ? "This blend cannot be made" : "No path can be found", error));
  }
}

async function stepped(params, signal) {
  const [from, to] = [params.get("from"), params.get("to")];
  return from && to ? (await getWhenReady("path", { from, to, n: STEPS }, { signal, waiting: announce })).tracks : null;
}

async function blended(params, signal) {
  const query = { add: params.getAll("add"), subtract: params.getAll("subtract"), n: BLENDED };
  return query.add.length ? (await getWhenReady("blend", query, { signal, waiting: announce })).tracks : null;
}

const onMap = (params) => el("a", { class: "button", href: href("map", { from: params.get("from"), to: params.get("to") }), text: "Show on the map" });

async function pathForm(params, signal) {
  const ends = { from: params.get("from"), to: params.get("to") };
  const end = async (name, label) => el("div", { class: "field" }, el("p", {}, `${label}: `, ends[name] ? await named(ends[name], signal) : "not chosen yet"),
    chooseTrack(ends[name] ? `Another track (${label.toLowerCase()})` : label, (track) => change("steps", { ...ends, [name]: track.id })));
  return el("div", { class: "choices" },
    el("p", { class: "soft", text: "A chain of tracks in which each sounds like the one before it." }), await end("from", "From"), await end("to", "To"));
}

async function blendForm(params, signal) {
  const given = { add: params.getAll("add"), subtract: params.getAll("subtract") };
  const part = async (name, label) => el("div", { class: "field" }, el("p", { text: label }),
    el("ul", { class: "chips" }, await Promise.all(given[name].map(async (id) => el("li", { class: "chip" }, await named(id, signal),
      el("button", { type: "button", "aria-label": "Without this track", text: "×",
        on: { click: () => change("steps", { ...given, [name]: given[name].filter((other) => other !== id) }) } }))))),
    chooseTrack(name === "add" ? "Add a track" : "Subtract a track", (track) => change("steps", { ...given, [name]: [...given[name], track.id] })));
  return el("div", { class: "choices" },
    el("p", { class: "soft", text: "Tracks that are like all that are added, and unlike those that are subtracted." }),
    await part("add", "Like"), await part("subtract", "Unlike"));
}

async function named(id, signal) {
  try {
    const track = await get(`tracks/${encodeURIComponent(id)}`, {}, { signal });
    return el("a", { href: trackHref(track.id) }, bdi(track.metadata?.title ?? track.path));
  } catch {
    return el("span", { class: "soft", text: "a track that is no longer here" });
  }
}
