// A strip of the whole track, as far as the library knows it: tempo along it from the beats, chapters, silences.

import { bdi, el } from "./elements.js";
import { fixed, length } from "./format.js";

const HEIGHT = 72;
/** Beats over which the local tempo is taken. */
const AROUND = 8;

/** The strip for a result object, or null where nothing is known along the track. */
export function timeline({ audio, beat_times: beats, chapters = [], health, rhythm }) {
  const seconds = audio?.duration_seconds;
  if (!seconds || (!beats?.length && !chapters.length)) return null;
  const tempi = tempoAlong(beats ?? []);
  const canvas = el("canvas", { class: "timeline", role: "img", "aria-label": described(seconds, tempi, chapters) });
  const draw = () => canvas.isConnected && paint(canvas, { seconds, beats: beats ?? [], tempi, chapters, health, middle: rhythm?.bpm });
  new ResizeObserver(draw).observe(canvas);
  return el("figure", { class: "strip" }, canvas,
    el("figcaption", { class: "ends soft" }, el("span", { text: "0:00" }), el("span", { text: caption(tempi) }), el("span", { text: length(seconds) })),
    chapters.length ? el("ol", { class: "chapters" }, chapters.slice(0, 100).map((chapter) => el("li", {},
      el("span", { class: "number", text: length(chapter.start_seconds) }), " ", bdi(chapter.title)))) : "");
}

/** [seconds, BPM] at every few beats: the median of the gaps around it. */
export function tempoAlong(beats) {
  const along = [];
  for (let place = 0; place + AROUND < beats.length; place += AROUND / 2) {
    const gaps = [];
    for (let next = place; next < place + AROUND; next += 1) gaps.push(beats[next + 1] - beats[next]);
    const gap = gaps.sort((a, b) => a - b)[AROUND / 2];
    if (gap > 0) along.push([beats[place], 60 / gap]);
  }
  return along;
}

function caption(tempi) {
  if (!tempi.length) return "";
  const [low, high] = [Math.min(...tempi.map(([, bpm]) => bpm)), Math.max(...tempi.map(([, bpm]) => bpm))];
  return high - low < 2 ? `steady at ${fixed((low + high) / 2, 0, "BPM")}` : `${fixed(low, 0)} to ${fixed(high, 0, "BPM")} along the track`;
}

const described = (seconds, tempi, chapters) =>
  [`The track from start to end, ${length(seconds)}`, caption(tempi), chapters.length ? `${chapters.length} chapters` : ""].filter(Boolean).join("; ");

function paint(canvas, { seconds, beats, tempi, chapters, health, middle }) {
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth;
  canvas.width = width * scale;
  canvas.height = HEIGHT * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const at = (time) => (time / seconds) * width;
  context.fillStyle = style.getPropertyValue("--silence");
  if (health?.silence_start_seconds) context.fillRect(0, 0, at(health.silence_start_seconds), HEIGHT);
  if (health?.silence_end_seconds) context.fillRect(at(seconds - health.silence_end_seconds), 0, width, HEIGHT);
  context.fillStyle = style.getPropertyValue("--beat");
  if (beats.length < width) for (const beat of beats) context.fillRect(at(beat), HEIGHT - 14, 1, 14);
  context.fillStyle = style.getPropertyValue("--chapter");
  for (const { start_seconds: start } of chapters) context.fillRect(at(start), 0, 1, HEIGHT);
  if (tempi.length) line(context, tempi, { at, middle: middle ?? tempi[0][1], colour: style.getPropertyValue("--tempo") });
}

/** The tempo as a line; half and double the middle are the lower and upper edge. */
function line(context, tempi, { at, middle, colour }) {
  context.strokeStyle = colour;
  context.lineWidth = 1.5;
  context.beginPath();
  for (const [time, bpm] of tempi) {
    const height = Math.min(1, Math.max(-1, Math.log2(bpm / middle)));
    context.lineTo(at(time), (HEIGHT - 18) / 2 - height * ((HEIGHT - 24) / 2));
  }
  context.stroke();
}
