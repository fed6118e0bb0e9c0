// Asks the daemon. All addresses are relative to the page, so that it works below a path of a reverse proxy.

const AGAIN_MILLISECONDS = 2000;
/** Ten minutes. */
const MOST_TRIES = 300;

/** The daemon answered with an error; `status` is that of HTTP, the message is the daemon's own line. */
export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** The JSON at `path` below api/v1; parameters that are empty are left out, lists repeat theirs. */
export async function get(path, params = {}, { signal } = {}) {
  const query = new URLSearchParams();
  for (const [name, given] of Object.entries(params)) {
    for (const one of [given].flat()) if (one != null && one !== "") query.append(name, one);
  }
  const text = query.toString();
  return answer(await send(`api/v1/${path}${text ? `?${text}` : ""}`, { signal }));
}

/**
 * The same, asked again while the daemon says that it is not ready yet, as while it prepares the comparison of tracks;
 * `waiting(line)` is told why.
 */
export async function getWhenReady(path, params, { signal, waiting = () => {} } = {}) {
  for (let time = 1; ; time += 1) {
    try {
      return await get(path, params, { signal });
    } catch (error) {
      if (error.status !== 503 || time === MOST_TRIES) throw error;
      waiting(error.message);
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MILLISECONDS));
      signal?.throwIfAborted();
    }
  }
}

/** Sends a change; the page's own token shows that it comes from this page. */
export async function post(path, body) {
  const token = document.querySelector("meta[name=playlista-token]").content;
  return answer(await send(`api/v1/${path}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Playlista-Token": token },
    body: JSON.stringify(body),
  }));
}

export const coverAddress = (id) => `api/v1/tracks/${id}/cover`;
export const audioAddress = (id) => `api/v1/tracks/${id}/audio`;

async function send(address, options) {
  try {
    return await fetch(address, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(0, "no answer from the daemon; is it running?");
  }
}

async function answer(response) {
  if (response.status === 401) location.reload(); // the login ended: the daemon answers with the form
  if (response.ok) return response.json();
  const text = (await response.text()).trim();
  let line = text;
  try {
    line = JSON.parse(text).error ?? text;
  } catch {
    // a plain line, as most errors are
  }
  throw new ServerError(response.status, line || `HTTP ${response.status}`);
}
