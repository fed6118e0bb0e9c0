// The evidence of health as pictures: the average spectrum with its wall, and the waveform around the first faults.

import { el, failure, svg } from "./elements.js";
import { wordFor } from "./findings.js";
import { length, several } from "./format.js";
import { get } from "./server.js";

/** Units of a drawing; a phone shows one as a pixel. */
const WIDTH = 360;
const PLOT = { left: 30, right: 352, top: 18, bottom: 184, height: 218 };
const LOWEST_DB = -140;
const STEP_DB = 20;
/** Of the waveform of one channel. */
const CHANNEL_HEIGHT = 84;

/** Pictures of a track, for which its file is read once they are opened. */
export function pictures(id, signal) {
  const place = el("div", {});
  const opened = el("details", { class: "pictures" }, el("summary", { text: "Spectrum and waveform" }), place);
  opened.addEventListener("toggle", () => opened.open && !place.hasChildNodes() && draw(place, id, signal));
  return opened;
}

/** Where the report on a track is. */
export const reportLink = (id) => el("a", { class: "button", href: `api/v1/tracks/${id}/report`, target: "_blank", rel: "noopener", text: "Report" });

async function draw(place, id, signal) {
  place.replaceChildren(el("p", { class: "soft", text: "Reading the file …" }));
  try {
    const { spectrum, waveforms, heard_seconds: heard, left_out: rest } = await get(`tracks/${id}/evidence`, {}, { signal });
    place.replaceChildren(
      spectrum ? figure(spectrumOf(spectrum), `Average level by frequency over ${length(heard)}: ${wallWords(spectrum)}`) : "",
      ...waveforms.map((wave) => figure(waveformOf(wave), `${wordFor(wave.kind)} ${waveWords(wave)}`)),
      rest ? el("p", { class: "soft", text: `${several(rest, "more place")} could not be reached in time.` }) : "");
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(failure("There are no pictures", error));
  }
}

function figure(drawing, caption) {
  drawing.setAttribute("aria-label", caption);
  return el("figure", { class: "drawing" }, drawing, el("figcaption", { class: "soft", text: caption }));
}

export function wallWords({ wall_hz: hz, wall_fall_db: fall }) {
  return hz == null ? "no hard edge" : `falls by ${fall.toFixed(0)} dB within 350 Hz at ${(hz / 1000).toFixed(1)} kHz`;
}

export function waveWords({ at_seconds: at, step_seconds: step, channels }) {
  const clock = `${Math.floor(at / 60)}:${(at % 60).toFixed(3).padStart(6, "0")}`;
  const shown = [`${(1000 * step * channels[0].low.length).toFixed(0)} ms shown`, channels.length > 1 && "left above right", `peak ${peakOf(channels).toFixed(3)} of full scale`];
  return `at ${clock} (${shown.filter(Boolean).join(", ")})`;
}

const peakOf = (channels) => Math.max(...channels.flatMap(({ low, high }) => [...low, ...high].map(Math.abs)));

function spectrumOf({ step_hz: step, levels_db: levels, wall_hz: wall }) {
  const top = STEP_DB * Math.max(-2, Math.ceil(Math.max(...levels) / STEP_DB));
  const highest = step * levels.length;
  const across = (hz) => PLOT.left + (PLOT.right - PLOT.left) * (hz / highest);
  const down = (level) => PLOT.top + (PLOT.bottom - PLOT.top) * ((top - Math.max(level, LOWEST_DB)) / (top - LOWEST_DB));
  const lines = Array.from({ length: (top - LOWEST_DB) / STEP_DB + 1 }, (_, place) => LOWEST_DB + place * STEP_DB);
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${PLOT.height}`, role: "img" },
    lines.map((level) => line("grid", PLOT.left, down(level), PLOT.right, down(level))),
    lines.filter((level) => level % (2 * STEP_DB) === 0).map((level) => words(PLOT.left - 4, down(level) + 4, level, "end")),
    words(PLOT.left, PLOT.top - 8, "dB", "end"), words(PLOT.right, PLOT.height - 5, "kHz", "end"),
    ticks(highest).map((hz) => words(across(hz), PLOT.bottom + 15, hz / 1000, "middle")),
    svg("path", { class: "curve", d: path(levels.map((level, place) => [across((place + 0.5) * step), down(level)])) }),
    wall == null ? "" : line("wall", across(wall), PLOT.top, across(wall), PLOT.bottom));
}

function waveformOf({ at_seconds: at, from_seconds: from, step_seconds: step, channels }) {
  const peak = peakOf(channels) || 1;
  const steps = channels[0].low.length;
  const mark = (WIDTH * (at - from)) / (step * steps);
  const height = CHANNEL_HEIGHT * channels.length;
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, role: "img" }, line("wall", mark, 0, mark, height),
    channels.map(({ low, high }, number) => {
      const middle = CHANNEL_HEIGHT * (number + 0.5);
      const point = (value, place) => [(place * WIDTH) / Math.max(1, steps - 1), middle - (value / peak) * (CHANNEL_HEIGHT / 2 - 4)];
      return [line("grid", 0, middle, WIDTH, middle), svg("path", { class: "wave", d: `${path([...high.map(point), ...low.map(point).reverse()])}Z` })];
    }));
}

/** Frequencies at the axis: at most six. */
export function ticks(highest) {
  const step = 1000 * [1, 2, 5, 10, 20, 50, 100, 200].find((khz) => highest / 1000 / khz <= 6);
  return Array.from({ length: Math.floor(highest / step) + 1 }, (_, place) => place * step);
}

const path = (points) => `M${points.map(([across, down]) => `${across.toFixed(1)} ${down.toFixed(1)}`).join("L")}`;
const line = (name, x1, y1, x2, y2) => svg("line", { class: name, x1, y1, x2, y2 });
const words = (x, y, text, anchor) => svg("text", { x, y, text, "text-anchor": anchor });
