// What failed: every track with its reason, the daemon's own line, and what to do.

import { announce, bdi, button, el } from "./elements.js";
import { ago, several } from "./format.js";
import { live } from "./live.js";
import { REASONS, STATUSES } from "./meanings.js";
import { href, trackHref } from "./route.js";
import { get, post } from "./server.js";

export const title = "What failed";

export async function show(place, { params }, signal) {
  const reason = params.get("reason");
  const all = await get("failures", {}, { signal });
  const shown = reason ? all.filter((one) => one.reason === reason) : all;
  place.append(
    el("h1", { text: reason ? REASONS[reason] ?? reason : title }),
    el("p", { class: "soft" }, `The latest ${several(shown.length, "track")}.`, reason ? [" ", el("a", { href: href("failures"), text: "Show all" })] : ""),
    el("ul", { class: "failures" }, shown.map((one) => row(one, reason !== null))),
    shown.length ? "" : el("p", { class: "empty", text: "Nothing failed." }),
  );
}

function row(one, isGrouped) {
  const due = one.due_at ? `, again ${one.due_at > Date.now() / 1000 ? "soon" : "now"}` : "";
  const ended = one.finished_at ? `, ${ago(one.finished_at)}` : "";
  const tries = `${STATUSES[one.status] ?? one.status}${due}, ${several(one.attempts, "attempt")}${ended}`;
  return el("li", {},
    el("p", {}, one.id == null ? bdi(one.path) : el("a", { href: trackHref(one.id) }, bdi(one.path))),
    el("p", { class: "soft", text: isGrouped ? tries : `${REASONS[one.reason] ?? one.reason} (${tries})` }),
    one.detail ? el("p", {}, bdi(one.detail)) : "",
    one.remedy ? el("p", { class: "soft", text: one.remedy }) : "",
    live.status?.writable && one.id != null ? button("Retry", async (node) => {
      const { queued } = await post("retry", { ids: [one.id] });
      announce(`${several(queued, "track")} queued again`);
      node.replaceWith(el("span", { class: "soft", text: "Queued again." }));
    }, { "aria-label": `Retry ${one.path}`.slice(0, 120) }) : "");
}
