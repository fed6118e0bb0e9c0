// What the daemon does now, kept up to date: by its events, and by asking where no event came for a while (a proxy may
// hold them back). Nothing is asked while nobody looks.

import { get } from "./server.js";

const ASK_MILLISECONDS = 3000;
/** The daemon sends its status every two seconds. */
const QUIET_MILLISECONDS = 6000;

/** Sends "status" (the status object), "track" (a summary) and "lost" (an error) as events with `detail`. */
class Live extends EventTarget {
  status = null;
  #source = null;
  #timer = null;
  #heard = -QUIET_MILLISECONDS;

  start() {
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#stop() : this.#go()));
    if (!document.hidden) this.#go();
  }

  /** Calls `listener` with each status, and with the last one at once, until `signal` ends it. */
  follow(listener, signal) {
    this.addEventListener("status", (event) => listener(event.detail), { signal });
    if (this.status) listener(this.status);
  }

  /** Asks at once, as after a change. */
  async ask() {
    try {
      this.#tell("status", await get("status"));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("lost", { detail: error }));
    }
  }

  #go() {
    if (this.#timer) return;
    this.ask();
    this.#source = new EventSource("api/v1/events");
    for (const kind of ["status", "track"]) {
      this.#source.addEventListener(kind, (event) => {
        this.#heard = performance.now();
        this.#tell(kind, JSON.parse(event.data));
      });
    }
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heard > QUIET_MILLISECONDS) this.ask();
    }, ASK_MILLISECONDS);
  }

  #stop() {
    clearInterval(this.#timer);
    this.#source?.close();
    this.#timer = this.#source = null;
  }

  #tell(kind, detail) {
    if (kind === "status") this.status = detail;
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}

export const live = new Live();
