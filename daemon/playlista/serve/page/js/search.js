// The search field that is always there: finds while one types, and leads on by arrow keys and Enter.

import { announce, bdi, el } from "./elements.js";
import { several } from "./format.js";
import { change, href, trackHref, wellFormed } from "./route.js";
import { get } from "./server.js";

const WAIT_MILLISECONDS = 120;
const LIMIT = 5;

const field = document.getElementById("search");
const found = document.getElementById("found");
let asking = new AbortController();
let timer = null;
let chosen = -1;

/** Listens to the field and to "/" anywhere on the page. */
export function startSearch() {
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, WAIT_MILLISECONDS);
  });
  field.addEventListener("keydown", onKey);
  field.addEventListener("focus", () => field.value.trim() && look());
  document.addEventListener("pointerdown", (event) => event.target.closest(".search") || close());
  field.closest("search").addEventListener("focusout", (event) => {
    if (!event.relatedTarget?.closest?.(".search")) close();
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}

async function look() {
  asking.abort();
  const text = wellFormed(field.value.trim());
  if (!text) return close();
  asking = new AbortController();
  try {
    show(await get("search", { q: text, limit: LIMIT }, { signal: asking.signal }), text);
  } catch (error) {
    if (error.name !== "AbortError") close();
  }
}

function show(result, text) {
  const groups = [
    ["Tracks", result.tracks.map((track) => option(track.title, track.artist, trackHref(track.id)))],
    ["Artists", result.artists.map((one) => option(one.name, several(one.tracks, "track"), href("library", { artist: one.name })))],
    ["Albums", result.albums.map((one) => option(one.name, one.artist, href("library", { album: one.name })))],
    ["Tags", result.tags.map((one) => option(one.name, several(one.tracks, "track"), href("library", { tag: `${one.name}>=0.3` })))],
  ].filter(([, options]) => options.length);
  const all = option(`All tracks with “${text}”`, "", href("library", { q: text }));
  found.replaceChildren(
    ...groups.map(([name, options]) => el("div", { role: "group", "aria-label": name },
      el("p", { class: "group", "aria-hidden": "true", text: name }), options)),
    all,
  );
  [...options()].forEach((node, index) => (node.id = `found-${index}`));
  found.hidden = false;
  field.setAttribute("aria-expanded", "true");
  choose(-1);
  announce(several(options().length - 1, "result"));
}

function option(name, more, address) {
  const link = el("a", { role: "option", href: address, tabindex: -1, "aria-selected": "false" }, bdi(name));
  if (more) link.append(el("span", { class: "soft" }, bdi(more)));
  link.addEventListener("click", close);
  return link;
}

const options = () => found.querySelectorAll("[role=option]");

function choose(index) {
  const all = [...options()];
  chosen = all.length ? (index + all.length + 1) % (all.length + 1) : -1;
  if (index === -1 || chosen === all.length) chosen = -1;
  all.forEach((node, place) => node.setAttribute("aria-selected", String(place === chosen)));
  if (chosen < 0) return field.removeAttribute("aria-activedescendant");
  field.setAttribute("aria-activedescendant", all[chosen].id);
  all[chosen].scrollIntoView({ block: "nearest" });
}

function onKey(event) {
  const isOpen = !found.hidden;
  if (event.key === "ArrowDown" && isOpen) choose(chosen + 1);
  else if (event.key === "ArrowUp" && isOpen) choose(chosen < 0 ? options().length - 1 : chosen - 1);
  else if (event.key === "Escape") close();
  else if (event.key === "Enter" && field.value.trim()) go();
  else return;
  event.preventDefault();
}

function go() {
  if (chosen >= 0) location.hash = options()[chosen].getAttribute("href");
  else change("library", { q: field.value.trim() });
  close();
}

function close() {
  clearTimeout(timer);
  asking.abort();
  found.hidden = true;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}
