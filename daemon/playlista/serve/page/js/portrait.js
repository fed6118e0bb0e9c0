// What a library is made of: hours, tempo, keys, tags, years, as links into the library.

import { bars, histogram } from "./charts.js";
import { keyWheel } from "./camelot.js";
import { el } from "./elements.js";
import { amount, count, several } from "./format.js";
import { href } from "./route.js";

const TAGS = 12;
/** A tag counts for a track from this activation on. */
export const TAG_FLOOR = 0.3;

/** Elements that show the answer of `stats`. */
export function portrait(stats) {
  const most = Math.max(1, ...stats.tags.map((tag) => tag.count));
  const keys = Object.fromEntries(stats.keys.map((key) => [key.camelot, key.count]));
  return [
    el("h2", { text: "The library" }),
    el("p", { text: [amount(stats.seconds) + " of music", several(stats.artists, "artist"), several(stats.albums, "album")].join(", ") }),
    el("div", { class: "panels" },
      panel("Tempo", stats.bpm.length && histogram(stats.bpm, {
        label: "Tracks by tempo", name: (bin) => `${bin.from} to ${bin.to} BPM`,
        address: (bin) => href("library", { bpm: `${bin.from}-${bin.to}` }) }), ends(stats.bpm, "BPM")),
      panel("Keys", stats.keys.length && keyWheel({ counts: keys, address: (code) => href("library", { key: code }) })),
      panel("Tags", stats.tags.length && bars(stats.tags.slice(0, TAGS).map(({ name, count: tracks }) => ({
        name, value: tracks / most, text: count(tracks), href: href("library", { tag: `${name}>=${TAG_FLOOR}` }) })))),
      panel("Loudness", stats.loudness.length && histogram(stats.loudness, {
        label: "Tracks by loudness", name: (bin) => `${bin.from} to ${bin.to} LUFS`,
        address: (bin) => href("library", { loudness: `${bin.from}..${bin.to}` }) }), ends(stats.loudness, "LUFS")),
      panel("Energy", stats.energy.some((bin) => bin.count) && histogram(stats.energy, {
        label: "Tracks by energy", name: (bin) => `${bin.from} to ${bin.to}`,
        address: (bin) => href("library", { energy: `${bin.from}-${bin.to}` }) }), ends(stats.energy, "")),
      panel("Moods", stats.moods.some((mood) => mood.count) && bars(stats.moods.map(({ name, count: tracks }) => ({
        name, value: tracks / Math.max(1, ...stats.moods.map((mood) => mood.count)), text: count(tracks), href: href("library", { mood: name }) })))),
      panel("Years", stats.years.length && histogram(stats.years, {
        label: "Tracks by year", name: (bin) => (bin.to - bin.from > 1 ? `${bin.from} to ${bin.to - 1}` : String(bin.from)),
        address: (bin) => href("library", { year: `${bin.from}-${Math.max(bin.from, bin.to - 1)}` }) }), ends(stats.years, "")),
      panel("Formats", stats.formats.length && bars(stats.formats.map(({ name, count: tracks }) => ({
        name, value: tracks / Math.max(1, stats.tracks), text: count(tracks), href: href("library", { format: name }) }))))),
  ];
}

function panel(name, drawing, below) {
  return drawing ? el("section", { class: "panel", "aria-label": name }, el("h3", { text: name }), drawing, below) : null;
}

function ends(bins, unit) {
  if (!bins.length) return null;
  return el("p", { class: "ends soft", "aria-hidden": "true" }, el("span", { text: `${bins[0].from} ${unit}` }),
    el("span", { text: `${bins.at(-1).to} ${unit}` }));
}
