// What is wrong with a track: the words for each finding, and its evidence.

import { bdi, el } from "./elements.js";
import { ADVICE, FINDINGS } from "./meanings.js";

/** The name of a finding for people. */
export const wordFor = (name) => FINDINGS[name] ?? name;

/** The {finding: evidence} of a track, each with what to do about it. */
export function findingList(findings) {
  return el("dl", { class: "values findings" }, Object.entries(findings).map(([name, evidence]) => el("div", {},
    el("dt", { text: wordFor(name) }),
    el("dd", {}, bdi(evidence), el("p", { class: "meaning", text: ADVICE[name] ?? "" })))));
}
