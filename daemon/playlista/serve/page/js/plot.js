// Paints the points of the map: straight into the pixels, which takes some milliseconds for 100,000 of them.

const GREY = 0xff8a8a8a;

/** A colour as a pixel of an image, from hue (degrees), saturation and lightness (0..1). */
export function pixel(hue, saturation, lightness) {
  const part = (shift) => {
    const k = (shift + hue / 30) % 12;
    return Math.round(255 * (lightness - saturation * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return ((255 << 24) | (part(4) << 16) | (part(8) << 8) | part(0)) >>> 0;
}

/** How a pixel's colour is written in CSS. */
export const css = (colour) => `rgb(${colour & 255} ${(colour >> 8) & 255} ${(colour >> 16) & 255})`;

/**
 * The colour of each value: {pixels (one for each point), legend}. The legend is [{name, colour, value}] where values have
 * names, and {from, to, colours} where they are numbers.
 */
export function colouring(values, names, kind) {
  return Object.keys(names).length ? byName(values, names, kind) : byNumber(values);
}

function byName(values, names, kind) {
  const counts = new Map();
  for (const value of values) if (value != null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const used = [...counts.keys()].sort(kind === "key" ? (a, b) => a - b : (a, b) => counts.get(b) - counts.get(a));
  const colours = new Map(used.map((value, place) => [value, kind === "key" ? keyColour(names[value]) : tagColour(place)]));
  return {
    pixels: Uint32Array.from(values, (value) => colours.get(value) ?? GREY),
    legend: used.map((value) => ({ value, name: names[value], colour: css(colours.get(value)) })),
  };
}

/** The hue of its place on the wheel; minor keys are darker. */
function keyColour(code) {
  return pixel((parseInt(code, 10) - 1) * 30, 0.65, String(code).endsWith("A") ? 0.42 : 0.6);
}

/** Neighbouring places get hues far apart. */
const tagColour = (place) => (place < 14 ? pixel((place * 137.5) % 360, 0.6, place % 2 ? 0.45 : 0.58) : GREY);

function byNumber(values) {
  const known = values.filter((value) => value != null).sort((a, b) => a - b);
  if (!known.length) return { pixels: new Uint32Array(values.length).fill(GREY), legend: null };
  const [from, to] = [known[Math.floor(known.length * 0.02)], known[Math.floor((known.length - 1) * 0.98)]];
  const colour = (share) => pixel(240 - 220 * share, 0.7, 0.5);
  const share = (value) => Math.max(0, Math.min(1, (value - from) / (to - from || 1)));
  return {
    pixels: Uint32Array.from(values, (value) => (value == null ? GREY : colour(share(value)))),
    legend: { from, to, colours: [0, 0.25, 0.5, 0.75, 1].map((at) => css(colour(at))) },
  };
}

/**
 * Paints `points` as discs. `pixels` are their colours; where `isLit(place)` is given, the others are painted first and
 * faintly. `ratio` is how many pixels of the canvas one of the page has.
 */
export function paint(context, points, camera, { pixels, isLit, ratio }) {
  const { width, height } = context.canvas;
  if (!width || !height) return;
  const image = context.createImageData(width, height);
  const buffer = new Uint32Array(image.data.buffer);
  const radius = Math.round(Math.min(7, sizeOf(points.length) + Math.log2(camera.scale / camera.least) * 0.9) * ratio);
  const disc = discOf(radius, width);
  if (!isLit) dots({ buffer, width, height }, points, camera, { pixels, radius, disc, ratio });
  else {
    dots({ buffer, width, height }, points, camera, { pixels, radius, disc, ratio, skip: isLit, faint: true });
    dots({ buffer, width, height }, points, camera, { pixels, radius: radius + 1, disc: discOf(radius + 1, width), ratio, skip: (place) => !isLit(place) });
  }
  context.putImageData(image, 0, 0);
}

/** Fewer points are larger. */
const sizeOf = (count) => Math.max(1, Math.min(6, 200 / Math.sqrt(count + 1)));

function discOf(radius, width) {
  const offsets = [];
  for (let y = -radius; y <= radius; y += 1) {
    for (let x = -radius; x <= radius; x += 1) if (x * x + y * y <= radius * radius + radius) offsets.push(y * width + x);
  }
  return Int32Array.from(offsets);
}

function dots({ buffer, width, height }, points, camera, { pixels, radius, disc, ratio, skip, faint }) {
  const scale = camera.scale * ratio;
  const [left, top] = [width / 2 - camera.x * scale, height / 2 - camera.y * scale];
  const { x, y, length } = points;
  for (let place = 0; place < length; place += 1) {
    const column = Math.round(x[place] * scale + left);
    const row = Math.round(y[place] * scale + top);
    if (column < radius || row < radius || column >= width - radius || row >= height - radius || skip?.(place)) continue;
    const at = row * width + column;
    const colour = faint ? (pixels[place] & 0xffffff) | 0x30000000 : pixels[place];
    for (let offset = 0; offset < disc.length; offset += 1) buffer[at + disc[offset]] = colour;
  }
}
