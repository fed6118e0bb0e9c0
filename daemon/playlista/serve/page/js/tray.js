// The tracks that were selected for a playlist. They stay in this browser until they are taken out.

import { announce, button, el } from "./elements.js";
import { amount, several } from "./format.js";
import { href } from "./route.js";

const KEY = "playlista.tray";
/** More than this is no selection by hand. */
export const MOST_TRACKS = 2000;
const bar = document.getElementById("tray");

/** Sends "change" whenever tracks come or go. */
class Tray extends EventTarget {
  #tracks = new Map(load().map((track) => [track.id, track]));

  get tracks() {
    return [...this.#tracks.values()];
  }

  has(id) {
    return this.#tracks.has(id);
  }

  /** Adds summaries behind those that are there. */
  add(tracks) {
    for (const { id, path, title, artist, duration_seconds } of tracks) {
      if (this.#tracks.size < MOST_TRACKS) this.#tracks.set(id, { id, path, title, artist, duration_seconds });
    }
    this.#changed();
  }

  remove(id) {
    this.#tracks.delete(id);
    this.#changed();
  }

  /** In this order, and only these. */
  set(tracks) {
    this.#tracks = new Map(tracks.map((track) => [track.id, track]));
    this.#changed();
  }

  #changed() {
    try {
      localStorage.setItem(KEY, JSON.stringify(this.tracks));
    } catch {
      // a private window or a full store: the selection lasts as long as the page
    }
    this.dispatchEvent(new Event("change"));
    announce(`${several(this.#tracks.size, "track")} selected`);
  }
}

function load() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? [];
  } catch {
    return [];
  }
}

export const tray = new Tray();

/** Seconds of audio in `tracks`, as far as they are known. */
export const seconds = (tracks) => tracks.reduce((sum, track) => sum + (track.duration_seconds ?? 0), 0);

/** Shows the bar at the bottom whenever there is something in it. */
export function startTray() {
  const show = () => {
    const { tracks } = tray;
    bar.hidden = !tracks.length;
    document.body.classList.toggle("with-tray", tracks.length > 0);
    bar.replaceChildren(
      el("span", { text: `${several(tracks.length, "track")}, ${amount(seconds(tracks))}` }),
      el("a", { class: "button", href: href("playlists"), text: "Make a playlist" }),
      button("Clear", () => tray.set([])),
    );
  };
  tray.addEventListener("change", show);
  show();
}
