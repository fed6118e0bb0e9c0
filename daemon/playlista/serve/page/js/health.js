// Health: what is wrong with tracks, by finding, and recordings that the library has more than once.

import { announce, bdi, button, el, failure } from "./elements.js";
import { pictures, reportLink } from "./evidence.js";
import { findingList, wordFor } from "./findings.js";
import { count, fixed, length, several } from "./format.js";
import { ADVICE } from "./meanings.js";
import { href, trackHref } from "./route.js";
import { get } from "./server.js";

export const title = "Health";

const ROWS = 50;
const DUPLICATES = "duplicates";

export async function show(place, route, signal) {
  const [stats, copies] = await Promise.all([get("stats", {}, { signal }), get("duplicates", { limit: 1 }, { signal })]);
  const choices = el("ul", { class: "chips kinds", "aria-label": "What was found" });
  const results = el("section", { "aria-label": "Results" });
  place.append(el("h1", { text: title }),
    el("p", { class: "soft", text: "What was noticed in the sound of your files. Nothing is a verdict: each finding says where to listen." }),
    choices, results);
  const update = ({ params }) => {
    const chosen = params.get("show") ?? "";
    choices.replaceChildren(...choicesOf(stats.findings, copies.total, chosen));
    if (chosen === DUPLICATES) return showDuplicates(results, copies, signal);
    return showTracks(results, chosen ? [chosen] : stats.findings.map(({ name }) => name), signal);
  };
  update(route);
  return update;
}

function choicesOf(findings, recordings, chosen) {
  const choices = [["", "All findings", null], ...findings.map(({ name, count: tracks }) => [name, wordFor(name), tracks]),
    [DUPLICATES, "Duplicates", recordings]];
  return choices.map(([name, text, tracks]) => el("li", {},
    el("a", { class: "chip", href: href("health", { show: name }), "aria-current": name === chosen ? "true" : null }, text,
      tracks == null ? "" : el("span", { class: "number", text: count(tracks) }))));
}

function showTracks(place, names, signal) {
  if (!names.length) return place.replaceChildren(el("p", { class: "empty", text: "Nothing was found in the tracks analyzed so far." }));
  const [only] = names.length === 1 ? names : [];
  const heading = el("h2", { text: only ? wordFor(only) : "All findings" });
  const read = async (after) => {
    const { tracks, next, total } = await get("tracks", { health: names, after, limit: ROWS, fields: "summary" }, { signal });
    return { rows: tracks.map((track) => trackRow(track, signal)), next, text: several(total, "track") };
  };
  place.replaceChildren(heading, only ? el("p", {}, ADVICE[only] ?? "", " ", el("a", { href: href("library", { health: only }), text: "Show in the library" })) : "");
  return growingList(place, read, signal);
}

function showDuplicates(place, { total, tracks, due }, signal) {
  const waiting = due ? ` ${several(due, "track")} still to be compared.` : "";
  place.replaceChildren(el("h2", { text: "Duplicates" }),
    el("p", { text: `${several(total, "recording")} in ${several(tracks, "file")}. The best copy is first. Playlista never deletes a file.${waiting}` }));
  const read = async (after) => {
    const { recordings, next } = await get(DUPLICATES, { after, limit: ROWS }, { signal });
    return { rows: recordings.map(recordingRow), next, text: several(total, "recording") };
  };
  return growingList(place, read, signal);
}

/** A list that grows by what `read(after)` gives, {rows, next, text}, whenever more is asked for. */
async function growingList(place, read, signal) {
  const list = el("ul", { class: "rows health" });
  const problem = el("div", {});
  let after = null;
  const step = async () => {
    problem.replaceChildren();
    try {
      const { rows, next, text } = await read(after);
      if (after === null) announce(text);
      list.append(...rows);
      after = next;
      more.hidden = next == null;
    } catch (error) {
      if (!signal.aborted) problem.append(failure("The list cannot be read", error));
    }
  };
  const more = button("Show more", async () => {
    const seen = list.children.length;
    await step();
    list.children[seen]?.querySelector("a").focus(); // the button may be gone
  }, { hidden: true });
  place.append(list, problem, more);
  await step();
}

function trackRow({ id, title: name, path, artist, findings }, signal) {
  const evidence = el("div", {});
  const why = el("details", {}, el("summary", { "aria-label": `Evidence: ${name ?? path}`.slice(0, 120), text: "Evidence" }), evidence);
  why.addEventListener("toggle", () => why.open && showEvidence(evidence, id, signal));
  return el("li", {},
    el("div", { class: "grow" },
      el("a", { href: trackHref(id), title: path.slice(0, 300) }, bdi(name ?? path)), artist ? el("span", { class: "soft" }, " · ", bdi(artist)) : "",
      el("p", { class: "soft why", text: findings.map(wordFor).join(", ") })),
    why);
}

async function showEvidence(place, id, signal) {
  try {
    const { findings } = await get(`tracks/${id}`, {}, { signal });
    place.replaceChildren(findingList(findings), pictures(id, signal), el("p", { class: "actions" }, reportLink(id)));
  } catch (error) {
    if (!signal.aborted) place.replaceChildren(failure("The evidence cannot be read", error));
  }
}

function recordingRow({ best, copies, copies_total: total }) {
  const kept = copies.find(({ id }) => id === best.id);
  const others = copies.filter(({ id }) => id !== best.id);
  const noteOf = (copy) => (copy.same_audio === kept.same_audio ? "the same sound, bit for bit" : "");
  return el("li", {}, el("ol", { class: "grow copies" },
    copyRow(kept, best.why, el("span", { class: "chip", text: "Best copy" })),
    others.map((copy) => copyRow(copy, noteOf(copy))),
    total > copies.length ? el("li", { class: "soft", text: `and ${several(total - copies.length, "more copy", "more copies")}` }) : ""));
}

function copyRow({ id, path, ...copy }, note, mark = "") {
  return el("li", {}, el("a", { href: trackHref(id) }, bdi(path)), " ", mark,
    el("p", { class: "soft why", text: [...qualities(copy), note].filter(Boolean).join(" · ") }));
}

/** What tells one copy from another, in words. */
function qualities({ format, kilobits_per_second: rate, sample_rate_hz: hz, duration_seconds: seconds, size_bytes: bytes }) {
  return [format, rate && `${count(rate)} kbit/s`, hz && `${count(hz)} Hz`, seconds != null && length(seconds), fixed(bytes / 1048576, 1, "MB")].filter(Boolean);
}
