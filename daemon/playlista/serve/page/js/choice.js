// A field in which a track is searched and chosen.

import { bdi, el } from "./elements.js";
import { get } from "./server.js";
import { wellFormed } from "./route.js";

const WAIT_MILLISECONDS = 150;
const LIMIT = 6;

/** The field; `chosen(track)` gets the summary that was taken. */
export function chooseTrack(label, chosen) {
  const list = el("ul", { class: "choice-list", hidden: true });
  const input = el("input", { type: "search", maxlength: 200, placeholder: "Search a track", autocomplete: "off" });
  let timer = 0;
  let asking = new AbortController();
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(async () => {
      asking.abort();
      asking = new AbortController();
      list.replaceChildren(...(await found(wellFormed(input.value.trim()), asking.signal)).map((track) =>
        el("li", {}, el("button", { type: "button", on: { click: () => chosen(track) } }, bdi(track.title ?? track.path),
          track.artist ? el("span", { class: "soft" }, " · ", bdi(track.artist)) : ""))));
      list.hidden = !list.children.length;
    }, WAIT_MILLISECONDS);
  });
  return el("div", { class: "choice" }, el("label", { class: "field" }, label, input), list);
}

async function found(text, signal) {
  if (!text) return [];
  try {
    return (await get("search", { q: text, limit: LIMIT }, { signal })).tracks;
  } catch {
    return [];
  }
}
