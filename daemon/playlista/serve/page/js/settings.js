// The settings in force: their values, where each comes from, and what it means. Read-only.

import { bdi, button, el } from "./elements.js";
import { live } from "./live.js";
import { get, post } from "./server.js";

export const title = "Settings";

const SOURCES = { default: "default", file: "from playlista.conf", environment: "from the environment", flag: "from the command line" };

export async function show(place, _route, signal) {
  const settings = await get("settings", {}, { signal });
  const changed = settings.filter((one) => one.source !== "default");
  const rest = settings.filter((one) => one.source === "default");
  const about = el("p", {});
  live.follow((status) => about.replaceChildren(...aboutOf(status)), signal);
  place.append(el("h1", { text: title }), about,
    el("p", { class: "soft", text: "They are set in playlista.conf, in the environment or on the command line, and read at startup." }),
    changed.length ? el("section", {}, el("h2", { text: "Set here" }), list(changed)) : "",
    el("section", {}, el("h2", { text: "Defaults" }), list(rest)),
    el("section", {}, el("h2", { text: "For other programs" }), links()));
}

function aboutOf({ version, music_dir: folder, runtime }) {
  return [version ? `Playlista ${version}` : "Playlista", ", watching ", bdi(folder), runtime ? `, MusiCNN by ${runtime}` : ""];
}

function list(settings) {
  return el("dl", { class: "settings" }, settings.map(({ key, value, default: usual, source, meaning }) => el("div", {},
    el("dt", {}, el("code", { text: key })),
    el("dd", {},
      el("code", { class: "setting", text: written(value) }),
      source === "default" ? "" : el("span", { class: "soft", text: ` ${SOURCES[source] ?? source}; the default is ${written(usual)}` }),
      el("p", { class: "soft", text: meaning })))));
}

const written = (value) => (value === "" || value == null ? "(empty)" : String(value));

function links() {
  return el("ul", { class: "links" },
    [["api/v1/openapi.json", "The API, described"], ["metrics", "Metrics for Prometheus"], ["readyz", "Is it ready?"],
      ["list", "The library as a plain list"]].map(([address, text]) => el("li", {}, el("a", { href: address, text }))),
    live.status?.login ? el("li", {}, button("Log out", async () => {
      await post("logout", {});
      location.reload();
    })) : "");
}
