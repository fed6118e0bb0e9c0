// Library: all tracks, searched, filtered and sorted. The address holds the choice, so that it can be shared.

import { announce, button, el, failure } from "./elements.js";
import { Filters } from "./filters.js";
import { count, several } from "./format.js";
import { Pages } from "./pages.js";
import { change, read } from "./route.js";
import { get } from "./server.js";
import { COLUMNS, TrackList } from "./tracklist.js";
import { MOST_TRACKS, tray } from "./tray.js";

export const title = "Library";

/** What the API takes; everything else in the address is left alone. */
const PARAMETERS = ["q", "artist", "album", "genre", "year", "bpm", "key", "loudness", "energy", "voice", "mood", "tag", "format", "health", "status", "sort"];
const SORTS = [["path", "Folder"], ...COLUMNS.filter(([, sort]) => sort).map(([name, sort]) => [sort, name]),
  ["year", "Year"], ["energy", "Energy"], ["voice", "Voice"], ["finished", "Analyzed"]];
const ADD_LIMIT = 500;
/** Who comes back within this time finds the list where it was left. */
const KEPT_MILLISECONDS = 300_000;
let left = null;

export async function show(place, route, signal) {
  const parts = { place, signal, heading: el("h1", { text: title }), note: el("div", {}) };
  parts.header = el("div", { role: "row", class: "row head" });
  parts.list = new TrackList(parts.header, signal);
  parts.sort = sortChoice();
  parts.filters = new Filters((params) => change("library", { ...params, sort: read().params.get("sort") }));
  const all = button("Select all", () => selectAll(parts));
  parts.panel = el("details", { class: "filters" }, el("summary", {}, "Filter"), parts.filters.element);
  const wide = matchMedia("(min-width: 70rem)");
  parts.panel.open = wide.matches;
  wide.addEventListener("change", () => (parts.panel.open = wide.matches), { signal });
  place.append(el("div", { class: "library" }, parts.panel,
    el("div", { class: "results" }, el("div", { class: "title-line" }, parts.heading, parts.sort, all), parts.filters.chips,
      parts.note, parts.list.element)));
  parts.filters.load(signal);
  const update = (next) => load(parts, next);
  update(route);
  return update;
}

function load(parts, route) {
  const given = chosen(route.params);
  parts.filters.show(given);
  showHeader(parts.header, given);
  parts.sort.querySelector("select").value = given.sort ?? "path";
  const { pages, top } = pagesOf(given);
  pages.resume(
    (after, limit) => get("tracks", { ...given, after, limit, fields: "summary" }, { signal: parts.signal }),
    () => parts.pages === pages && changed(parts),
  );
  parts.pages = pages;
  parts.list.use(pages);
  scrollTo(0, top);
  changed(parts);
  parts.signal.onabort = () => (left = { key: JSON.stringify(given), pages, top: scrollY, at: Date.now() });
}

/** The same list as before, and where one was in it, for who comes back soon; else a new one. */
function pagesOf(given) {
  const isBack = left?.key === JSON.stringify(given) && Date.now() - left.at < KEPT_MILLISECONDS;
  return isBack ? left : { pages: new Pages(), top: 0 };
}

function chosen(params) {
  const given = {};
  for (const name of PARAMETERS) {
    const values = params.getAll(name).filter(Boolean);
    if (values.length) given[name] = name === "tag" ? values : values.at(-1);
  }
  return given;
}

function changed({ pages, list, heading, note }) {
  list.render();
  const text = pages.count == null ? title : several(pages.count, "track");
  if (heading.textContent !== text) {
    heading.textContent = text;
    announce(text);
  }
  note.replaceChildren();
  if (pages.error) note.append(failure("The list cannot be read", pages.error));
  else if (pages.isEmpty) note.append(el("p", { class: "empty", text: "No track is like this. Take a filter away, or search for less." }));
  list.element.hidden = pages.isEmpty;
}

function showHeader(header, given) {
  const sorted = given.sort ?? "";
  header.replaceChildren(el("div", { role: "columnheader", class: "pick" }, el("span", { class: "hidden", text: "Selected" })),
    ...COLUMNS.map(([name, sort, kind]) => {
      const direction = sorted === sort ? "ascending" : sorted === `-${sort}` ? "descending" : "none";
      const next = direction === "ascending" ? `-${sort}` : sort;
      const label = sort
        ? el("button", { type: "button", on: { click: () => change("library", { ...given, sort: next }) } }, name,
          el("span", { class: "arrow", "aria-hidden": "true", text: { ascending: "▲", descending: "▼", none: "" }[direction] }))
        : name;
      return el("div", { role: "columnheader", class: kind, "aria-sort": sort ? direction : null }, label);
    }));
}

function sortChoice() {
  const options = SORTS.flatMap(([sort, name]) => [[sort, name], [`-${sort}`, `${name}, descending`]]);
  const select = el("select", { on: { change: () => change("library", { ...chosen(read().params), sort: select.value }) } },
    options.map(([value, name]) => el("option", { value, text: name })));
  return el("label", { class: "sort" }, el("span", { text: "Sort by" }), select);
}

async function selectAll({ signal, note }) {
  const given = chosen(read().params);
  let after = null;
  do {
    const page = await get("tracks", { ...given, after, limit: ADD_LIMIT, fields: "summary" }, { signal });
    tray.add(page.tracks);
    after = page.next;
  } while (after && tray.tracks.length < MOST_TRACKS);
  if (after) note.replaceChildren(el("p", { class: "soft", text: `Only the first ${count(MOST_TRACKS)} tracks were selected.` }));
}
