// A real Chromium with the page in it; what goes wrong without being asked for (errors on the console, requests to other
// hosts, dialogs) is collected for the end.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];
/** Generous, since other programs may want the machine. */
const PATIENCE = 120_000;
/** So often in a row, 0.1 s apart, no request is under way once a page has settled. */
const QUIET_LOOKS = 3;
/** Within this the page asks again what the daemon was not ready for; see `getWhenReady`. */
const REPEATED_MILLISECONDS = 3000;
/** The requests of each page. */
const underWay = new WeakMap();

export const SIZES = { phone: { width: 390, height: 844 }, tablet: { width: 820, height: 1180 }, desk: { width: 1440, height: 900 } };

export async function start(executablePath, address) {
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  const troubles = [];
  const checks = [];
  return {
    troubles, checks, address,
    close: () => browser.close(),
    check(name, isGood, found = "") {
      checks.push({ name, isGood: Boolean(isGood) });
      if (!isGood) console.log(`FAILED ${name} ${typeof found === "string" ? found : JSON.stringify(found)}`);
    },
    open: (size, colorScheme = "light", options = {}) => open(browser, troubles, address, { viewport: SIZES[size], colorScheme, ...options }),
  };
}

async function open(browser, troubles, address, options) {
  const context = await browser.newContext({ acceptDownloads: true, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  follow(page);
  page.on("console", (message) => {
    // Chromium writes down every 503; the daemon answers so until it has read the embeddings, and the page asks again.
    if (["error", "warning"].includes(message.type()) && !message.text().includes("status of 503")) troubles.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(address)) troubles.push(`request: ${request.url()}`);
  });
  await page.goto(address);
  return page;
}

/** Goes to a view and waits until it is whole. */
export async function go(page, hash) {
  await page.evaluate((to) => (location.hash = to), hash);
  await page.waitForSelector("main h1");
  await settled(page);
}

/** Waits until no request has been under way for a moment, and none that the page repeats is due. */
export async function settled(page) {
  const deadline = Date.now() + PATIENCE;
  for (let quiet = 0; quiet < QUIET_LOOKS; quiet = underWay.get(page).size ? 0 : quiet + 1) {
    if (Date.now() > deadline) throw new Error(`${page.url()}: requests do not end`);
    await page.waitForTimeout(100);
  }
}

/** Follows the requests of a page; the stream of events and sound last as long as somebody listens, and do not count. */
function follow(page) {
  const requests = new Set();
  underWay.set(page, requests);
  page.on("request", (request) => ["eventsource", "media"].includes(request.resourceType()) || requests.add(request));
  page.on("requestfailed", (request) => requests.delete(request));
  page.on("requestfinished", async (request) => {
    const response = await request.response().catch(() => null); // the page may be closed
    if (response?.status() === 503) setTimeout(() => requests.delete(request), REPEATED_MILLISECONDS);
    else requests.delete(request);
  });
}

/** Violations that axe-core finds, each in a line. */
export async function violations(page) {
  await page.evaluate(AXE);
  return page.evaluate(async () => (await globalThis.axe.run()).violations.map(
    ({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ target, failureSummary }) => `${target} (${failureSummary})`)}`));
}

/** How far the page is wider than its window, in pixels. */
export const overflow = (page) => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** Milliseconds from frame to frame while `move(step)` is called in the page each frame: {median, p95, worst}. */
export function frames(page, move, steps) {
  return page.evaluate(async ([source, count]) => {
    const act = new Function("step", source);
    const gaps = [];
    let before = performance.now();
    for (let step = 0; step < count; step += 1) {
      act(step);
      await new Promise((resolve) => requestAnimationFrame(resolve));
      gaps.push(performance.now() - before);
      before = performance.now();
    }
    gaps.sort((a, b) => a - b);
    const at = (share) => Math.round(gaps[Math.floor((count - 1) * share)] * 10) / 10;
    return { median: at(0.5), p95: at(0.95), worst: at(1) };
  }, [move, steps]);
}
