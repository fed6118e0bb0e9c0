// What people do with the page, each from a fresh start.

import { readFileSync } from "node:fs";
import { frames, go, overflow, settled, violations } from "./browser.mjs";

export async function searchByKeyboard(visit, { tracks }) {
  if (!tracks) return;
  const page = await visit.open("desk");
  await page.waitForSelector("main h1");
  await page.keyboard.press("/");
  await page.keyboard.type("night");
  await page.waitForSelector("#found [role=option] >> nth=1");
  await page.keyboard.press("ArrowDown");
  const chosen = await page.locator("#found [aria-selected=true]").getAttribute("href");
  await page.keyboard.press("Enter");
  await page.waitForFunction((to) => location.hash === to, chosen);
  visit.check("a search by keyboard leads to what was chosen", await page.locator("#found").isHidden());
  await page.keyboard.press("/");
  await page.keyboard.press("Escape");
  visit.check("Escape closes the search", await page.locator("#found").isHidden());
  await page.context().close();
}

export async function libraryIsFiltered(visit, { tracks }) {
  if (!tracks) return;
  const page = await visit.open("desk");
  await go(page, "#/library");
  await page.waitForSelector(".list-body"); // a busy machine may still show the view of before
  const all = await page.locator("h1").textContent();
  await page.getByRole("button", { name: /^8A, A minor/ }).first().click();
  await page.waitForFunction(() => location.hash.includes("key=8A"));
  await settled(page);
  visit.check("a key of the wheel is a filter in the address", (await page.locator(".chips .chip").count()) === 1);
  const keys = await page.locator(".list-body .chip.key").allTextContents();
  visit.check("only tracks in that key are shown", keys.every((key) => key === "8A"), keys.slice(0, 5));
  await page.getByLabel("Tempo, from").fill("90");
  await page.waitForFunction(() => location.hash.includes("bpm=90"));
  await settled(page);
  const tempi = (await page.locator(".list-body .tempo").allTextContents()).map(parseFloat).filter(Number.isFinite);
  visit.check("only tracks of that tempo are shown", tempi.every((bpm) => bpm >= 89.9), tempi.slice(0, 5));
  await page.goBack();
  await page.goBack();
  const isBack = await page.waitForFunction((text) => document.querySelector("h1")?.textContent === text, all).catch(() => null);
  visit.check("back leads to the list before", isBack !== null, await page.locator("h1").textContent());
  await page.context().close();
}

export async function libraryIsSorted(visit, { tracks }) {
  if (!tracks) return;
  const page = await visit.open("desk");
  await go(page, "#/library");
  await page.getByRole("columnheader", { name: "Tempo" }).getByRole("button").click();
  await page.waitForFunction(() => location.hash.includes("sort=bpm"));
  await settled(page);
  const tempi = (await page.locator(".list-body .tempo").allTextContents()).map(parseFloat).filter(Number.isFinite).slice(0, 15);
  visit.check("a heading sorts the list", tempi.every((bpm, place) => !place || bpm >= tempi[place - 1]), tempi);
  visit.check("and says so", (await page.getByRole("columnheader", { name: "Tempo" }).getAttribute("aria-sort")) === "ascending");
  await page.context().close();
}

export async function textCanBeTwiceAsLarge(visit, { tracks, track }) {
  if (!tracks) return;
  const page = await visit.open("phone", "light", { bypassCSP: true }); // the style below is none of the page's own
  await page.addStyleTag({ content: ":root { font-size: 200%; }" });
  for (const hash of ["#/now", "#/library", `#/track/${track}`, "#/map", "#/health", "#/failures", "#/playlists", "#/settings"]) {
    await go(page, hash);
    const wide = await overflow(page);
    visit.check(`${hash}, phone, text at 200 %: nothing is wider than the window`, wide <= 0, String(wide));
  }
  await page.context().close();
}

export async function longListsScroll(visit, { tracks }) {
  if (tracks < 1000) return;
  const page = await visit.open("desk");
  await go(page, "#/library");
  const gaps = await frames(page, "scrollBy(0, 400)", 120);
  console.log(`scrolling ${tracks} tracks, ms from frame to frame: ${JSON.stringify(gaps)}`);
  await settled(page);
  const rows = await page.locator(".list-body .row").count();
  visit.check("only the rows in sight are elements", rows < 120, String(rows));
  const far = await page.evaluate(() => scrollY);
  visit.check("the list goes on while one scrolls", far > 5000, String(far));
  await page.locator(".list-body .row .title a").nth(30).click();
  await page.waitForFunction(() => location.hash.startsWith("#/track/"));
  await settled(page);
  await page.goBack();
  await settled(page);
  const back = await page.evaluate(() => scrollY);
  visit.check("who comes back finds the list where it was left", Math.abs(back - far) < 1000, `${far}, then ${back}`);
  await page.locator(".list-body .row a").nth(10).focus();
  await page.keyboard.press("ArrowDown");
  visit.check("arrow keys lead from row to row", await page.evaluate(() => document.activeElement.closest(".row") !== null));
  await page.context().close();
}

export async function trackExplainsItself(visit, { tracks, track }) {
  if (!tracks) return;
  const page = await visit.open("phone");
  await go(page, `#/track/${track}`);
  const tempo = page.getByRole("button", { name: "Tempo" });
  await tempo.click();
  visit.check("a value says what it means", await page.getByText("Beats per minute").first().isVisible());
  visit.check("and that it does", (await tempo.getAttribute("aria-expanded")) === "true");
  visit.check("similar tracks are named", (await page.getByRole("region", { name: "Sounds like" }).locator("li").count()) > 0);
  await page.getByRole("button", { name: "Select", exact: true }).click();
  visit.check("a selected track is in the tray", (await page.locator("#tray").textContent()).startsWith("1 track"));
  await page.context().close();
}

export async function healthIsLookedThrough(visit, { clipped, odd }) {
  if (!clipped) return;
  const page = await visit.open("phone");
  await page.getByText("1 file changed on the disk").waitFor();
  visit.check("what rotted is said on the first view", await page.locator('main a[href="#/health?show=rotted"]').isVisible());
  await page.getByRole("navigation", { name: "Views" }).getByRole("link", { name: "Health" }).click();
  const choice = page.getByRole("list", { name: "What was found" }).getByRole("link", { name: /^Clipped/ });
  await choice.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Clipped" }).waitFor();
  await settled(page);
  const rows = page.getByRole("region", { name: "Results" }).locator(".health > li");
  visit.check("a finding is a filter in the address", new URL(page.url()).hash === "#/health?show=clipped", page.url());
  visit.check("the choice says how many tracks and that it is chosen",
    (await choice.textContent()) === `Clipped${clipped}` && (await choice.getAttribute("aria-current")) === "true");
  const before = await rows.count();
  await page.getByRole("button", { name: "Show more" }).focus();
  await page.keyboard.press("Enter");
  await rows.nth(before).waitFor();
  visit.check("more is shown when it is asked for", before < clipped && (await rows.count()) === clipped, `${before}`);
  visit.check("and the focus is on the first of it", await rows.nth(before).evaluate((row) => row.contains(document.activeElement)));
  await rows.first().locator("summary").focus();
  await page.keyboard.press("Enter");
  await page.getByText("91 runs at the ceiling").first().waitFor();
  visit.check("the evidence is in words", await page.getByText("cut flat at full level").first().isVisible());
  await page.getByRole("link", { name: "Show in the library" }).click();
  await page.getByRole("heading", { name: `${clipped} tracks` }).waitFor();
  visit.check("the library takes the finding for a filter", (await page.locator(".chips .chip").textContent()).startsWith("Clipped"));
  await go(page, `#/track/${odd}`);
  visit.check("a track shows its findings", await page.getByRole("region", { name: "Findings" }).getByText("<script>").first().isVisible());
  await page.context().close();
}

export async function evidenceIsDrawnAndReported(visit, { tracks, track, clipped }) {
  if (!tracks || clipped) return; // an invented library has no files
  const page = await visit.open("phone");
  await go(page, `#/track/${track}`);
  await page.getByText("Spectrum and waveform").click();
  const picture = page.getByRole("img", { name: /^Average level by frequency over 0:12/ });
  await picture.waitFor();
  visit.check("the spectrum of a track is drawn", ((await picture.locator("path").getAttribute("d")) ?? "").length > 1000);
  const found = await violations(page);
  visit.check("axe-core finds nothing in it", found.length === 0, found);
  const [report] = await Promise.all([page.context().waitForEvent("page"), page.getByRole("link", { name: "Report" }).click()]);
  await report.getByText("Health report").waitFor();
  const coloured = await report.locator(".curve").evaluate((curve) => getComputedStyle(curve).fill);
  visit.check("a report has its style sheet", coloured === "none", coloured);
  visit.check("and is no wider than the window", (await overflow(report)) <= 0);
  const barriers = await violations(report);
  visit.check("axe-core finds nothing in a report", barriers.length === 0, barriers);
  await page.context().close();
}

export async function duplicatesNameTheBestCopy(visit, { best }) {
  if (!best) return;
  const page = await visit.open("phone");
  await go(page, "#/health?show=duplicates");
  const copies = page.locator(".copies").first().getByRole("listitem");
  visit.check("a recording shows its copies", (await copies.count()) === 2, String(await copies.count()));
  visit.check("the best one first", (await copies.first().textContent()).includes("Best copy"), await copies.first().textContent());
  visit.check("no other is", !(await copies.nth(1).textContent()).includes("Best copy"));
  await page.context().close();
}

export async function playlistIsTakenAway(visit, { tracks }) {
  if (!tracks) return;
  const page = await visit.open("desk");
  await go(page, "#/library");
  const boxes = await page.locator(".list-body input").all();
  for (const box of boxes.slice(0, 3)) await box.check();
  await page.reload();
  await go(page, "#/playlists");
  const names = await page.locator(".numbered .grow").allTextContents();
  visit.check("a selection stays after a reload", names.length === Math.min(3, boxes.length), names);
  if (names.length > 1) {
    await page.getByRole("button", { name: /^Down:/ }).first().click();
    const moved = await page.locator(".numbered .grow").allTextContents();
    visit.check("tracks change places", moved[1] === names[0] && moved[0] === names[1], moved);
  }
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Download" }).click()]);
  const lines = readFileSync(await download.path(), "utf8").trim().split("\n");
  visit.check("the file is an extended M3U of all of them", lines[0] === "#EXTM3U" && lines.length === 1 + 2 * names.length, lines);
  await page.context().close();
}

export async function mapIsUsed(visit, { tracks, mapped }) {
  if (!mapped) return;
  const page = await visit.open("desk");
  await go(page, "#/map");
  const box = await page.locator("canvas.map").boundingBox();
  await page.locator("canvas.map").focus();
  await page.keyboard.press("+");
  await page.locator(".hint").waitFor({ state: "visible" });
  visit.check("the track in the middle is named", (await page.locator(".hint").textContent()).length > 0);
  await page.keyboard.press("-");
  await page.getByRole("button", { name: "Draw around tracks" }).click();
  const corner = (right, down) => [box.x + 4 + right * (box.width - 8), box.y + 4 + down * (box.height - 8)];
  await page.mouse.move(...corner(0, 0));
  await page.mouse.down();
  for (const [right, down] of [[1, 0], [1, 1], [0, 1]]) await page.mouse.move(...corner(right, down), { steps: 5 });
  await page.mouse.up();
  await page.locator("#tray").waitFor({ state: "visible" });
  await page.getByText(/tracks? selected/).first().waitFor();
  visit.check("a line around tracks selects them", /^\d[\d,]* track/.test(await page.locator("#tray").textContent()));
  for (const colour of ["key", "bpm", "loudness", "year", "tag"]) {
    await page.getByLabel("Colour by").selectOption(colour);
    await settled(page);
    visit.check(`the map is coloured by ${colour}`, (await page.locator("main .failure").count()) === 0);
  }
  const gaps = await frames(page, `document.querySelector("canvas.map").dispatchEvent(new WheelEvent("wheel",
    { deltaY: step < 60 ? -20 : 20, clientX: 800, clientY: 500, cancelable: true }))`, 120);
  console.log(`zooming over ${mapped} points, ms from frame to frame: ${JSON.stringify(gaps)}`);
  await page.context().close();
}

export async function hostileNamesAreText(visit, { hostile = [] }) {
  const page = await visit.open("desk");
  for (const { id, title } of hostile) {
    await go(page, `#/track/${id}`);
    const shown = await page.locator("main h1").textContent();
    const begins = title.slice(0, 20).replace(/[\u2066-\u2069]/g, "");
    visit.check(`"${begins}" is shown as text`, shown.replace(/[\u2066-\u2069]/g, "").startsWith(begins), shown.slice(0, 60));
    visit.check("and is not too long to look at", shown.length < 400, String(shown.length));
    const planted = await page.evaluate(() => document.querySelectorAll("main :is(b, i, script, img[src=x], iframe, object, marquee)").length);
    visit.check("and makes no element", planted === 0, String(planted));
  }
  await page.context().close();
}

export async function withoutScripts(visit, { tracks }) {
  const page = await visit.open("phone", "light", { javaScriptEnabled: false });
  await page.waitForURL(/\/list$/);
  const rows = await page.locator("tbody tr").count();
  visit.check("without JavaScript the library is a list", rows === Math.min(50, tracks), String(rows));
  if (tracks > 50) {
    await page.getByRole("link", { name: "Next page" }).click();
    visit.check("with pages", (await page.locator("tbody tr").count()) > 0);
  }
  await page.context().close();
}

export async function focusIsVisible(visit) {
  const page = await visit.open("desk");
  await page.waitForSelector("main h1");
  const hidden = [];
  for (let step = 0; step < 12; step += 1) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      if (document.activeElement === document.body) return { isSeen: true }; // round to the start
      const { outlineStyle, outlineWidth, stroke } = getComputedStyle(document.activeElement);
      return { name: document.activeElement.outerHTML.slice(0, 60), isSeen: (outlineStyle !== "none" && outlineWidth !== "0px") || stroke !== "none" };
    });
    if (!found.isSeen) hidden.push(found.name);
  }
  visit.check("what has the focus is seen", hidden.length === 0, hidden);
  await page.context().close();
}

export async function retryIsOffered(visit, { writable, failed }) {
  if (!writable || !failed) return;
  const page = await visit.open("desk");
  await go(page, "#/failures");
  await page.getByRole("button", { name: /^Retry/ }).first().click();
  await page.getByText("Queued again.").waitFor();
  visit.check("a track that failed is queued again", true);
  await page.context().close();
}

export async function unknownThingsAreSaid(visit) {
  const page = await visit.open("desk");
  await page.evaluate(() => (location.hash = "#/nowhere"));
  await page.getByText("There is no view").waitFor();
  visit.check("an unknown view is said", await page.getByRole("heading", { name: "Nothing here" }).isVisible());
  await page.context().close();
}

export async function itIsThereSoon(visit) {
  const page = await visit.open("phone");
  await page.waitForSelector("main h1");
  const { paint, bytes } = await page.evaluate(() => ({
    paint: Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? -1),
    bytes: performance.getEntriesByType("resource").filter(({ name }) => !name.includes("/api/")).reduce((sum, { transferSize }) => sum + transferSize, 0),
  }));
  console.log(`first paint after ${paint} ms, ${Math.round(bytes / 1000)} kB of files`);
  visit.check("the page is not larger than it may be", bytes < 150_000, String(bytes));
  await page.context().close();
}
