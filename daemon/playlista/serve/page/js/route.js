// Addresses of views: #/library?tag=jazz>=0.3&sort=-bpm is the view "library" with its parameters. They can be shared,
// and the browser's back button works. #/track/12 is the view "track" with the value "12".

/** The view, its value ("" without one) and parameters at an address' fragment. */
export function read(fragment = location.hash) {
  const [path, query = ""] = fragment.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [view = "", value = ""] = path.split("/");
  return { view: view || "now", value, params: new URLSearchParams(query) };
}

/** The fragment of a view; parameters that are empty are left out, lists repeat theirs. */
export function href(view, params = {}, value = "") {
  const query = new URLSearchParams();
  for (const [name, given] of Object.entries(params)) {
    for (const one of [given].flat()) if (one != null && one !== "") query.append(name, wellFormed(one));
  }
  const text = query.toString();
  return `#/${view}${value === "" ? "" : `/${value}`}${text ? `?${text}` : ""}`;
}

export const trackHref = (id) => href("track", {}, id);

/** The same address with other parameters; the place in the history is kept where `quietly`. */
export function change(view, params, { quietly = false } = {}) {
  const next = href(view, params);
  if (next === location.hash) return;
  if (quietly) {
    history.replaceState(null, "", next);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = next;
}

/** Text without lone surrogates, which no address can hold. */
export const wellFormed = (text) => String(text).replace(/[\ud800-\udfff]/gu, "\ufffd");
