// Builds elements. Every text goes in as a text node, never as markup, and is kept short and in its own direction:
// a title can be HTML, reorder what follows it (right-to-left marks), or be a megabyte long.

/** Characters of one text in a list. */
const LONGEST_TEXT = 300;
const SVG = "http://www.w3.org/2000/svg";

/**
 * An element. `given` holds attributes; `class`, `text`, `on` (listeners by event) and `data` (dataset) are special.
 * Attributes that are null, undefined or false are left out; children that are null or false too.
 */
export function el(name, given = {}, ...children) {
  return fill(document.createElement(name), given, children);
}

/** The same for drawings. */
export function svg(name, given = {}, ...children) {
  return fill(document.createElementNS(SVG, name), given, children);
}

function fill(node, { text, on = {}, data = {}, ...attributes }, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value != null && value !== false) node.setAttribute(key, value === true ? "" : value);
  }
  for (const [event, listener] of Object.entries(on)) node.addEventListener(event, listener);
  for (const [key, value] of Object.entries(data)) node.dataset[key] = value;
  if (text != null) node.textContent = cut(text);
  node.append(...children.flat(2).filter((child) => child != null && child !== false));
  return node;
}

/** `text`, cut where it is too long to show. */
export function cut(text, length = LONGEST_TEXT) {
  const whole = String(text);
  return whole.length > length ? `${whole.slice(0, length)}…` : whole;
}

/** A name from a file: text in its own direction, which ends with it. */
export function bdi(text) {
  return el("bdi", { text: closed(cut(text)) });
}

/**
 * `text` with an end for each mark that begins an isolate (Unicode annex 9). An end too few would leave the element's own
 * isolate open, and an end too many would close it, so that a name could turn around what stands next to it.
 */
export function closed(text) {
  let depth = 0;
  const kept = text.replace(/[\u2066-\u2069]/g, (mark) => {
    if (mark !== "\u2069") depth += 1;
    else if (depth === 0) return "";
    else depth -= 1;
    return mark;
  });
  return kept + "\u2069".repeat(depth);
}

/** Says `text` to a screen reader, and to nobody else. */
export function announce(text) {
  document.getElementById("announce").textContent = cut(text);
}

/** A button; what it does is an async function, during which it cannot be pressed again. */
export function button(text, action, given = {}) {
  const node = el("button", { type: "button", ...given }, text);
  node.addEventListener("click", async () => {
    node.disabled = true;
    try {
      await action(node);
    } finally {
      node.disabled = false;
    }
  });
  return node;
}

/** A paragraph for what went wrong: what happened and the daemon's own line. */
export function failure(what, error) {
  return el("p", { class: "failure", role: "alert" }, `${what}: `, bdi(error.message));
}
