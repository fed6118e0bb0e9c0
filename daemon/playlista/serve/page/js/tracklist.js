// A list of tracks of any length: only the rows in sight are elements. A table on a desk, cards of two lines on a phone.

import { bdi, el } from "./elements.js";
import { keyChip } from "./camelot.js";
import { fixed, length } from "./format.js";
import { STATUSES } from "./meanings.js";
import { coverAddress } from "./server.js";
import { href, trackHref } from "./route.js";
import { tray } from "./tray.js";

/** Rows built above and below what is in sight. */
const AROUND = 12;
/** Covers are asked for when scrolling has rested this long. */
const REST_MILLISECONDS = 150;
/** Columns: [name, what it sorts by, class]. */
export const COLUMNS = [
  ["Title", "title", "title"], ["Artist", "artist", "artist"], ["Album", "album", "album"], ["Length", "duration", "number"],
  ["Tempo", "bpm", "number"], ["Key", "key", "key-cell"], ["Loudness", "loudness", "number"], ["Tags", null, "tags"],
];

export class TrackList {
  #pages;
  #rows = new Map();
  #body = el("div", { role: "rowgroup", class: "list-body" });
  #height = 0;
  #frame = 0;
  #timer = 0;

  /** `header` is the row of column headings; `signal` ends the list. */
  constructor(header, signal) {
    this.element = el("div", { role: "table", class: "list", "aria-label": "Tracks", "aria-colcount": COLUMNS.length + 1 },
      el("div", { role: "rowgroup", class: "list-head" }, header), this.#body);
    addEventListener("scroll", () => this.#later(), { signal, passive: true });
    addEventListener("resize", () => this.#anew(), { signal });
    this.#body.addEventListener("keydown", (event) => this.#onKey(event));
    tray.addEventListener("change", () => this.#marks(), { signal });
  }

  /** Shows other rows, from the first on. */
  use(pages) {
    this.#pages = pages;
    this.#anew();
  }

  /** Builds what is in sight, as after new rows came. */
  render() {
    if (!this.#pages) return;
    this.#height ||= this.#measure();
    const total = this.#pages.length;
    this.#body.style.height = `${total * this.#height}px`;
    this.element.setAttribute("aria-rowcount", this.#pages.count == null ? -1 : this.#pages.count + 1);
    const top = -this.#body.getBoundingClientRect().top;
    const first = Math.max(0, Math.floor(top / this.#height) - AROUND);
    const last = Math.min(total - 1, Math.ceil((top + innerHeight) / this.#height) + AROUND);
    this.#pages.need(first, last);
    for (const [index, node] of this.#rows) {
      const isStale = node.dataset.id === undefined && this.#pages.row(index);
      if (((index < first || index > last) && !node.contains(document.activeElement)) || isStale) this.#drop(index);
    }
    for (let index = first; index <= last; index += 1) this.#place(index);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#covers(), REST_MILLISECONDS);
  }

  #measure() {
    const probe = rowOf(null);
    probe.style.visibility = "hidden";
    this.#body.append(probe);
    const { height } = probe.getBoundingClientRect();
    probe.remove();
    return height;
  }

  #place(index) {
    if (this.#rows.has(index)) return;
    const node = rowOf(this.#pages.row(index));
    node.setAttribute("aria-rowindex", index + 2);
    node.style.transform = `translateY(${index * this.#height}px)`;
    node.dataset.index = index;
    this.#rows.set(index, node);
    const next = [...this.#body.children].find((other) => Number(other.dataset.index) > index);
    this.#body.insertBefore(node, next ?? null);
  }

  #drop(index) {
    this.#rows.get(index).remove();
    this.#rows.delete(index);
  }

  #later() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.render();
    });
  }

  #anew() {
    this.#height = 0;
    for (const index of this.#rows.keys()) this.#drop(index);
    this.render();
  }

  #covers() {
    for (const image of this.#body.querySelectorAll("img[data-cover]")) {
      image.src = coverAddress(image.dataset.cover);
      delete image.dataset.cover;
    }
  }

  #marks() {
    for (const box of this.#body.querySelectorAll("input")) box.checked = tray.has(Number(box.dataset.id));
  }

  #onKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    const row = event.target.closest("[role=row]");
    if (!step || !row || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(this.#pages.length - 1, Number(row.dataset.index) + step));
    this.#place(index);
    const next = this.#rows.get(index);
    (next.querySelector(event.target.matches("input") ? "input" : "a") ?? next).focus({ preventScroll: true });
    next.scrollIntoView({ block: "nearest" });
    this.render();
  }
}

function cell(name, ...children) {
  return el("div", { role: "cell", class: name }, children);
}

function rowOf(track) {
  if (!track) return el("div", { role: "row", class: "row loading" }, cell("title", "…"));
  const box = el("input", { type: "checkbox", data: { id: track.id }, "aria-label": `Select ${track.title ?? track.path}`.slice(0, 120) });
  box.checked = tray.has(track.id);
  box.addEventListener("change", () => (box.checked ? tray.add([track]) : tray.remove(track.id)));
  const name = el("a", { href: trackHref(track.id), title: track.path.slice(0, 300) }, bdi(track.title ?? track.path));
  return el("div", { role: "row", class: "row", data: { id: track.id } },
    cell("pick", el("label", {}, box)),
    cell("title", coverOf(track), name, statusOf(track)),
    cell("artist", link(track.artist, "artist")),
    cell("album", link(track.album, "album")),
    cell("number length", length(track.duration_seconds)),
    cell("number tempo", track.bpm == null ? "–" : fixed(track.bpm, 1), el("span", { class: "unit", text: " BPM" })),
    cell("key-cell", keyChip(track)),
    cell("number loud", fixed(track.integrated_lufs, 1), el("span", { class: "unit", text: " LUFS" })),
    cell("tags", (track.tags ?? []).slice(0, 2).map(({ name: tag }) => el("span", { class: "chip" }, bdi(tag)))),
  );
}

function coverOf({ id, has_cover: hasCover }) {
  return hasCover ? el("img", { class: "cover", alt: "", width: 32, height: 32, data: { cover: id } }) : null;
}

function statusOf({ status }) {
  return status === "analyzed" ? null : el("span", { class: "chip warn", text: STATUSES[status] ?? status });
}

function link(name, field) {
  return name ? el("a", { href: href("library", { [field]: name }) }, bdi(name)) : "–";
}
