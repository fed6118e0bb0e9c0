// Now: what is being done and how long it takes; what needs attention; else what the library is made of.

import { announce, bdi, button, el, failure } from "./elements.js";
import { meter, sparkline } from "./charts.js";
import { ago, amount, count, fixed, length, megabytes, several, span } from "./format.js";
import { keyChip } from "./camelot.js";
import { live } from "./live.js";
import { REASONS } from "./meanings.js";
import { portrait } from "./portrait.js";
import { href, trackHref } from "./route.js";
import { get, post } from "./server.js";

export const title = "Now";

const LATEST = 10;
const SPEED_POINTS = 120;
/** What needs attention changes slowly; it is read again this often. */
const ATTENTION_MILLISECONDS = 15000;
const speeds = [];

export async function show(place, _route, signal) {
  const parts = {
    sentence: el("h1", { class: "sentence", text: "…" }),
    work: el("div", { class: "work" }),
    attention: el("section", { hidden: true, "aria-label": "Needs attention" }),
    latest: el("section", { hidden: true, "aria-label": "Latest results" }),
    library: el("section", { hidden: true, "aria-label": "The library" }),
  };
  place.append(...Object.values(parts));
  live.follow((status) => showStatus(parts, status), signal);
  live.addEventListener("lost", ({ detail }) => parts.work.replaceChildren(failure("Not connected", detail)), { signal });
  live.addEventListener("track", () => showLatest(parts.latest, signal), { signal });
  const timer = setInterval(() => showAttention(parts.attention, signal), ATTENTION_MILLISECONDS);
  signal.addEventListener("abort", () => clearInterval(timer));
  showLatest(parts.latest, signal);
  showAttention(parts.attention, signal);
  showLibrary(parts.library, signal);
}

function showStatus({ sentence, work }, status) {
  const { tracks, queue, rate, memory, scrub, tag_writes: writes } = status;
  const left = queue.queued + queue.claimed + queue.waiting;
  const done = Math.max(0, tracks.total - left);
  const text = sentenceOf(status, left, done);
  if (sentence.textContent !== text) sentence.textContent = text;
  note(rate.times_real_time);
  work.replaceChildren(
    status.not_ready ? el("p", { class: "failure", role: "alert" }, bdi(status.not_ready)) : "",
    scrub.rotted ? rottedLine(scrub.rotted) : "",
    writes.trouble ? el("p", { class: "failure" }, bdi(writes.trouble)) : "",
    left && tracks.total ? progressBar(status, done) : "",
    status.current ? el("p", {}, "At work: ", bdi(status.current)) : "",
    status.cluster ? clusterLine(status.cluster) : "",
    figures(status, left),
    memory ? memoryBar(memory) : "",
    left && speeds.length > 1 ? speedLine(rate.times_real_time) : "",
  );
}

function sentenceOf({ tracks, rate, music_dir: folder }, left, done) {
  if (!tracks.total) return `No music yet. Put files into ${folder}: they are analyzed by themselves.`;
  if (!left) return `${several(tracks.total, "track")}, all done.`;
  const time = rate.seconds_left == null ? "" : `, about ${span(rate.seconds_left)} left`;
  return `Analyzing: ${count(done)} of ${several(tracks.total, "track")} done${time}.`;
}

function progressBar({ tracks, audio_seconds_done: heard, audio_seconds_total: all }, done) {
  const share = all ? heard / all : done / tracks.total;
  const text = all ? `${amount(heard)} of ${amount(all)} of music analyzed` : `${count(done)} of ${count(tracks.total)} tracks`;
  const bar = el("div", { class: "meter progress-bar", role: "progressbar", "aria-label": "Progress", "aria-valuemin": 0,
    "aria-valuemax": 100, "aria-valuenow": Math.round(share * 100), "aria-valuetext": text }, el("span", { class: "fill" }));
  bar.style.setProperty("--value", Math.min(1, share));
  return el("div", {}, bar, el("p", { class: "soft", text }));
}

function figures({ tracks, rate, runtime, watch_mode: mode, gone, tag_writes: writes }, left) {
  const untagged = Object.values(writes.refused).reduce((sum, one) => sum + one, 0);
  const rows = [
    ["Analyzed", count(tracks.analyzed)],
    ["Partly analyzed", tracks.partial && count(tracks.partial)],
    ["Failed", (tracks.failed || tracks.quarantined) && count(tracks.failed + tracks.quarantined)],
    ["To do", left && count(left)],
    ["Tracks per hour", rate.tracks_per_hour && count(rate.tracks_per_hour)],
    ["No longer on disk", gone && count(gone)],
    ["Tags to check", writes.pending && count(writes.pending)],
    ["Files left untagged", untagged && count(untagged)],
    ["MusiCNN", runtime],
    ["Watching by", mode],
  ];
  return el("dl", { class: "figures" }, rows.filter(([, text]) => text).map(([name, text]) =>
    el("div", {}, el("dt", { text: name }), el("dd", { text }))));
}

function rottedLine(files) {
  return el("p", { class: "warn" }, `${several(files, "file")} changed on the disk while size and time did not. `,
    el("a", { href: href("health", { show: "rotted" }), text: "Show" }));
}

function clusterLine({ scheduler_up: up, trouble, workers, in_flight: busy }) {
  if (!up) return el("p", { class: "warn", text: `Cluster: ${trouble ?? "not connected yet"}` });
  const text = `Cluster: ${several(workers.length, "worker")}, ${count(busy)} at work`;
  return el("details", {}, el("summary", { text }), el("ul", { class: "rows" }, workers.map(({ name, state, track, why }) =>
    el("li", {}, bdi(name), el("span", { class: "grow", text: track ?? why ?? state })))));
}

function memoryBar({ resident_bytes: now, peak_bytes: peak, limit_bytes: limit }) {
  const text = `Memory: ${megabytes(now)}, at most ${megabytes(peak)}, of ${megabytes(limit)}`;
  return el("div", {}, meter({ value: now, peak, limit, text }), el("p", { class: "soft", text }));
}

function speedLine(now) {
  const text = `Speed: ${fixed(now, 0)} times real time`;
  return el("div", {}, sparkline(speeds, text), el("p", { class: "soft", text }));
}

function note(speed) {
  if (speed != null) speeds.push(speed);
  if (speeds.length > SPEED_POINTS) speeds.shift();
}

/** Reads `path` and fills `place` by `fill(answer)`; says there what went wrong. */
async function section(place, signal, { what, path, params = {} }, fill) {
  try {
    fill(await get(path, params, { signal }));
  } catch (error) {
    if (signal.aborted) return;
    place.hidden = false;
    place.replaceChildren(failure(`${what} cannot be read`, error));
  }
}

function showLatest(place, signal) {
  const asked = { what: "The latest results", path: "tracks", params: { sort: "-finished", limit: LATEST, fields: "summary" } };
  return section(place, signal, asked, ({ tracks }) => fillLatest(place, tracks));
}

function fillLatest(place, tracks) {
  place.hidden = !tracks.length;
  place.replaceChildren(el("h2", { text: "Latest results" }), el("ul", { class: "rows" }, tracks.map((track) =>
    el("li", {},
      el("a", { class: "grow", href: trackHref(track.id) }, bdi(track.title ?? track.path), artistOf(track)),
      track.reason ? el("span", { class: "chip warn", text: REASONS[track.reason] ?? track.reason }) : "",
      el("span", { class: "number wide", text: length(track.duration_seconds) }),
      el("span", { class: "number wide", text: fixed(track.bpm, 0, "BPM") }),
      keyChip(track),
      el("span", { class: "soft when", text: ago(track.finished_at) })))));
}

const artistOf = ({ artist }) => (artist ? el("span", { class: "soft" }, " · ", bdi(artist)) : null);

function showAttention(place, signal) {
  return section(place, signal, { what: "Failures", path: "failures", params: { group: "reason" } }, (groups) => {
    place.hidden = !groups.length;
    place.replaceChildren(el("h2", { text: "Needs attention" }),
      el("ul", { class: "attention" }, groups.map((one) => groupRow(one, place, signal))));
  });
}

function groupRow({ reason, count: tracks, remedy, retryable }, place, signal) {
  const mayRetry = retryable && live.status?.writable;
  return el("li", {},
    el("div", { class: "grow" },
      el("p", {}, el("strong", { text: REASONS[reason] ?? reason }), `: ${several(tracks, "track")}`),
      el("p", { class: "soft", text: remedy })),
    el("a", { class: "button", href: href("failures", { reason }), text: "Show", "aria-label": `Show: ${REASONS[reason] ?? reason}` }),
    mayRetry ? button("Retry", async () => {
      const { queued } = await post("retry", { reason });
      announce(`${several(queued, "track")} queued again`);
      await Promise.all([live.ask(), showAttention(place, signal)]);
    }, { "aria-label": `Retry: ${REASONS[reason] ?? reason}` }) : "");
}

function showLibrary(place, signal) {
  return section(place, signal, { what: "The library's numbers", path: "stats" }, (stats) => {
    place.hidden = !stats.tracks;
    place.replaceChildren(...portrait(stats));
  });
}
