// Track: its names, sound, values with their meaning, tags, and what sounds like it.

import { bars } from "./charts.js";
import { button, bdi, el, failure } from "./elements.js";
import { pictures, reportLink } from "./evidence.js";
import { findingList } from "./findings.js";
import { length, percent } from "./format.js";
import { keyChip } from "./camelot.js";
import { live } from "./live.js";
import { GROUPS, isUncertain, MOOD_MEANING, REASONS, STATUSES } from "./meanings.js";
import { TAG_FLOOR } from "./portrait.js";
import { href, trackHref } from "./route.js";
import { audioAddress, coverAddress, get, getWhenReady } from "./server.js";
import { timeline } from "./timeline.js";
import { tray } from "./tray.js";

export const title = "Track";

const SIMILAR = 10;
const PER_ARTIST = 2;
/** Tags below this say what a track is not. */
const LEAST_ACTIVATION = 0.05;

export async function show(place, { value: id }, signal) {
  const track = await get(`tracks/${id}`, {}, { signal });
  const names = namesOf(track);
  document.title = `${names.title.slice(0, 80)} · Playlista`;
  const similar = el("section", { "aria-label": "Sounds like" }, el("h2", { text: "Sounds like" }), el("p", { class: "soft", text: "…" }));
  place.append(
    heading(track, names),
    track.reason ? el("p", { class: "failure" }, `${STATUSES[track.status] ?? track.status}: ${REASONS[track.reason] ?? track.reason}. `,
      bdi(track.detail ?? "")) : "",
    track.audio && live.status?.serve_audio ? el("audio", { controls: true, preload: "none", src: audioAddress(track.id) }) : "",
    timeline(track) ?? "",
    el("div", { class: "columns" },
      el("div", {}, findingsOf(track, signal), tagsOf(track), track.tags ? similar : ""),
      el("div", {}, GROUPS.map((group) => valuesOf(track, ...group)))),
    el("p", { class: "soft" }, el("a", { href: `api/v1/tracks/${track.id}`, text: "Everything as JSON" })),
  );
  if (track.tags) showSimilar(similar, track.id, signal);
}

function namesOf({ path, metadata }) {
  return { title: metadata?.title ?? path.split("/").at(-1), artist: metadata?.artist, album: metadata?.album, year: metadata?.year,
    genres: metadata?.genres ?? [] };
}

function heading(track, names) {
  const summary = { id: track.id, path: track.path, title: names.title, artist: names.artist, duration_seconds: track.audio?.duration_seconds };
  const cover = el("img", { class: "cover large", alt: "", width: 128, height: 128, src: track.metadata?.has_cover ? coverAddress(track.id) : null });
  cover.addEventListener("error", () => cover.remove());
  const by = [["artist", names.artist], ["album", names.album], ["year", names.year && `${names.year}-${names.year}`, names.year],
    ...names.genres.slice(0, 3).map((genre) => ["genre", genre])].filter(([, name]) => name);
  return el("div", { class: "track-head" }, track.metadata?.has_cover ? cover : "",
    el("div", { class: "grow" },
      el("h1", {}, bdi(names.title)),
      el("p", { class: "by" }, by.map(([field, name, text]) => el("a", { href: href("library", { [field]: name }) }, bdi(text ?? name)))),
      el("p", { class: "soft path" }, bdi(track.path)),
      el("p", { class: "actions" }, selectButton(summary),
        el("a", { class: "button", href: href("map", { track: track.id }), text: "Show on the map" }),
        el("a", { class: "button", href: href("steps", { from: track.id }), text: "Path to another track" }),
        el("a", { class: "button", href: href("steps", { add: track.id }), text: "Blend" }))));
}

function selectButton(summary) {
  const text = () => (tray.has(summary.id) ? "Take out of the selection" : "Select");
  const node = button(text(), () => {
    if (tray.has(summary.id)) tray.remove(summary.id);
    else tray.add([summary]);
    node.textContent = text();
  });
  return node;
}

/** What is wrong with it, in words and pictures; the report says it to somebody else. */
function findingsOf({ id, findings, health, audio }, signal) {
  const found = Object.keys(findings).length;
  if (!health && !found) return "";
  return el("section", { "aria-label": "Findings" }, el("h2", { text: "Findings" }),
    found ? findingList(findings) : el("p", { class: "soft", text: "Nothing was found to be wrong." }),
    audio ? pictures(id, signal) : "", el("p", { class: "actions" }, reportLink(id)));
}

function tagsOf({ tags }) {
  if (!tags) return "";
  const rows = Object.entries(tags).filter(([, value]) => value >= LEAST_ACTIVATION).sort((a, b) => b[1] - a[1]).slice(0, 12);
  return el("section", { "aria-label": "Tags" }, el("h2", { text: "Tags" }), rows.length
    ? bars(rows.map(([name, value]) => ({ name, value, text: percent(value), href: href("library", { tag: `${name}>=${TAG_FLOOR}` }) })))
    : el("p", { class: "soft", text: "No tag fits this track." }));
}

/** A group of values; each explains itself when it is pressed. */
function valuesOf(track, name, field, values) {
  const group = track[field];
  if (!group) return "";
  const rows = values.filter(([key]) => group[key] !== undefined).map(([key, label, write, meaning]) =>
    valueRow(`meaning-${field}-${key}`, label, meaning, key === "camelot" ? keyChip(group) : write(group[key], group),
      isUncertain(key, group) ? el("span", { class: "chip hollow", text: "uncertain" }) : ""));
  const moods = Object.entries((field === "mood" && group.moods) || {});
  rows.push(...moods.map(([mood, value]) => valueRow(`meaning-mood-${mood}`, mood[0].toUpperCase() + mood.slice(1), MOOD_MEANING, percent(value))));
  return rows.length ? el("section", { "aria-label": name }, el("h2", { text: name }), el("dl", { class: "values" }, rows)) : "";
}

function valueRow(id, label, meaning, ...value) {
  const text = el("p", { class: "meaning", id, hidden: true, text: meaning });
  const press = el("button", { type: "button", class: "term", title: meaning, "aria-expanded": "false", "aria-controls": id }, label);
  press.addEventListener("click", () => {
    text.hidden = !text.hidden;
    press.setAttribute("aria-expanded", String(!text.hidden));
  });
  return el("div", {}, el("dt", {}, press), el("dd", {}, value, text));
}

async function showSimilar(place, id, signal) {
  try {
    const waiting = (line) => place.replaceChildren(el("h2", { text: "Sounds like" }), el("p", { class: "soft", text: line }));
    const { tracks } = await getWhenReady("similar", { id, n: SIMILAR, per_artist: PER_ARTIST }, { signal, waiting });
    place.replaceChildren(el("h2", { text: "Sounds like" }), similarRows(tracks));
    place.append(button("Select these", () => tray.add(tracks)));
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(el("h2", { text: "Sounds like" }), failure("Similar tracks cannot be found", error));
  }
}

/** Tracks with how similar they are and why. */
export function similarRows(tracks) {
  return el("ul", { class: "rows" }, tracks.map((track) => el("li", {},
    track.similarity == null ? "" : el("span", { class: "number share", title: "How similar", text: percent(track.similarity) }),
    el("div", { class: "grow" },
      el("a", { href: trackHref(track.id) }, bdi(track.title ?? track.path)),
      track.artist ? el("span", { class: "soft" }, " · ", bdi(track.artist)) : "",
      el("p", { class: "soft why" }, [...(track.shared_tags ?? []), track.bpm && `${Math.round(track.bpm)} BPM`].filter(Boolean).join(", "))),
    el("span", { class: "number wide", text: length(track.duration_seconds) }),
    keyChip(track))));
}
