// What the modules of the page compute. Node runs it from a copy of their folder: tests/serve/test_page_scripts.py.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CODES, hue, keyName, neighbours } from "./js/camelot.js";
import { filled } from "./js/charts.js";
import { closed, cut } from "./js/elements.js";
import { ticks, wallWords, waveWords } from "./js/evidence.js";
import { between, ends, sentence } from "./js/filter_words.js";
import * as format from "./js/format.js";
import { m3u8 } from "./js/m3u8.js";
import { Pages } from "./js/pages.js";
import { colouring } from "./js/plot.js";
import { Camera, Points } from "./js/points.js";
import { href, read, wellFormed } from "./js/route.js";
import { tempoAlong } from "./js/timeline.js";

test("numbers have units and unknown ones are a dash", () => {
  assert.equal(format.count(9310), "9,310");
  assert.equal(format.fixed(-14.04, 1, "LUFS"), "-14.0 LUFS");
  assert.equal(format.megabytes(256 * 2 ** 20), "256 MB");
  assert.equal(format.several(1, "track"), "1 track");
  assert.equal(format.several(0, "track"), "0 tracks");
  for (const write of [format.count, format.fixed, format.megabytes, format.length, format.span, format.percent]) {
    assert.equal(write(null), "–");
  }
});

test("times are written as people say them", () => {
  assert.equal(format.length(3725.4), "1:02:05");
  assert.equal(format.length(59.6), "1:00");
  assert.equal(format.span(42), "42 s");
  assert.equal(format.span(12000), "3 h 20 min");
  assert.equal(format.span(5 * 86400), "5 days");
  assert.equal(format.ago(1000, 1030), "just now");
  assert.equal(format.ago(1000, 1000 + 300), "5 min ago");
});

test("the address of a view can be read back", () => {
  const given = { tag: ["jazz>=0.3", "a&b=#c>=0.5"], q: "100% ?", bpm: "90-110", empty: "", none: null };
  const { view, value, params } = read(href("library", given));
  assert.deepEqual([view, value], ["library", ""]);
  assert.deepEqual(params.getAll("tag"), given.tag);
  assert.equal(params.get("q"), given.q);
  assert.equal(params.has("empty") || params.has("none"), false);
  assert.deepEqual([read("#/track/12").view, read("#/track/12").value], ["track", "12"]);
  assert.equal(read("").view, "now");
});

test("text with lone surrogates can stand in an address", () => {
  assert.equal(wellFormed("a\ud800b\udcff\u{1f3b5}"), "a\ufffdb\ufffd\u{1f3b5}");
  assert.doesNotThrow(() => encodeURIComponent(href("library", { artist: "\ud800" })));
});

test("names are cut, and close each isolate that they begin", () => {
  assert.equal(cut("x".repeat(2 ** 20)).length, 301);
  assert.equal(closed("\u2067open"), "\u2067open\u2069");
  assert.equal(closed("too\u2069 often"), "too often");
  assert.equal(closed("\u2066in\u2069 order"), "\u2066in\u2069 order");
});

test("keys lie on the Camelot wheel: fifths are neighbours, and relative keys share a number", () => {
  assert.equal(new Set(CODES).size, 24);
  assert.equal(keyName("8B"), "C major");
  assert.equal(keyName("8A"), "A minor");
  assert.equal(keyName("9B"), "G major");
  assert.equal(keyName("5A"), "C minor");
  assert.deepEqual(neighbours("12A"), ["1A", "11A", "12B"]);
  assert.deepEqual(neighbours("1B"), ["2B", "12B", "1A"]);
  assert.equal(new Set(CODES.map(hue)).size, 12);
});

test("a playlist is an extended M3U in which no name makes a line of its own", () => {
  const tracks = [
    { path: "A/01 b.mp3", title: "b\n#EXTM3U", artist: "A", duration_seconds: 61.5 },
    { path: "#hash.mp3", title: null, artist: null, duration_seconds: null },
    { path: "line\nbreak.mp3", title: "x", artist: null, duration_seconds: 1 },
  ];
  assert.equal(m3u8(tracks), "#EXTM3U\n#EXTINF:62,A - b #EXTM3U\nA/01 b.mp3\n#EXTINF:-1,\n./#hash.mp3\n");
});

test("empty bins are filled in between", () => {
  assert.deepEqual(filled([{ from: 60, to: 70, count: 1 }, { from: 90, to: 100, count: 2 }]).map((bin) => [bin.from, bin.count]),
    [[60, 1], [70, 0], [80, 0], [90, 2]]);
  assert.deepEqual(filled([]), []);
});

test("the tempo along the beats is that of the gaps between them", () => {
  const beats = Array.from({ length: 65 }, (_, place) => (place < 32 ? place * 0.5 : 16 + (place - 32) * 0.4));
  const along = tempoAlong(beats);
  assert.equal(Math.round(along[0][1]), 120);
  assert.equal(Math.round(along.at(-1)[1]), 150);
  assert.deepEqual(tempoAlong([1, 2]), []);
});

test("points are found by place and by shape", () => {
  const points = new Points([7, 8, 9], [0, 0.5, 1], [0, 0.5, 1]);
  assert.equal(points.nearest(0.51, 0.5, 0.05), 1);
  assert.equal(points.nearest(0.7, 0.7, 0.05), -1);
  assert.equal(points.nearest(1, 1, 0.01), 2);
  assert.deepEqual(points.inside([[0.4, 0.4], [0.6, 0.4], [0.6, 0.6], [0.4, 0.6]]), [1]);
  assert.deepEqual([...new Points([], [], []).inside([[0, 0], [1, 0], [1, 1]])], []);
});

test("what is zoomed at stays where it is", () => {
  const camera = new Camera(800, 600);
  const before = camera.world(500, 320);
  camera.zoom(3, 500, 320);
  const after = camera.world(500, 320);
  before.forEach((value, place) => assert.ok(Math.abs(value - after[place]) < 1e-9));
});

test("values without a name are grey, and each name has a colour of its own", () => {
  const { pixels, legend } = colouring([0, 1, null, 1], { 0: "rock", 1: "jazz" }, "tag");
  assert.deepEqual(legend.map(({ name }) => name), ["jazz", "rock"]);
  assert.notEqual(pixels[0], pixels[1]);
  assert.equal(pixels[1], pixels[3]);
  assert.equal(colouring([], {}, "bpm").legend, null);
  assert.deepEqual(Object.keys(colouring([1, 2, 3], {}, "bpm").legend), ["from", "to", "colours"]);
});

test("a long list keeps few pages and reads them again by their cursors", async () => {
  const asked = [];
  const reading = async (cursor, limit) => {
    asked.push(cursor);
    const from = cursor ?? 0;
    return { tracks: Array.from({ length: limit }, (_, place) => from + place), next: from + limit < 20000 ? from + limit : null, total: 20000 };
  };
  const pages = new Pages();
  pages.resume(reading, () => {});
  for (let row = 0; row < 20000; row += 100) {
    pages.need(row, row + 50);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(pages.row(19999), 19999);
  assert.equal(pages.row(0), undefined);
  assert.equal(pages.count, 20000);
  const before = asked.length;
  pages.need(0, 10);
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([pages.row(0), asked.length, asked.at(-1)], [0, before + 1, null]);
});

test("a list that cannot be read says so and does not ask for ever", async () => {
  let asked = 0;
  const pages = new Pages();
  pages.resume(async () => {
    asked += 1;
    throw new Error("database is locked");
  }, () => {});
  for (let time = 0; time < 3; time += 1) {
    pages.need(0, 10);
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual([pages.error.message, pages.length, asked], ["database is locked", 0, 1]);
});

test("ranges are written as the API reads them, and read back", () => {
  for (const [name, low, high, text] of [["bpm", "90", "110", "90-110"], ["bpm", "90", "", "90.."], ["year", "", "1999", "..1999"],
    ["loudness", "-20", "-10", "-20..-10"]]) {
    assert.equal(between(name, low, high), text);
    assert.deepEqual(ends(text), [low, high]);
  }
  assert.deepEqual(ends(""), ["", ""]);
});

test("pictures say what they show", () => {
  assert.equal(wallWords({ wall_hz: 16021.4, wall_fall_db: 40.4 }), "falls by 40 dB within 350 Hz at 16.0 kHz");
  assert.equal(wallWords({ wall_hz: null, wall_fall_db: null }), "no hard edge");
  const channels = [{ low: [-0.5, -0.8], high: [0.5, 0.25] }];
  assert.equal(waveWords({ at_seconds: 65.5, step_seconds: 0.004, channels }), "at 1:05.500 (8 ms shown, peak 0.800 of full scale)");
  assert.deepEqual(ticks(22050), [0, 5000, 10000, 15000, 20000]);
  assert.deepEqual(ticks(96000), [0, 20000, 40000, 60000, 80000]);
});

test("filters read as a sentence", () => {
  assert.equal(sentence("bpm", "90-110"), "90 to 110 BPM");
  assert.equal(sentence("loudness", "..-14"), "up to -14 LUFS");
  assert.equal(sentence("key", "8A,9A"), "8A (A minor) or 9A (E minor)");
  assert.equal(sentence("key", "odd"), "odd");
  assert.equal(sentence("status", "partial"), "partly analyzed");
  assert.equal(sentence("genre", "Rock"), "genre: Rock");
  assert.equal(sentence("health", "dc_offset"), "DC offset");
});
