"use strict";
// Reads the JSON API beside this page; every text goes in as text, never as markup.
const byId = (id) => document.getElementById(id);
const get = async (path) => { const answer = await fetch(path); if (!answer.ok) throw new Error(await answer.text()); return answer.json(); };
const megabytes = (bytes) => bytes == null ? "–" : `${Math.round(bytes / 1048576)} MB`;
const fixed = (value, digits) => value == null ? "–" : value.toFixed(digits);

function span(seconds) {
  if (seconds == null) return "–";
  const whole = Math.round(seconds), minutes = Math.floor(whole / 60), hours = Math.floor(minutes / 60);
  if (hours >= 48) return `${Math.round(hours / 24)} days`;
  if (hours) return `${hours} h ${minutes % 60} min`;
  return `${minutes}:${String(whole % 60).padStart(2, "0")}`;
}

function row(cells) {
  const line = document.createElement("tr");
  for (const [text, kind] of cells) {
    const cell = document.createElement("td");
    cell.textContent = text;
    if (kind) cell.className = kind;
    line.append(cell);
  }
  return line;
}

function figure(name, text) {
  const box = document.createElement("div"), term = document.createElement("dt"), value = document.createElement("dd");
  term.textContent = name;
  value.textContent = text;
  box.append(term, value);
  return box;
}

function showStatus(status) {
  const { tracks, queue, memory, rate } = status;
  const total = tracks.total, left = queue.queued + queue.claimed + queue.waiting, done = Math.max(0, total - left);
  byId("done").style.width = total ? `${100 * done / total}%` : "0";
  byId("progress").textContent = total
    ? `${done} of ${total} tracks done${left ? `, ${span(rate.seconds_left)} left` : ""}`
    : "No tracks yet: put music into the folder.";
  const state = byId("state");
  state.textContent = status.not_ready || (status.current ? `analyzing ${status.current}` : `watching ${status.music_dir}`);
  state.className = status.not_ready ? "warn" : "";
  byId("figures").replaceChildren(
    figure("Analyzed", tracks.analyzed), figure("Partial", tracks.partial), figure("Failed", tracks.failed),
    figure("Quarantined", tracks.quarantined), figure("Left to do", left), figure("Tracks an hour", fixed(rate.tracks_per_hour, 0)),
    figure("Times real time", fixed(rate.times_real_time, 1)), figure("Memory", megabytes(memory.resident_bytes)),
    figure("Peak", megabytes(memory.peak_bytes)), figure("Limit", megabytes(memory.limit_bytes)),
    figure("MusiCNN", status.runtime), figure("Watching by", status.watch_mode));
}

function showFailures(failures) {
  byId("failures-room").hidden = failures.length === 0;
  byId("failures").replaceChildren(...failures.map((one) =>
    row([[one.path], [one.status === "waiting" ? `${one.reason}, tried again` : one.reason], [one.detail || ""],
      [String(one.attempts), "number"]])));
}

function trackRow(track) {
  const { audio, rhythm, tonal, loudness, tags } = track;
  const top = tags ? Object.entries(tags).sort((a, b) => b[1] - a[1]).slice(0, 3).map(([name]) => name).join(", ") : "";
  const key = tonal && tonal.key ? `${tonal.key} ${tonal.scale} (${tonal.camelot})` : "–";
  return row([[track.path], [span(audio && audio.duration_seconds), "number"], [fixed(rhythm && rhythm.bpm, 1), "number"],
    [key], [fixed(loudness && loudness.integrated_lufs, 1), "number"], [top],
    [track.reason ? `${track.status}: ${track.reason}` : track.status, track.status]]);
}

let after = null;
async function showTracks() {
  const page = await get(`api/v1/tracks?limit=50${after === null ? "" : `&after=${encodeURIComponent(after)}`}`);
  byId("tracks").append(...page.tracks.map(trackRow));
  after = page.next;
  byId("more").hidden = after === null;
}

async function refresh() {
  try {
    showStatus(await get("api/v1/status"));
    showFailures(await get("api/v1/failures"));
  } catch (error) {
    byId("state").textContent = `no answer from the daemon: ${error.message}`;
    byId("state").className = "warn";
  }
}

byId("more").addEventListener("click", showTracks);
showTracks().catch(() => {});
refresh();
setInterval(refresh, 3000);
