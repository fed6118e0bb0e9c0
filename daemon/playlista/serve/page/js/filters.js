// The filters of the library: search text, tags, tempo, keys, loudness, year, energy, voice, mood, format, finding, status; and what is chosen, as chips.

import { keyWheel } from "./camelot.js";
import { bdi, el } from "./elements.js";
import { filled, histogram } from "./charts.js";
import { wordFor } from "./findings.js";
import { STATUSES } from "./meanings.js";
import { between, ends, sentence } from "./filter_words.js";
import { get } from "./server.js";
import { TAG_FLOOR } from "./portrait.js";

const WAIT_MILLISECONDS = 250;
/** Ranges: [parameter, name, unit, step]. */
const RANGES = [["bpm", "Tempo", "BPM", 1], ["loudness", "Loudness", "LUFS", 1], ["year", "Year", "", 1], ["energy", "Energy", "0 to 1", 0.1],
  ["voice", "Voice", "0 to 1", 0.1]];

export class Filters {
  #given = {};
  #choose;
  #stats = null;
  #timer = 0;
  #wheel = el("div", { class: "wheel-place" });
  #inputs = {};

  /** `choose(params)` is called with all filters whenever one changes. */
  constructor(choose) {
    this.#choose = choose;
    this.chips = el("ul", { class: "chips", "aria-label": "Filters in force" });
    this.element = el("div", { class: "filter-body" }, this.#search(), this.#tag(),
      ...RANGES.map((range) => this.#range(...range)),
      el("fieldset", {}, el("legend", { text: "Key" }), this.#wheel),
      this.#select("mood", "Mood"), this.#select("format", "Format"), this.#select("health", "Finding"), this.#select("status", "Status"));
    for (const [value, name] of Object.entries(STATUSES)) {
      if (value !== "waiting") this.#inputs.status.append(el("option", { value, text: name }));
    }
  }

  /** Reads what there is to choose from. */
  async load(signal) {
    try {
      this.#stats = await get("stats", {}, { signal });
    } catch {
      return; // the filters work without; only the suggestions are missing
    }
    this.#inputs.mood.append(...this.#stats.moods.map(({ name }) => el("option", { value: name, text: name })));
    this.#inputs.format.append(...this.#stats.formats.map(({ name }) => el("option", { value: name, text: name })));
    this.#inputs.health.append(...this.#stats.findings.map(({ name }) => el("option", { value: name, text: wordFor(name) })));
    this.element.querySelector("#tag-names").append(...this.#stats.tags.map(({ name }) => el("option", { value: name })));
    for (const [name] of RANGES) this.#draw(name);
    this.show(this.#given);
  }

  /** Shows `given`, which the address says. */
  show(given) {
    this.#given = given;
    for (const [name] of RANGES) {
      const [low, high] = ends(given[name] ?? "");
      set(this.#inputs[`${name}-low`], low);
      set(this.#inputs[`${name}-high`], high);
    }
    for (const name of ["q", "mood", "format", "health", "status"]) set(this.#inputs[name], given[name] ?? "");
    this.#showWheel();
    this.#showChips();
  }

  #put(name, value) {
    this.#choose({ ...this.#given, [name]: value });
  }

  #soon(action) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, WAIT_MILLISECONDS);
  }

  #search() {
    const input = el("input", { type: "search", maxlength: 200, on: { input: () => this.#soon(() => this.#put("q", input.value.trim())) } });
    this.#inputs.q = input;
    return el("label", { class: "field" }, "Contains", input);
  }

  #tag() {
    const name = el("input", { list: "tag-names", "aria-label": "Tag", placeholder: "jazz" });
    const floor = el("input", { type: "number", min: 0.1, max: 1, step: 0.05, value: TAG_FLOOR, "aria-label": "At least" });
    const add = (event) => {
      event.preventDefault();
      if (!name.value.trim()) return;
      const others = (this.#given.tag ?? []).filter((one) => !one.startsWith(`${name.value.trim()}>=`));
      this.#put("tag", [...others, `${name.value.trim()}>=${Number(floor.value)}`]);
      name.value = "";
    };
    return el("form", { class: "field", on: { submit: add } }, el("span", { text: "Tag, at least" }),
      el("div", { class: "pair" }, name, floor, el("button", { type: "submit", text: "Add" })),
      el("datalist", { id: "tag-names" }));
  }

  #range(name, label, unit, step) {
    const inputs = ["low", "high"].map((end) => {
      const input = el("input", { type: "number", step, inputmode: "decimal", "aria-label": `${label}, ${end === "low" ? "from" : "to"}` });
      input.addEventListener("input", () => this.#soon(() => {
        const [low, high] = ["low", "high"].map((one) => this.#inputs[`${name}-${one}`].value);
        this.#put(name, low || high ? between(name, low, high) : null);
      }));
      this.#inputs[`${name}-${end}`] = input;
      return input;
    });
    return el("fieldset", { data: { range: name } }, el("legend", { text: unit ? `${label} (${unit})` : label }),
      el("div", { class: "pair" }, inputs[0], el("span", { text: "to" }), inputs[1]));
  }

  /** The histogram of a range: drag over it to choose. */
  #draw(name) {
    const { years: year, ...others } = this.#stats;
    const bins = filled({ year, ...others }[name]);
    if (!bins.length) return;
    const drawing = histogram(bins, { label: `Tracks by ${name}; drag to choose`, name: (bin) => `${bin.from} to ${bin.to}` });
    const at = (event) => {
      const box = drawing.getBoundingClientRect();
      return bins[Math.max(0, Math.min(bins.length - 1, Math.floor(((event.clientX - box.left) / box.width) * bins.length)))];
    };
    let from = null;
    drawing.addEventListener("pointerdown", (event) => {
      from = at(event);
      drawing.setPointerCapture(event.pointerId);
    });
    drawing.addEventListener("pointerup", (event) => {
      if (!from) return;
      const [low, high] = [from, at(event)].sort((a, b) => a.from - b.from);
      this.#put(name, between(name, low.from, high.to));
      from = null;
    });
    this.element.querySelector(`[data-range=${name}]`).append(drawing);
  }

  #select(name, label) {
    const select = el("select", { on: { change: () => this.#put(name, select.value) } }, el("option", { value: "", text: "all" }));
    this.#inputs[name] = select;
    return el("label", { class: "field" }, label, select);
  }

  #showWheel() {
    const counts = Object.fromEntries((this.#stats?.keys ?? []).map((key) => [key.camelot, key.count]));
    const chosen = new Set((this.#given.key ?? "").split(",").filter(Boolean));
    const focused = this.#wheel.contains(document.activeElement) ? document.activeElement.dataset.code : null;
    const toggle = (code) => {
      if (!chosen.delete(code)) chosen.add(code);
      this.#put("key", [...chosen].join(","));
    };
    this.#wheel.replaceChildren(keyWheel({ counts, chosen, toggle }));
    if (focused) this.#wheel.querySelector(`[data-code="${focused}"]`)?.focus();
  }

  #showChips() {
    const { sort: _sort, tag = [], ...others } = this.#given;
    const chips = [
      ...Object.entries(others).map(([name, value]) => [sentence(name, value), () => this.#put(name, null)]),
      ...tag.map((one) => [one.replace(">=", " at least "), () => this.#put("tag", tag.filter((other) => other !== one))]),
    ];
    this.chips.hidden = !chips.length;
    this.chips.replaceChildren(...chips.map(([text, remove]) => el("li", { class: "chip" }, bdi(text),
      el("button", { type: "button", "aria-label": `Without: ${text.slice(0, 80)}`, on: { click: remove } }, "×"))));
  }
}

function set(input, value) {
  if (input !== document.activeElement) input.value = value;
}
