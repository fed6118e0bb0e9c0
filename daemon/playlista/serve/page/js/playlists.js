// Playlists: the selected tracks in their order, taken away as a file that players read.

import { announce, bdi, button, el, failure } from "./elements.js";
import { amount, length, several } from "./format.js";
import { m3u8 } from "./m3u8.js";
import { href, trackHref } from "./route.js";
import { seconds, tray } from "./tray.js";

export const title = "Playlists";

export function show(place, _route, signal) {
  const list = el("ol", { class: "rows numbered" });
  const summary = el("p", { class: "soft" });
  const name = el("input", { value: "Playlist", maxlength: 100, required: true });
  const form = el("form", { class: "actions" }, el("label", { class: "field" }, "Name", name),
    el("button", { type: "submit", class: "main", text: "Download as M3U8" }), button("Clear", () => tray.set([])));
  const problem = el("div", {});
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    problem.replaceChildren();
    try {
      download(name.value, tray.tracks);
    } catch (error) {
      problem.append(failure("The playlist cannot be written", error));
    }
  });
  const empty = el("div", { class: "empty" }, el("p", { text: "No tracks are selected yet." }),
    el("p", {}, "Tick tracks in the ", el("a", { href: href("library"), text: "library" }), ", draw around them on the ",
      el("a", { href: href("map"), text: "map" }), ", or select what sounds like a track."));
  place.append(el("h1", { text: title }), empty, form, problem, summary, list);
  const draw = () => {
    const { tracks } = tray;
    empty.hidden = tracks.length > 0;
    form.hidden = summary.hidden = list.hidden = !tracks.length;
    summary.textContent = `${several(tracks.length, "track")}, ${amount(seconds(tracks))}. Paths are relative to the music folder: put the file there.`;
    list.replaceChildren(...tracks.map((track, place) => row(track, place, tracks)));
  };
  tray.addEventListener("change", draw, { signal });
  draw();
}

function row(track, place, tracks) {
  const move = (by) => {
    const next = [...tracks];
    next.splice(place, 1);
    next.splice(place + by, 0, track);
    tray.set(next);
    announce(`Now number ${place + by + 1}`);
    const there = document.querySelectorAll(".numbered > li")[place + by];
    (there.querySelector(by < 0 ? ".up:enabled" : ".down:enabled") ?? there.querySelector("button:enabled")).focus();
  };
  const shown = (track.title ?? track.path).slice(0, 80);
  return el("li", {},
    el("div", { class: "grow" }, el("a", { href: trackHref(track.id) }, bdi(track.title ?? track.path)),
      track.artist ? el("span", { class: "soft" }, " · ", bdi(track.artist)) : ""),
    el("span", { class: "number wide", text: length(track.duration_seconds) }),
    el("span", { class: "moves" },
      button("↑", () => move(-1), { class: "up", "aria-label": `Up: ${shown}`, disabled: place === 0 }),
      button("↓", () => move(1), { class: "down", "aria-label": `Down: ${shown}`, disabled: place === tracks.length - 1 }),
      button("×", () => tray.remove(track.id), { "aria-label": `Take out: ${shown}` })));
}

function download(name, tracks) {
  const address = URL.createObjectURL(new Blob([m3u8(tracks)], { type: "audio/x-mpegurl" }));
  const link = el("a", { href: address, download: `${name.replace(/[\\/:*?"<>|\p{C}]+/gu, " ").trim() || "Playlist"}.m3u8` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  announce("The playlist is downloaded");
}
