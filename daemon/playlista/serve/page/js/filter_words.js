// Filters as the API reads them, and as people do.

import { keyName } from "./camelot.js";
import { wordFor } from "./findings.js";
import { STATUSES } from "./meanings.js";

/** A range as the API reads it; loudness has minus signs of its own, and an open end needs two dots. */
export function between(name, low, high) {
  return `${low}${low !== "" && high !== "" && name !== "loudness" ? "-" : ".."}${high}`;
}

/** The ends of such a range, "" for an open one. */
export function ends(text) {
  const [low = "", high = ""] = text.split(/\.\.|(?<=\d)-/);
  return [low, high];
}

function rangeWords(text) {
  const [low, high] = ends(text);
  return low && high ? `${low} to ${high}` : low ? `from ${low}` : `up to ${high}`;
}

/** A filter in words. */
export function sentence(name, value) {
  if (name === "key") return value.split(",").map((code) => (/^\d+[AB]$/.test(code) ? `${code} (${keyName(code)})` : code)).join(" or ");
  const words = { q: `“${value}”`, artist: `by ${value}`, album: `on ${value}`, bpm: `${rangeWords(value)} BPM`,
    loudness: `${rangeWords(value)} LUFS`, year: `year ${rangeWords(value)}`, energy: `energy ${rangeWords(value)}`, voice: `voice ${rangeWords(value)}`, mood: value, format: value,
    health: wordFor(value), status: STATUSES[value] ?? value };
  return words[name] ?? `${name}: ${value}`;
}
