// Starts the page: shows the view of each address, and what is the same for all views.

import { announce, el, failure } from "./elements.js";
import { several, span } from "./format.js";
import { live } from "./live.js";
import { read } from "./route.js";
import { startSearch } from "./search.js";
import { startTray } from "./tray.js";

/** The modules of the views, loaded when first asked for; each exports `title` and `show`. */
const VIEWS = {
  now: () => import("./now.js"),
  library: () => import("./library.js"),
  track: () => import("./track.js"),
  steps: () => import("./steps.js"),
  failures: () => import("./failures.js"),
  map: () => import("./map.js"),
  health: () => import("./health.js"),
  playlists: () => import("./playlists.js"),
  settings: () => import("./settings.js"),
};
/** Which entry of the navigation a view belongs to, where it has none of its own. */
const PARENTS = { track: "library", steps: "library", failures: "now" };

const main = document.getElementById("main");
let leaving = new AbortController();
let shown = null;

/**
 * Shows the view of the address. A view's `show(place, route, signal)` fills `place`; `signal` aborts when it is left.
 * A view that exports `update(route)` is told of other parameters instead of being built anew.
 */
async function open() {
  const route = read();
  const load = VIEWS[route.view];
  if (shown?.route.view === route.view && shown.route.value === route.value && shown.update) {
    shown.route = route;
    return shown.update(route);
  }
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const isFirst = shown === null;
  shown = { route };
  mark(route.view);
  if (!load) return lost(el("p", { text: `There is no view "${route.view}".` }));
  try {
    const view = await load();
    if (signal.aborted) return;
    main.replaceChildren();
    document.title = `${view.title} · Playlista`;
    if (!isFirst) enter(view.title);
    shown.update = await view.show(main, route, signal);
  } catch (error) {
    if (!signal.aborted) lost(failure("This view cannot be shown", error));
  }
}

function enter(title) {
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
  announce(title);
}

function lost(why) {
  main.replaceChildren(el("h1", { text: "Nothing here" }), why, el("p", {}, el("a", { href: "#/now", text: "To the start" })));
}

function mark(view) {
  document.body.dataset.view = view;
  for (const link of document.querySelectorAll("nav.views a")) {
    if (link.dataset.view === (PARENTS[view] ?? view)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** The thin line under the header while anything is analyzed. */
function showProgress(status) {
  const { tracks, queue, rate } = status;
  const left = queue.queued + queue.claimed + queue.waiting;
  const bar = document.getElementById("progress");
  bar.hidden = !left || !tracks.total;
  const done = status.audio_seconds_total
    ? status.audio_seconds_done / status.audio_seconds_total
    : (tracks.total - left) / Math.max(1, tracks.total);
  bar.querySelector(".line").style.setProperty("--done", Math.min(1, Math.max(0, done)));
  const time = rate.seconds_left == null ? "" : `, about ${span(rate.seconds_left)} left`;
  document.getElementById("progress-text").textContent = `Analyzing: ${several(left, "track")} to do${time}`;
}

document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // "#main" would be taken for the address of a view
  main.focus();
});
addEventListener("hashchange", open);
live.addEventListener("status", (event) => showProgress(event.detail));
live.start();
startSearch();
startTray();
open();
