// A visit as a person would make it, at three widths, light and dark: every view is used, looked at and checked.
//
//   node visit.mjs CHROMIUM ADDRESS EXPECTED.json [PICTURES]
//
// EXPECTED.json says what the library holds: {tracks, hostile: [{id, title}], writable}. The last line counts what was
// checked; the exit code is 1 when something failed.

import { mkdirSync, readFileSync } from "node:fs";
import { go, overflow, settled, start, violations } from "./browser.mjs";
import * as uses from "./uses.mjs";

const [chromium, address, expectedFile, pictures] = process.argv.slice(2);
const expected = JSON.parse(readFileSync(expectedFile, "utf8"));
const VIEWS = {
  now: "#/now",
  library: "#/library",
  filtered: "#/library?tag=rock>=0.3&bpm=80-160&sort=-bpm",
  track: `#/track/${expected.track}`,
  map: "#/map",
  steps: `#/steps?from=${expected.track}&to=${expected.other}`,
  health: "#/health",
  duplicates: "#/health?show=duplicates",
  playlists: "#/playlists",
  settings: "#/settings",
  failures: "#/failures",
};

if (pictures) mkdirSync(pictures, { recursive: true });
const visit = await start(chromium, address);
try {
  for (const size of ["phone", "tablet", "desk"]) {
    for (const scheme of ["light", "dark"]) await look(size, scheme);
  }
  for (const use of Object.values(uses)) await use(visit, expected);
} finally {
  await visit.close();
}
visit.check("nothing on the console, no dialog, no request elsewhere", visit.troubles.length === 0, visit.troubles.slice(0, 5));
const failed = visit.checks.filter(({ isGood }) => !isGood).length;
console.log(`${visit.checks.length - failed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;

/** Every view: no violation, nothing wider than the window, a picture. */
async function look(size, scheme) {
  const page = await visit.open(size, scheme);
  for (const [name, hash] of Object.entries(VIEWS)) {
    if (!expected.tracks && ["track", "steps"].includes(name)) continue;
    if (name === "playlists" && expected.tracks) await fillTray(page);
    await go(page, hash);
    const found = await violations(page);
    visit.check(`${name}, ${size}, ${scheme}: axe-core finds nothing`, found.length === 0, found);
    const wide = await overflow(page);
    visit.check(`${name}, ${size}, ${scheme}: nothing is wider than the window`, wide <= 0, String(wide));
    const failures = await page.locator("main .failure").allTextContents();
    visit.check(`${name}, ${size}, ${scheme}: everything could be read`, name === "failures" || failures.length === 0, failures);
    if (pictures) await page.screenshot({ path: `${pictures}/${name}-${size}-${scheme}.png` });
  }
  await page.context().close();
}

async function fillTray(page) {
  await go(page, "#/library");
  for (const box of await page.locator(".list-body input").all().then((all) => all.slice(0, 4))) await box.check();
  await settled(page);
}
